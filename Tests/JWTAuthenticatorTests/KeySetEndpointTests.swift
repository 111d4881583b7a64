import Authentication
import CredentialChecking
import Foundation
import Logging
import SpawnedProcess
import Synchronization
import Testing

@testable import JWTAuthenticator

/// A folder served over HTTP by Python.
private final class FolderServer: Sendable {
    let port: Int
    let folder: URL
    private let process: SpawnedProcess

    /// - Parameter script: of `Resources`: it serves instead of Python's own server.
    init(folder: URL, script: String? = nil) throws {
        self.folder = folder
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        process = SpawnedProcess()
        let output = Pipe()
        process.executableURL = package.appending(path: ".build/python/bin/python")
        let own = script.map { [package.appending(path: "Tests/JWTAuthenticatorTests/Resources/\($0)").path()] }
        process.arguments = ["-u"] + (own ?? ["-m", "http.server", "--bind", "127.0.0.1", "0"])
        process.currentDirectoryURL = folder
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // "Serving HTTP on 127.0.0.1 port 40123 (http://…".
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        self.port = words.firstIndex(of: "port").flatMap { Int(words[$0 + 1]) } ?? 0
    }

    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    deinit { kill() }
}

@Suite struct KeySetEndpointTests {
    private func authenticator(port: Int) async throws -> JWTAuthenticator {
        var settings = JWTAuthenticatorSettings(
            keys: .endpoint(
                url: "http://127.0.0.1:\(port)/keys.json", headers: [], refreshInterval: .seconds(300)))
        settings.requestTimeout = .seconds(60)
        settings.verifyClaims = [(name: "sub", value: "${clientid}")]
        return try await JWTAuthenticator(settings, now: { 1000 }, logger: Logger(label: "test"))
    }

    private func credentials(_ token: String) -> Credentials {
        Credentials(
            identity: "CP1", userName: "CP1", password: Array(token.utf8), peerHost: "::1", listener: "ocpp:ws:default")
    }

    @Test func `Keys come from the endpoint, and the last good set stays while it is away`() async throws {
        let tokens = try TestTokens.made.get()
        let folder = FileManager.default.temporaryDirectory.appending(path: "jwks-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let set = try tokens.keySet(["ES256", "RS256"]) { algorithm, key in key["kid"] = "id-" + algorithm }
        try Data(set).write(to: folder.appending(path: "keys.json"))
        let server = try FolderServer(folder: folder)
        let authenticator = try await authenticator(port: server.port)
        let token = try #require(tokens["ES256"]).tokenWithID
        let good = BackendVerdict.accept(userName: "CP1", expiry: 2000, securityProfile: nil)
        #expect(try await authenticator.verdict(for: credentials(token)) == good)
        server.kill()
        #expect(try await authenticator.verdict(for: credentials(#require(tokens["RS256"]).tokenWithID)) == good)
        #expect(
            try await authenticator.verdict(for: credentials(#require(tokens["ES384"]).tokenWithID))
                == .deny(reason: "the token's kid is not in the key set"))
        await authenticator.shutDown()
    }

    /// Attack: tokens with invented `kid`s took all places before the backend while the endpoint hung, and with a pause
    /// that began with the fetch there was always another one to wait for.
    @Test func `While the endpoint hangs one unknown kid waits, and known ones never do`() async throws {
        let tokens = try TestTokens.made.get()
        let folder = FileManager.default.temporaryDirectory.appending(path: "jwks-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (keys, hang) = (folder.appending(path: "keys.json"), folder.appending(path: "hang"))
        func say(_ algorithms: [String]) throws {
            let set = try tokens.keySet(algorithms) { algorithm, key in key["kid"] = "id-" + algorithm }
            try Data(set).write(to: keys, options: .atomic)
        }
        func questions() -> Int { (try? Data(contentsOf: folder.appending(path: "asked")).count) ?? 0 }
        try say(["ES256"])
        let server = try FolderServer(folder: folder, script: "hanging_endpoint.py")
        var settings = JWTAuthenticatorSettings(
            keys: .endpoint(
                url: "http://127.0.0.1:\(server.port)/keys.json", headers: [], refreshInterval: .seconds(300)))
        settings.requestTimeout = .seconds(280)
        let passed = Mutex(Duration.zero)
        let start = ContinuousClock.now
        let endpoint = try KeySetEndpoint(
            settings, now: { start + passed.withLock { $0 } }, logger: Logger(label: "test"))
        func isKnown(_ algorithm: String) async throws -> Bool {
            let candidates = try await endpoint.candidates(id: "id-" + algorithm, algorithm: algorithm)
            return if case .keys = candidates { true } else { false }
        }
        #expect(try await isKnown("ES256"))
        #expect(try await !isKnown("ES384"))
        #expect(questions() == 2)
        #expect(try await !isKnown("ES384"))
        #expect(questions() == 2)

        passed.withLock { $0 = .seconds(11) }
        try Data().write(to: hang)
        async let waiting = isKnown("ES384")
        while questions() < 3 { try await Task.sleep(for: .milliseconds(5)) }
        for _ in 0..<20 {
            await #expect {
                _ = try await isKnown("RS256")
            } throws: {
                let failure = $0 as? BackendFailure
                return failure?.kind == .nonsense && failure?.retryAfter == 1
            }
            #expect(try await isKnown("ES256"))
        }
        #expect(questions() == 3)

        passed.withLock { $0 = .seconds(100) }
        try say(["ES256", "ES384"])
        try FileManager.default.removeItem(at: hang)
        #expect(try await waiting)
        // The pause begins with the end of a fetch.
        passed.withLock { $0 = .seconds(109) }
        #expect(try await !isKnown("RS256"))
        #expect(questions() == 3)
        passed.withLock { $0 = .seconds(110) }
        #expect(try await !isKnown("RS256"))
        #expect(questions() == 4)
        await endpoint.shutDown()
    }

    @Test func `A key that comes just after the set was fetched is fetched for the first token that names it`()
        async throws
    {
        let tokens = try TestTokens.made.get()
        let folder = FileManager.default.temporaryDirectory.appending(path: "jwks-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func say(_ algorithms: [String]) throws {
            let set = try tokens.keySet(algorithms) { algorithm, key in key["kid"] = "id-" + algorithm }
            try Data(set).write(to: folder.appending(path: "keys.json"), options: .atomic)
        }
        try say(["ES256"])
        let server = try FolderServer(folder: folder)
        let authenticator = try await authenticator(port: server.port)
        let good = BackendVerdict.accept(userName: "CP1", expiry: 2000, securityProfile: nil)
        #expect(try await authenticator.verdict(for: credentials(#require(tokens["ES256"]).tokenWithID)) == good)
        try say(["ES256", "ES384"])
        #expect(try await authenticator.verdict(for: credentials(#require(tokens["ES384"]).tokenWithID)) == good)
        await authenticator.shutDown()
    }

    @Test func `Without a key set nobody is let in and nobody turned away for good`() async throws {
        let tokens = try TestTokens.made.get()
        let folder = FileManager.default.temporaryDirectory.appending(path: "jwks-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try FolderServer(folder: folder)
        let authenticator = try await authenticator(port: server.port)
        let token = try #require(tokens["ES256"]).tokenWithID
        await #expect(throws: BackendFailure(.nonsense, reason: "the JWKS endpoint said 404")) {
            try await authenticator.verdict(for: credentials(token))
        }
        await authenticator.shutDown()
    }
}
