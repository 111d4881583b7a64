import Foundation
import NIOCore
import NIOSSL
import Testing

@testable import WebSocketFrontEnd

@Suite("Reloading the TLS files of a listener", .timeLimit(.minutes(2)))
struct TLSReloadTests {
    private let certificates: TestCertificates
    private let folder: URL

    init() throws {
        certificates = try TestCertificates.shared.get()
        folder = certificates.folder.appending(path: "reload-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func put(_ name: String, as other: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: certificates.path(name)))
        try bytes.write(to: folder.appending(path: other), options: .atomic)
    }

    /// A listener whose files are copies that a test may replace.
    private func listener(_ change: (inout TLSOptions) -> Void = { _ in }) throws -> ListenerConfiguration {
        try put("server.pem", as: "cert.pem")
        try put("server.key", as: "key.pem")
        return RunningListener.configuration {
            var options = TLSOptions(
                certificateFile: folder.appending(path: "cert.pem").path,
                keyFile: folder.appending(path: "key.pem").path)
            change(&options)
            $0.tls = options
        }
    }

    /// The subject of the certificate that a new connection is shown.
    private func shown(_ running: RunningListener) async throws -> String {
        let (client, _) = try await running.connected(tls: try certificates.client())
        let certificate = try await client.channel.eventLoop.submit { [channel = client.channel] in
            try channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self).peerCertificate
        }.get()
        return "\(try #require(certificate))"
    }

    @Test
    func `The next handshake gets the new certificate, and open connections go on`() async throws {
        try await RunningListener.run(listener()) { running in
            let (open, session) = try await running.connected(tls: try certificates.client())
            #expect(try await shown(running).contains("server2") == false)
            try put("server2.pem", as: "cert.pem")
            try put("server2.key", as: "key.pem")
            try running.listener.reloadCertificates()
            #expect(try await shown(running).contains("server2"))
            try await open.send(bytes: RawClient.text("still here"))
            #expect(try await session.events.next() == .text("still here"))
        }
    }

    @Test
    func `With a bad new file the old certificate stays in use`() async throws {
        try await RunningListener.run(listener()) { running in
            try put("server2.pem", as: "cert.pem")
            #expect(throws: TLSProblems.self) { try running.listener.reloadCertificates() }
            #expect(try await shown(running).contains("server2") == false)
            try Data("no certificate".utf8).write(to: folder.appending(path: "cert.pem"))
            #expect(throws: TLSProblems.self) { try running.listener.reloadCertificates() }
            #expect(try await shown(running).contains("server2") == false)
        }
    }

    @Test
    func `A file that has changed is seen once it is at rest, once, and whether or not it could be used`() async throws
    {
        try await RunningListener.run(listener()) { running in
            let listener = running.listener
            #expect(!listener.haveCertificatesChanged() && !listener.haveCertificatesChanged())
            try put("server2.pem", as: "cert.pem")
            #expect(!listener.haveCertificatesChanged(), "it may be in the middle of being written")
            try put("server2.key", as: "key.pem")
            #expect(!listener.haveCertificatesChanged())
            #expect(listener.haveCertificatesChanged())
            try listener.reloadCertificates()
            #expect(!listener.haveCertificatesChanged() && !listener.haveCertificatesChanged())
            try FileManager.default.removeItem(at: folder.appending(path: "key.pem"))
            _ = listener.haveCertificatesChanged()
            #expect(listener.haveCertificatesChanged())
            #expect(throws: TLSProblems.self) { try listener.reloadCertificates() }
            #expect(!listener.haveCertificatesChanged())
        }
    }

    @Test
    func `A revocation list that is replaced holds from the next handshake on, for resumed TLS sessions too`()
        async throws
    {
        try put("ca.pem", as: "ca.pem")
        try put("all.crl", as: "crl.pem")
        let configuration = try listener {
            $0.authorityFile = folder.appending(path: "ca.pem").path
            $0.revocationFile = folder.appending(path: "crl.pem").path
            $0.verifiesPeer = true
        }
        try await RunningListener.run(configuration) { running in
            let client = try certificates.client(certificate: "CP1")
            _ = try await running.connected(tls: client)
            // No list of the authority any more: nobody can be vouched for.
            try put("middle.crl", as: "crl.pem")
            try running.listener.reloadCertificates()
            let refused = try await running.client(tls: client)
            #expect(try await refused.closedByServer())
            #expect(try await running.admission.refusals.next().reason.contains("no revocation list"))
        }
    }
}
