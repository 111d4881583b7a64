import ClientEndpoints
import Foundation
import TestSupport
import Testing

@testable import LoadGenerator

@Suite("The load generator over wss", .timeLimit(.minutes(2)))
struct LoadTLSTests {
    @Test(
        arguments: [LoadRun.Mode.closed(open: 4), .paced(rate: 500), .idle, .storm], [false, true])
    func `Charge points do in every mode over wss what they do over ws`(mode: LoadRun.Mode, mostTLS12: Bool)
        async throws
    {
        try await withServer { port, certificate in
            let trust = ClientTLS.Trust.file(certificate.file)
            var plan = try plan(port: port, mode, trust: trust, mostTLS12: mostTLS12)
            plan.rounds = 2
            let report = try await LoadRun(plan).run { _ in }
            #expect(report.rounds.map(\.upgraded) == [6, 6])
            #expect(report.rounds.map(\.refused) == [0, 0])
            switch mode {
            case .closed, .paced: #expect(report.roundTrips > 0)
            case .idle, .storm: #expect(report.roundTrips == 0)
            }
            #expect(report.unanswered == 0)
            #expect(report.lostConnections == 0)
        }
    }

    @Test
    func `A certificate of nobody who is trusted lets nobody connect, and the reason is told`() async throws {
        try await withServer { port, _ in
            let plan = try plan(port: port, .storm, trust: .system)
            let failure = try await #require(throws: LoadRun.Failure.self) { try await LoadRun(plan).run { _ in } }
            #expect(failure.description.contains("CERTIFICATE_VERIFY_FAILED"))
        }
    }

    @Test
    func `Who trusts anybody connects`() async throws {
        try await withServer { port, _ in
            let report = try await LoadRun(try plan(port: port, .storm, trust: .anybody)).run { _ in }
            #expect(report.rounds.map(\.upgraded) == [6])
        }
    }

    @Test(arguments: ["/nowhere/ca.pem", "/dev/null"])
    func `A file without certificates is refused by its name`(path: String) throws {
        let refusal = try #require(throws: ClientTLS.NoAuthorities.self) {
            try ClientTLS(host: "127.0.0.1", trust: .file(path), mostTLS12: false)
        }
        #expect(refusal.description.contains(path))
    }

    @Test
    func `wss has a port of its own`() throws {
        let endpoint = try CentralSystemEndpoint(url: "wss://gateway.example/ocpp")
        #expect(endpoint.usesTLS)
        #expect(endpoint.port == 443)
    }

    // MARK: The other side

    private func plan(
        port: Int, _ mode: LoadRun.Mode, trust: ClientTLS.Trust, mostTLS12: Bool = false
    ) throws -> LoadRun.Plan {
        let endpoint = try CentralSystemEndpoint(
            url: "wss://127.0.0.1:\(port)\(EchoServer.path)")
        let target = try LoadTarget(endpoint: endpoint, trust: trust, mostTLS12: mostTLS12)
        var plan = LoadRun.Plan(mode: mode, target: target, count: 6)
        plan.threads = 2
        plan.warmUp = .zero
        plan.settle = .zero
        plan.duration = .seconds(30)
        plan.patience = .seconds(30)
        plan.isEnough = {
            switch mode {
            case .closed, .paced: $0.answered > 0
            case .idle, .storm: true
            }
        }
        return plan
    }

    /// An echo with a certificate of its own for 127.0.0.1, made with the `openssl` command.
    private func withServer(_ body: (Int, (file: String, key: String)) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "load-tls-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try CertificateMaker.make(in: folder, "alone server subjectAltName=IP:127.0.0.1")
        let certificate = (
            file: folder.appending(path: "server.pem").path, key: folder.appending(path: "server.key").path
        )
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = Task {
            defer { listening.finish() }
            try await EchoServer.run(certificate: certificate) { listening.yield($0) }
        }
        defer { server.cancel() }
        try await body(try #require(await ports.first { _ in true }), certificate)
    }
}
