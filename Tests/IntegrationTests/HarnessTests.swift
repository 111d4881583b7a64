import NIOCore
import TestSupport
import Testing

/// The tests' own tools, tested without the gateway: a broken tool must not look like a broken gateway.
@Suite struct HarnessTests {
    @Test(arguments: [MQTTVersion.v5, .v311], [0, 1, 2])
    func `A message goes through Mosquitto with its properties`(version: MQTTVersion, qualityOfService: Int)
        async throws
    {
        try await TestBroker.run { broker in
            let client = try await MQTTTestClient.connect(port: broker.port, clientID: "harness", version: version)
            try await client.subscribe("a/+", qualityOfService: qualityOfService)
            var message = MQTTMessage(topic: "a/b", text: "{}")
            message.qualityOfService = qualityOfService
            message.responseTopic = "answers"
            message.correlationData = "17"
            for _ in 1...100 {
                try await client.publish(message)
            }
            for _ in 1...100 {
                let received = try await client.messages.take("the message")
                #expect(received.text == "{}" && received.qualityOfService == qualityOfService)
                #expect(received.responseTopic == (version == .v5 ? "answers" : nil))
                #expect(received.correlationData == (version == .v5 ? "17" : nil))
            }
            await client.disconnect()
        }
    }

    @Test func `The proxy cuts in the middle of a packet and lets the next link pass`() async throws {
        try await TestBroker.run { broker in
            let proxy = try await TCPProxy.start(target: broker.port)
            let first = try await MQTTTestClient.connect(port: proxy.port, clientID: "one")
            proxy.cut(afterBytes: 100)
            await #expect(throws: (any Error).self) {
                try await first.publish(MQTTMessage(topic: "a", payload: Array(repeating: 65, count: 5000)))
            }
            let second = try await MQTTTestClient.connect(port: proxy.port, clientID: "two")
            try await second.publish(MQTTMessage(topic: "a", text: "whole"))
            proxy.refuse()
            try await second.closed.get()
            await #expect(throws: (any Error).self) {
                _ = try await MQTTTestClient.connect(port: proxy.port, clientID: "three")
            }
            await proxy.close()
        }
    }

    @Test func `A persistent broker keeps a message across its death`() async throws {
        try await TestBroker.run(isPersistent: true) { broker in
            let client = try await MQTTTestClient.connect(port: broker.port, clientID: "sub", cleanStart: false)
            try await client.subscribe("a")
            await client.disconnect()
            let publisher = try await MQTTTestClient.connect(port: broker.port, clientID: "pub")
            try await publisher.publish(MQTTMessage(topic: "a", text: "kept"))
            try await broker.persisted("kept")
            await broker.kill()
            try await broker.start()
            let again = try await MQTTTestClient.connect(port: broker.port, clientID: "sub", cleanStart: false)
            #expect(try await again.messages.take("the message").text == "kept")
            await again.disconnect()
        }
    }
}
