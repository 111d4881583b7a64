import Foundation
import Glibc
import TestSupport
import Testing

/// The launcher of server programs, tested without the gateway.
@Suite struct TestServerTests {
    private static let arguments = ["-c", "$FOLDER/broker.conf"]
    private static let files = ["broker.conf": "listener $PORT 127.0.0.1\nuser root\nallow_anonymous true\n"]

    @Test(arguments: [0, 1])
    func `A server comes back on its port after its death and after its end`(way: Int) async throws {
        let readiness: TestServer.Readiness = way == 0 ? .accepts : .prints(" running")
        let server = try await TestServer.started("mosquitto", Self.arguments, files: Self.files, readiness: readiness)
        for _ in 0..<2 {
            try await eventually("the server") { await accepts(port: server.port) }
            if way == 0 { await server.kill() } else { try await server.stop() }
            #expect(await !accepts(port: server.port))
            try await server.start()
        }
        #expect(await server.output.components(separatedBy: " starting").count == 4, "all its lives are told")
    }

    @Test func `A server that nobody holds any more is gone with its folder`() async throws {
        var server: TestServer? = try await TestServer.started("mosquitto", Self.arguments, files: Self.files)
        let port = try #require(server?.port)
        let folder = try #require(server?.folder.path)
        #expect(FileManager.default.fileExists(atPath: folder))
        server = nil
        try await eventually("its end") { !FileManager.default.fileExists(atPath: folder) }
        #expect(await !accepts(port: port))
    }

    @Test func `A server that ends instead of starting says why`() async throws {
        let files = ["broker.conf": "nonsense 1\n"]
        let failure = try await #require(throws: Failure.self) {
            try await TestServer.started("mosquitto", Self.arguments, files: files)
        }
        #expect(failure.description.contains("nonsense"))
    }

    @Test func `A program that is not installed is a failure`() async throws {
        await #expect(throws: Failure.self) { try await TestServer("no-such-server", []) }
    }

    @Test func `What prepares a server runs as its user, in its folder, and fails with what it says`() async throws {
        let server = try await TestServer("mosquitto", Self.arguments, files: Self.files, user: "daemon")
        let user = try await server.run("id", ["-un"])
        #expect(geteuid() != 0 || user == "daemon")
        #expect(try await server.run("cat", ["broker.conf"]).hasPrefix("listener \(server.port) "))
        #expect(try await server.run("sh", ["-c", "echo made >new; cat $FOLDER/new"]) == "made")
        let failure = try await #require(throws: Failure.self) {
            try await server.run("sh", ["-c", "echo no room >&2; exit 3"])
        }
        #expect(failure.description.contains("ended with 3") && failure.description.contains("no room"))
    }
}
