import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Testing

/// Issue 4, as a whole gateway shows it: `wss` with a client library that is not ours, reload, hostile clients.
@Suite struct TLSTests {
    private func connect(_ identity: String, port: Int, tls: NIOSSLContext) async throws -> ChargePointClient {
        var settings = ChargePointClient.Settings()
        settings.tls = tls
        return try await ChargePointClient.connect(port: port, identity: identity, settings: settings)
    }

    private func certificate(of chargePoint: ChargePointClient) async throws -> String {
        "\(try #require(try await chargePoint.peerCertificate))"
    }

    @Test func `The Python library charges over TLS with Basic credentials`() async throws {
        let files = try CertificateFolder()
        try await withSite(files.settings()) { site in
            let port = try await site.gateway.port(listener: "wss:tls")
            try await PythonChargePoint.chargeOnce(
                at: site, url: "wss://localhost:\(port)/ocpp/PY-1",
                arguments: ["--ca", files.path("ca.pem"), "--user", "PY-1", "--password", "s3cr3t-w0rd"])
            #expect(!site.gateway.child.output.contains("s3cr3t-w0rd"))
        }
    }

    @Test func `The Python library charges over TLS with a client certificate and nobody without one`() async throws {
        let files = try CertificateFolder()
        let settings = files.settings([
            "VERIFY": "verify_peer", "FAIL_IF_NO_PEER_CERT": "true", "CACERTFILE": files.path("ca.pem"),
            "IDENTITY_FROM_CERT": "cn",
        ])
        try await withSite(settings) { site in
            let port = try await site.gateway.port(listener: "wss:tls")
            let certificate = [
                "--ca", files.path("ca.pem"), "--cert", files.path("PY-1.pem"), "--key", files.path("PY-1.key"),
            ]
            try await PythonChargePoint.chargeOnce(
                at: site, url: "wss://localhost:\(port)/ocpp/PY-1", arguments: certificate)
            let stranger = try await PythonChargePoint.start(
                url: "wss://localhost:\(port)/ocpp/PY-2", arguments: certificate)
            #expect(try await stranger.exit().code != 0)
            try await site.gateway.log("the certificate of another") {
                $0.message == "handshake refused"
                    && $0.mentions("PY-2", "401", #"the client certificate's CN is \"PY-1\", not the identity"#)
            }
            let nobody = try await PythonChargePoint.start(
                url: "wss://localhost:\(port)/ocpp/PY-1", arguments: ["--ca", files.path("ca.pem")])
            #expect(try await nobody.exit().code != 0)
            try await site.gateway.log("no certificate") {
                $0.message == "handshake refused" && $0.mentions("the client shows no certificate")
            }
        }
    }

    @Test func `A reload under 500 open sessions drops none and the next handshake gets the new certificate`()
        async throws
    {
        let files = try CertificateFolder()
        try await withSite(files.settings(), weight: Slots.all) { site in
            let port = try await site.gateway.port(listener: "wss:tls")
            let tls = try files.client()
            var chargePoints: [ChargePointClient] = []
            for number in 0..<500 {
                chargePoints.append(try await connect("TLS-\(number)", port: port, tls: tls))
            }
            #expect(try await certificate(of: chargePoints[0]).contains("server2") == false)
            try files.put("server2")
            site.gateway.child.send(signal: SIGHUP)
            try await site.gateway.log("the reload") { $0.message == "certificates reloaded" }
            let newcomer = try await connect("TLS-NEW", port: port, tls: tls)
            #expect(try await certificate(of: newcomer).contains("server2"))
            for chargePoint in chargePoints {
                #expect(chargePoint.isOpen)
            }
            for chargePoint in [chargePoints[0], chargePoints[250], chargePoints[499]] {
                _ = try await chargePoint.call("Heartbeat")
            }
            #expect(!site.gateway.child.output.contains("disconnected"))
        }
    }

    @Test func `Certificates that change are read by themselves and a bad file keeps the old`() async throws {
        let files = try CertificateFolder()
        try await withSite(files.settings()) { site in
            let port = try await site.gateway.port(listener: "wss:tls")
            let tls = try files.client()
            try files.putNonsense()
            let line = try await site.gateway.log("the refusal") { $0.mentions("certificates not reloaded") }
            #expect(line.fields["level"]?.lowercased() == "error" && line.mentions("ssl_options.certfile"))
            let old = try await connect("TLS-1", port: port, tls: tls)
            #expect(try await certificate(of: old).contains("server2") == false)
            try files.put("server2")
            try await site.gateway.log("the reload") { $0.message == "certificates reloaded" }
            let new = try await connect("TLS-2", port: port, tls: tls)
            #expect(try await certificate(of: new).contains("server2"))
            #expect(old.isOpen)
        }
    }

    @Test func `Half TLS handshakes are closed in time with memory bounded while others are served`() async throws {
        let files = try CertificateFolder()
        let settings = files.settings(["HANDSHAKE_TIMEOUT": "5s"])
        try await withSite(settings, weight: Slots.all) { site in
            let port = try await site.gateway.port(listener: "wss:tls")
            let tls = try files.client()
            let served = try await connect("TLS-1", port: port, tls: tls)
            let before = site.gateway.child.residentBytes
            // The beginning of a ClientHello; half of them nothing at all.
            let hello: [UInt8] = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3]
            var open: [any Channel] = []
            for number in 0..<1000 {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: port).get()
                if number.isMultiple(of: 2) { try await channel.writeAndFlush(ByteBuffer(bytes: hello)) }
                open.append(channel)
            }
            _ = try await served.call("Heartbeat")
            #expect(site.gateway.child.residentBytes - before < 100 * 1024 * 1024)
            for channel in open { try await channel.closeFuture.get() }
            _ = try await served.call("Heartbeat")
            try await site.gateway.log("the time-out") { $0.mentions("handshake refused", "TLS handshake time-out") }
        }
    }
}
