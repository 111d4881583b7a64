import ClientEndpoints
import Foundation
import NIOSSL
import TestSupport
import Testing

@testable import ChargePointSimulator

@Suite("Charge points over TLS", .timeLimit(.minutes(1)))
struct FleetTLSTests {
    @Test func `A charge point connects where the certificate is of somebody whom it trusts`() async throws {
        try await withServer { port, certificate in
            let fleet = Fleet(try plan(port, trust: .file(certificate)))
            await fleet.start()
            try await eventually { fleet.snapshot.connected == 1 }
            await fleet.stop()
            #expect(fleet.snapshot.attemptsFailed == 0)
        }
    }

    @Test func `Nobody connects where the certificate is of nobody whom it trusts, and the reason is told`()
        async throws
    {
        try await withServer { port, _ in
            let fleet = Fleet(try plan(port, trust: .system))
            await fleet.start()
            try await eventually { fleet.snapshot.attemptsFailed >= 1 }
            #expect(fleet.snapshot.lastFailure?.contains("CERTIFICATE_VERIFY_FAILED") == true)
            #expect(fleet.snapshot.connections == 0)
            await fleet.stop()
        }
    }

    private func plan(_ port: Int, trust: ClientTLS.Trust) throws -> Fleet.Plan {
        Fleet.Plan(
            endpoint: try CentralSystemEndpoint(url: "wss://127.0.0.1:\(port)/ocpp"),
            tls: try ClientTLS(host: "127.0.0.1", trust: trust), count: 1, pace: LifePace(timeScale: 2_000))
    }

    /// Looks every 10 ms; the time limit of the suite ends what never becomes true.
    private func eventually(_ condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(10)) }
    }

    /// A central system with a certificate of its own for 127.0.0.1.
    private func withServer(_ body: (_ port: Int, _ certificate: String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "simulator-tls-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try CertificateMaker.make(in: folder, "alone server subjectAltName=IP:127.0.0.1")
        let certificate = folder.appending(path: "server.pem").path
        let chain = try NIOSSLCertificate.fromPEMFile(certificate).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: folder.appending(path: "server.key").path, format: .pem)
        let server = WebSocketCentralSystem(
            tls: try NIOSSLContext(
                configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))))
        try await body(try await server.start(), certificate)
        await server.stop()
    }
}
