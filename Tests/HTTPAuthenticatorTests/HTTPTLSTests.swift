import BackendHTTPClient
import CredentialChecking
import Foundation
import TestSupport
import Testing

/// `ssl.*` of the client that asks HTTP servers and fetches key sets.
@Suite struct HTTPTLSTests {
    private let folder: URL

    /// Certificates, made once for all tests.
    private static let folder = Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "http-tls-\(UUID())")
        try CertificateMaker.make(
            in: folder,
            #"""
            root ca
            root other
            signed server ca server "$localhost"
            signed elsewhere ca elsewhere 'subjectAltName=DNS:elsewhere.example\n'
            signed gateway ca gateway "$client"
            encrypted gateway
            """#)
        return folder
    }

    init() throws {
        folder = try Self.folder.get()
    }

    private func file(_ name: String) -> URL { folder.appending(path: name) }

    private func server(_ name: String = "server", asksForCertificate: Bool = false) throws -> HTTPServer {
        try HTTPServer(
            tls: [file("\(name).pem"), file("\(name).key")] + (asksForCertificate ? [file("ca.pem")] : []))
    }

    private var trusting: BackendTLS {
        var tls = BackendTLS(isEnabled: true)
        tls.caFile = file("ca.pem").path()
        return tls
    }

    /// What the server has heard; nil: it could not be asked.
    private func ask(_ server: HTTPServer, at host: String = "localhost", _ tls: BackendTLS) async throws
        -> HTTPServer.Request?
    {
        let client = try BackendHTTPClient(
            url: try #require(BackendURL("https://\(host):\(server.port)/")), tls: tls, poolSize: 1,
            connectTimeout: .seconds(60), requestTimeout: .seconds(60))
        var request: HTTPServer.Request?
        do throws(BackendFailure) {
            _ = try await client.send(.GET, target: "/?clientid=CP-1", headers: [], bodyLimit: 1000)
            request = try? server.request()
        } catch {
            #expect(error.kind == .unreachable, "\(error)")
        }
        await client.shutDown()
        return request
    }

    @Test func `A server must have a certificate of a known authority for its name`() async throws {
        let server = try server()
        #expect(try await ask(server, trusting)?.serverName == "localhost")
        #expect(try await ask(server, at: "127.0.0.1", trusting) != nil)
        var tls = trusting
        tls.caFile = file("other.pem").path()
        #expect(try await ask(server, tls) == nil)
        tls.caFile = nil
        #expect(try await ask(server, tls) == nil)
        tls.verifiesPeer = false
        #expect(try await ask(server, tls) != nil)
    }

    @Test func `Another name is asked for and checked where that is set`() async throws {
        let server = try server("elsewhere")
        var tls = trusting
        #expect(try await ask(server, tls) == nil)
        tls.serverName = .named("elsewhere.example")
        let request = try await ask(server, tls)
        #expect(request?.serverName == "elsewhere.example")
        #expect(request?.headers["host"] == "localhost:\(server.port)")
        tls.serverName = .named("another.example")
        #expect(try await ask(server, tls) == nil)
    }

    @Test func `With disable no name is sent and none checked but the authority still is`() async throws {
        let server = try server("elsewhere")
        var tls = trusting
        tls.serverName = .disabled
        let request = try #require(try await ask(server, tls))
        #expect(request.serverName == nil)
        #expect(request.headers["host"] == "localhost:\(server.port)")
        tls.caFile = file("other.pem").path()
        #expect(try await ask(server, tls) == nil)
        #expect(try await ask(server, at: "nowhere.invalid", tls) == nil)
    }

    @Test func `Nobody waits for the writer of a pipe that stands for a file`() throws {
        let pipe = file("pipe-\(UUID())").path()
        #expect(mkfifo(pipe, 0o600) == 0)
        let url = try #require(BackendURL("https://localhost:1/"))
        for change: (inout BackendTLS) -> Void in [
            { $0.caFile = pipe }, { $0.certificateFile = pipe },
            { ($0.certificateFile, $0.keyFile) = (self.file("gateway.pem").path(), pipe) },
        ] {
            var tls = trusting
            change(&tls)
            #expect(throws: BackendTLS.FileFailure(path: pipe, reason: "it is no regular file")) {
                try BackendHTTPClient(
                    url: url, tls: tls, poolSize: 1, connectTimeout: .seconds(60), requestTimeout: .seconds(60))
            }
        }
    }

    @Test(arguments: ["gateway.key", "gateway-encrypted.key"])
    func `A server that wants one gets the gateways certificate`(key: String) async throws {
        let server = try server(asksForCertificate: true)
        var tls = trusting
        #expect(try await ask(server, tls) == nil)
        tls.certificateFile = file("gateway.pem").path()
        tls.keyFile = file(key).path()
        tls.keyPassword = "key-secret"
        #expect(try await ask(server, tls) != nil)
    }
}
