import BrokerLink
import NIOCore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct ReconnectTests {
    @Test func `A broker that refuses MQTT 5 is spoken to in 311 at once`() async throws {
        // Both forms: that of MQTT 3.1.1 (code 1), and that of MQTT 5 (0x84).
        for refusal: [UInt8] in [[0x20, 2, 0, 1], [0x20, 3, 0, 0x84, 0]] {
            let broker = try await ScriptedBroker { .bytes($0 == 5 ? refusal : [0x20, 2, 0, 0]) }
            var configuration = testConfiguration(port: broker.port)
            configuration.reconnectDelay = .seconds(3600)...(.seconds(3600))
            try await withLink(configuration) { gateway in
                #expect(await gateway.isUp())
                #expect(broker.versions == [5, 4])
                #expect(gateway.log.contains("info the broker does not speak MQTT 5, going on with 3.1.1"))
                // The link is up a moment before the log says so.
                #expect(await eventually { gateway.log.contains("protocol=3.1.1") })
            }
        }
    }

    @Test func `A broker that closes without an answer is offered both versions`() async throws {
        let broker = try await ScriptedBroker { $0 == 5 ? .close : .bytes([0x20, 2, 0, 0]) }
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            #expect(await gateway.isUp())
            #expect(broker.versions == [5, 4])
        }
        let closing = try await ScriptedBroker { _ in .close }
        try await withLink(testConfiguration(port: closing.port)) { _ in
            #expect(await eventually { closing.versions.count >= 4 })
            #expect(closing.versions.prefix(4) == [5, 4, 5, 4])
        }
    }

    /// As amqtt does.
    @Test func `A broker that is silent to MQTT 5 is tried with 311`() async throws {
        let broker = try await ScriptedBroker { $0 == 5 ? .silence : .bytes([0x20, 2, 0, 0]) }
        var configuration = testConfiguration(port: broker.port)
        configuration.keepAlive = .seconds(1)
        try await withLink(configuration) { gateway in
            #expect(await gateway.isUp())
            #expect(broker.versions == [5, 4])
        }
    }

    @Test func `The broker is told the keep alive that is configured`() async throws {
        let broker = try await TestBroker.started()
        var configuration = testConfiguration(port: broker.port)
        configuration.keepAlive = .seconds(17)
        try await withLink(configuration) { gateway in
            #expect(await gateway.isUp())
            // Mosquitto's line about a new client ends so: "(p5, c1, k17)".
            #expect(await eventually { broker.log.contains(", k17") })
        }
    }

    @Test func `A connack that never comes is not waited for longer than the keep alive`() async throws {
        let broker = try await ScriptedBroker { _ in .silence }
        var configuration = testConfiguration(port: broker.port)
        configuration.keepAlive = .seconds(1)
        try await withLink(configuration) { gateway in
            #expect(await eventually { broker.versions.count >= 2 })
            #expect(gateway.log.contains("reason=no answer in time"))
            #expect(!gateway.link.isUp)
        }
    }

    @Test func `The addresses are tried in turn`() async throws {
        let broker = try await TestBroker.started()
        var configuration = testConfiguration(port: try freePort())
        configuration.addresses += [
            BrokerLinkConfiguration.Address(host: "no-such-host.invalid", port: 1883),
            BrokerLinkConfiguration.Address(host: "localhost", port: broker.port),
        ]
        configuration.reconnectDelay = .seconds(3600)...(.seconds(3600))
        try await withLink(configuration) { gateway in
            #expect(await gateway.isUp())
            #expect(gateway.log.contains("Connection refused"))
            #expect(gateway.log.contains("host name not found"))
            #expect(gateway.log.contains("info broker link up broker=mqtt://localhost:\(broker.port)"))
        }
    }

    @Test func `A takeover of the client id is named in the log`() async throws {
        // CONNACK, then DISCONNECT with reason code 142.
        let broker = try await ScriptedBroker { _ in .bytes([0x20, 3, 0, 0, 0, 0xe0, 1, 0x8e]) }
        try await withLink(testConfiguration(port: broker.port, clientID: "twin")) { gateway in
            let text = "error another MQTT client connected with this gateway's client id; each gateway needs its own"
            #expect(await eventually { gateway.log.contains(text) })
            #expect(gateway.log.contains("client_id=twin"))
            #expect(gateway.log.contains("Session taken over"))
        }
    }

    @Test func `Of a broker that gives no reason for a takeover the log says what it may be`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port, clientID: "twin")) { first in
            #expect(await first.isUp())
            try await withLink(testConfiguration(port: broker.port, clientID: "twin")) { _ in
                #expect(await eventually { first.log.contains("does another MQTT client use this client id?") })
                #expect(first.log.contains("client_id=twin"))
            }
        }
    }

    /// A broker behind a dead path cannot close; one that could would do so first, as its time is over sooner than
    /// ours.
    @Test func `A dead connection is noticed by the keep alive`() async throws {
        let broker = try await ScriptedBroker { _ in .bytes([0x20, 3, 0, 0, 0]) }
        var configuration = testConfiguration(port: broker.port)
        configuration.keepAlive = .seconds(10)
        try await withLink(configuration) { gateway in
            #expect(await gateway.isUp())
            // It is asked (PINGREQ), and says nothing.
            #expect(await eventually { broker.packets.contains(0xc0) })
            #expect(await eventually { gateway.observer.changes.count >= 2 })
            #expect(gateway.observer.changes.prefix(2) == [true, false])
            #expect(
                gateway.log.contains("reason=no answer to a ping within the keep alive (10 s)"),
                "\(gateway.log.text)")
            #expect(await gateway.isUp())
        }
    }

    @Test func `Without session expiry every connection starts clean`() async throws {
        let broker = try await TestBroker.started()
        let proxy = try await TCPProxy.start(target: broker.port)
        var configuration = testConfiguration(port: proxy.port)
        configuration.sessionExpiry = .zero
        for version in BrokerLinkConfiguration.ProtocolVersion.allCases {
            configuration.protocolVersion = version
            try await withLink(configuration) { gateway in
                let session = gateway.subscribe("cs/CP1")
                #expect(await eventually { session.isSubscribed })
                proxy.refuse()
                #expect(await eventually { !gateway.link.isUp })
                proxy.pass()
                #expect(await gateway.isUp())
                gateway.publish("cs/CP1", "again")
                #expect(await eventually { session.payloads == ["again"] })
                #expect(!gateway.log.contains("session=kept"))
            }
        }
    }
}
