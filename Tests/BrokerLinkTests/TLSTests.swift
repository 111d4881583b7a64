import BrokerLink
import NIOCore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct TLSTests {
    private func configuration(_ broker: TestBroker, host: String = "127.0.0.1", authority: String = "ca.pem")
        -> BrokerLinkConfiguration
    {
        var configuration = testConfiguration(port: broker.port)
        configuration.addresses = [
            BrokerLinkConfiguration.Address(host: host, port: broker.port, usesTLS: true)
        ]
        configuration.tls.caFile = broker.folder.appendingPathComponent(authority).path
        return configuration
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `Messages travel over TLS`(host: String) async throws {
        let broker = try await tlsBroker()
        try await withLink(configuration(broker, host: host)) { gateway in
            let session = gateway.subscribe("cs/CP1")
            #expect(await eventually { session.isSubscribed })
            // Longer than a TLS record, and many at once: nothing that OpenSSL holds back may be left lying.
            let payloads = (0..<500).map { "\($0) " + String(repeating: "x", count: $0 % 50 == 0 ? 40_000 : 10) }
            for payload in payloads {
                gateway.publish("cs/CP1", payload)
            }
            #expect(await eventually { session.payloads.count >= payloads.count })
            #expect(session.payloads == payloads)
        }
    }

    @Test func `A broker of another authority is refused and the log says why`() async throws {
        let broker = try await tlsBroker()
        try await withLink(configuration(broker, authority: "other.pem")) { gateway in
            #expect(await eventually { gateway.log.contains("error the broker's certificate is not accepted") })
            #expect(gateway.log.contains("certificate verify failed"))
            #expect(!gateway.link.isUp)
        }
        var careless = configuration(broker, authority: "other.pem")
        careless.tls.verify = false
        try await withLink(careless) { gateway in
            #expect(await gateway.isUp())
        }
    }

    @Test(arguments: BrokerLinkConfiguration.TLS.MinimumVersion.allCases)
    func `A minimum version that the broker has is no obstacle`(version: BrokerLinkConfiguration.TLS.MinimumVersion)
        async throws
    {
        let broker = try await tlsBroker()
        var configuration = configuration(broker)
        configuration.tls.minimumVersion = version
        try await withLink(configuration) { gateway in
            #expect(await gateway.isUp())
        }
    }

    @Test func `A file that is not there is named in the log`() async throws {
        let broker = try await tlsBroker()
        try await withLink(configuration(broker, authority: "none.pem")) { gateway in
            #expect(await eventually { gateway.log.contains("none.pem: No such file or directory") })
        }
    }

    @Test func `The client certificate is shown and its key password is not logged`() async throws {
        let broker = try await tlsBroker(["require_certificate true", "use_identity_as_username true"])
        var known = configuration(broker)
        try await withLink(known) { gateway in
            #expect(
                await eventually { gateway.log.contains("error the broker does not accept the gateway's certificate") })
            #expect(!gateway.link.isUp)
        }
        known.tls.certificateFile = broker.folder.appendingPathComponent("client.pem").path
        known.tls.keyFile = broker.folder.appendingPathComponent("client-encrypted.key").path
        try await withLink(known) { gateway in
            #expect(await eventually { gateway.log.contains("the private key cannot be read") })
        }
        known.tls.keyPassword = "key-secret"
        try await withLink(known) { gateway in
            #expect(await gateway.isUp())
            #expect(!gateway.log.contains("key-secret"))
        }
    }

    @Test func `A TLS handshake that the other side ends is given up`() async throws {
        let plain = try await TestBroker.started()
        var configuration = testConfiguration(port: plain.port)
        configuration.addresses[0].usesTLS = true
        configuration.tls.verify = false
        try await withLink(configuration) { gateway in
            #expect(await eventually { gateway.log.count(of: "broker not reachable") >= 3 })
        }
    }

    @Test func `A link may move from a plain address to one with TLS`() async throws {
        let tls = try await tlsBroker()
        let plain = try await TestBroker.started()
        var both = configuration(tls)
        both.addresses.insert(BrokerLinkConfiguration.Address(host: "127.0.0.1", port: plain.port), at: 0)
        try await withLink(both) { gateway in
            let session = gateway.subscribe("cs/CP1")
            #expect(await eventually { session.isSubscribed })
            await plain.kill()
            #expect(await eventually { gateway.log.contains("info broker link up broker=mqtts://") })
            gateway.publish("cs/CP1", "moved")
            #expect(await eventually { session.payloads == ["moved"] })
        }
    }
}
