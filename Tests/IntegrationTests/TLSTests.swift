import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import TestSupport
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

    /// The Kelvin sign for a K, and an accent by itself: the same text to Swift, and other bytes.
    @Test(arguments: [("CPK1", "CP\u{212A}1"), ("CP\u{E9}1", "CPe\u{301}1")])
    func `A certificate lets in the identity with the bytes of its name and none that only looks the same`(
        one: String, other: String
    ) async throws {
        try #require(one == other && Array(one.utf8) != Array(other.utf8))
        let files = try CertificateFolder()
        try CertificateMaker.make(
            in: URL(filePath: files.path("ca.pem")).deletingLastPathComponent(),
            #"""
            named() {
                key "$1"; openssl req -new -utf8 -key "$1.key" -subj "/CN=$2" -out "$1.csr"
                printf "$client" >"$1.ext"; ca ca -batch -in "$1.csr" -out "$1.pem" -notext -extfile "$1.ext"
            }
            named one '\#(one)'; named other '\#(other)'
            """#)
        let settings = files.settings([
            "VERIFY": "verify_peer", "FAIL_IF_NO_PEER_CERT": "true", "CACERTFILE": files.path("ca.pem"),
            "IDENTITY_FROM_CERT": "cn",
        ])
        try await withSite(settings) { site in
            let port = try await site.gateway.port(listener: "wss:tls")
            var chargePoints: [ChargePointClient] = []
            for (name, own, foreign) in [("one", one, other), ("other", other, one)] {
                let tls = try files.client(as: name)
                for path in [Self.escaped(foreign), foreign] {
                    var settings = ChargePointClient.Settings()
                    settings.tls = tls
                    let (stranger, answer) = try await ChargePointClient.open(
                        port: port, identity: path, settings: settings)
                    #expect(answer.status == 401, "\(path) with the certificate of \(own)")
                    await stranger.cut()
                }
                chargePoints.append(try await connect(Self.escaped(own), port: port, tls: tls))
            }
            // They are two, and neither has ended the other's session.
            for chargePoint in chargePoints { #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3) }
            #expect(chargePoints.allSatisfy { $0.isOpen })
            let topics = Set(site.central.received.all.map { Array($0.topic.utf8) })
            #expect(topics == [Array("ocpp/cp/\(one)".utf8), Array("ocpp/cp/\(other)".utf8)])
        }
    }

    private static func escaped(_ identity: String) -> String {
        identity.utf8.map { $0 < 0x80 ? String(UnicodeScalar($0)) : "%" + String($0, radix: 16) }.joined()
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
                    .connectTimeout(.minutes(2))
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
