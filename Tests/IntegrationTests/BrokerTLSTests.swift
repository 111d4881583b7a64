import Foundation
import TestSupport
import Testing

/// `mqtts://` with the system's authorities, which is what a broker in a cloud needs. OpenSSL takes them from where
/// `SSL_CERT_FILE` says.
@Suite struct BrokerTLSTests {
    @Test(arguments: ["shared", "per_charge_point"])
    func `The link comes back with the systems authorities`(sessions: String) async throws {
        let certificates = try CertificateFolder()
        let port = try freePort()
        let broker = try await TestBroker.start(extraConfiguration: [
            "listener \(port) 127.0.0.1", "certfile \(certificates.path("server.pem"))",
            "keyfile \(certificates.path("server.key"))",
        ])
        let settings = [
            "BROKER_URL": "mqtts://localhost:\(port)", "BROKER_SESSIONS": sessions, "BROKER_CONNECTIONS": "2",
            "SSL_CERT_FILE": certificates.path("ca.pem"), "SSL_CERT_DIR": "/nonexistent",
        ]
        try await withSite(settings, broker: broker) { site in
            let chargePoint = try await site.connectReady()
            for _ in 0..<2 {
                #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
                await site.broker.kill()
                try await site.broker.start()
            }
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            #expect(site.gateway.logLines.contains { $0.message == "broker link down" })
            #expect(!site.gateway.logLines.contains { $0.mentions("Invalid function arguments") })
        }
    }
}
