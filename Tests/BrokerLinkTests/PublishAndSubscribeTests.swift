import BrokerLink
import Foundation
import NIOCore
import OutsideNames
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct PublishAndSubscribeTests {
    @Test func `A message comes to the subscriber on its event loop`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let subscriber = gateway.subscribe("cs/CP1")
            #expect(await eventually { subscriber.isSubscribed })
            gateway.publish("cs/CP1", "hello")
            #expect(await eventually { subscriber.payloads == ["hello"] })
            #expect(!subscriber.wasCalledOffEventLoop)
            #expect(subscriber.events == [.subscribed, .message("hello")])
        }
    }

    @Test(
        arguments: BrokerLinkConfiguration.QualityOfService.allCases,
        BrokerLinkConfiguration.ProtocolVersion.allCases)
    func `Messages keep their order and are settled`(
        quality: BrokerLinkConfiguration.QualityOfService, version: BrokerLinkConfiguration.ProtocolVersion
    ) async throws {
        let broker = try await TestBroker.started()
        var configuration = testConfiguration(port: broker.port)
        configuration.qualityOfService = quality
        configuration.protocolVersion = version
        try await withLink(configuration) { gateway in
            let subscriber = gateway.subscribe("cs/CP1")
            #expect(await eventually { subscriber.isSubscribed })
            let numbers = (0..<2000).map { "\($0)" }
            for number in numbers {
                #expect(gateway.publish("cs/CP1", number) == .accepted)
            }
            #expect(await eventually { subscriber.payloads.count >= numbers.count })
            #expect(subscriber.payloads == numbers)
            #expect(await eventually { gateway.link.pendingCount == 0 })
            #expect(gateway.log.contains("protocol=\(version.rawValue)"))
        }
    }

    @Test func `The quality of service and the properties of a call are on the wire`() async throws {
        let broker = try await TestBroker.started()
        let watcher = try await KeptSubscription(broker: broker, topic: "cp/#")
        var configuration = testConfiguration(port: broker.port)
        configuration.qualityOfService = .exactlyOnce
        try await withLink(configuration) { gateway in
            let properties = BrokerPublish.Properties(
                responseTopic: "cs/CP1", correlationData: .text("19223201"), isJSON: true, version: "1.6",
                action: "Heartbeat")
            let message = BrokerPublish(topic: "cp/CP1", payload: ByteBuffer(string: "{}"), properties: properties)
            #expect(gateway.first.publish(message) == .accepted)
            gateway.publish("cp/CP1/Reply", "plain")
            let answer = BrokerPublish(
                topic: "cp/CP1/Reply", payload: ByteBuffer(string: "[]"), properties: .init(version: "1.6"))
            #expect(gateway.first.publish(answer) == .accepted)
            let reply = BrokerPublish(
                topic: "cp/x", payload: ByteBuffer(string: "r"),
                properties: .init(correlationData: .bytes(ByteBuffer(string: "17")), version: "1.6"))
            #expect(gateway.first.publish(reply) == .accepted)
            let lines = try await watcher.messages(4, format: "%t %q %r %C %R %D %P %p")
            #expect(
                lines == [
                    "cp/CP1 2 0 application/json cs/CP1 19223201 ocpp-version:1.6 action:Heartbeat {}",
                    "cp/CP1/Reply 2 0     plain",
                    "cp/CP1/Reply 2 0    ocpp-version:1.6 []",
                    "cp/x 2 0   17 ocpp-version:1.6 r",
                ])
        }
    }

    @Test func `With MQTT 311 the same message goes without properties`() async throws {
        let broker = try await TestBroker.started()
        let watcher = try await KeptSubscription(broker: broker, topic: "cp/#")
        var configuration = testConfiguration(port: broker.port)
        configuration.protocolVersion = .v311
        try await withLink(configuration) { gateway in
            let properties = BrokerPublish.Properties(
                responseTopic: "cs/CP1", correlationData: .text("1"), isJSON: true, action: "Heartbeat")
            let message = BrokerPublish(topic: "cp/CP1", payload: ByteBuffer(string: "{}"), properties: properties)
            #expect(gateway.first.publish(message) == .accepted)
            let lines = try await watcher.messages(1, format: "%t %q [%R%D%P] %p")
            #expect(lines == ["cp/CP1 1 [] {}"])
        }
    }

    @Test func `A retained message is marked and a live one is not`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            gateway.publish("cs/CP1", "stale", retain: true)
            #expect(await eventually { gateway.link.pendingCount == 0 })
            let subscriber = gateway.subscribe("cs/CP1")
            #expect(await eventually { subscriber.payloads == ["stale"] })
            gateway.publish("cs/CP1", "live")
            #expect(await eventually { subscriber.payloads == ["stale", "live"] })
            #expect(subscriber.messages.map(\.isRetained) == [true, false])
        }
    }

    @Test func `The message expiry interval is read`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let subscriber = gateway.subscribe("cs/CP1")
            #expect(await eventually { subscriber.isSubscribed })
            let target = ["-h", "127.0.0.1", "-p", "\(broker.port)", "-V", "5", "-t", "cs/CP1"]
            let before = NIODeadline.now()
            _ = try await run(
                "mosquitto_pub", target + ["-m", "a", "-D", "publish", "message-expiry-interval", "600"])
            _ = try await run("mosquitto_pub", target + ["-m", "b"])
            #expect(await eventually { subscriber.payloads == ["a", "b"] })
            let expiry = try #require(subscriber.messages.first?.expires)
            #expect(expiry > before + .seconds(500) && expiry <= .now() + .seconds(600))
            #expect(subscriber.messages.last?.expires == nil)
        }
    }

    @Test func `A topic is always on the same of several connections`() async throws {
        let broker = try await TestBroker.started()
        var configuration = testConfiguration(port: broker.port)
        configuration.connections = 3
        try await withLink(configuration) { gateway in
            #expect(gateway.link.connections.map(\.index) == [0, 1, 2])
            #expect(await gateway.isUp())
            let topics = (0..<60).map { Topic("cs/CP\($0)") }
            let used = topics.map { gateway.link.connection(for: $0).index }
            #expect(Set(used) == [0, 1, 2])
            #expect(used == topics.map { gateway.link.connection(for: $0).index })
            let subscribers = topics.map { gateway.subscribe($0) }
            #expect(await eventually { subscribers.allSatisfy(\.isSubscribed) })
            for topic in topics {
                gateway.publish(topic, topic.text)
            }
            #expect(await eventually { zip(subscribers, topics).allSatisfy { $0.payloads == [$1.text] } })
            #expect(gateway.observer.changes == [true, true, true])
            let log = broker.log
            #expect(["gateway ", "gateway-2 ", "gateway-3 "].allSatisfy { log.contains("as \($0)") })
        }
    }

    @Test func `A message for nobody here comes to the observer`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let claims = RecordingSubscriber()
            gateway.first.subscribe(topic: "claims/+", subscriber: claims)
            #expect(await eventually { claims.isSubscribed })
            gateway.publish("claims/CP1", "mine")
            #expect(await eventually { gateway.observer.unrouted.count == 1 })
            #expect(gateway.observer.unrouted.first?.topic == "claims/CP1")
            #expect(gateway.observer.unrouted.first.map { String(buffer: $0.payload) } == "mine")
            #expect(claims.payloads.isEmpty)
        }
    }

    @Test func `The new subscriber of a topic replaces the old one at once`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let old = gateway.subscribe("cs/CP1")
            #expect(await eventually { old.isSubscribed })
            let new = gateway.subscribe("cs/CP1")
            #expect(await eventually { new.isSubscribed })
            // The old session ends later than the new one begins; that must not take the topic away.
            gateway.first.unsubscribe(topic: "cs/CP1", subscriber: old)
            gateway.publish("cs/CP1", "for the new")
            #expect(await eventually { new.payloads == ["for the new"] })
            #expect(old.events == [.subscribed])
            #expect(broker.log.components(separatedBy: "Received SUBSCRIBE from gateway").count == 2)
            #expect(!broker.log.contains("UNSUBSCRIBE"))
        }
    }

    @Test func `Unsubscribing and subscribing again ends subscribed`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            var last = gateway.subscribe("cs/CP1")
            for _ in 0..<20 {
                #expect(await eventually { last.isSubscribed })
                gateway.first.unsubscribe(topic: "cs/CP1", subscriber: last)
                last = gateway.subscribe("cs/CP1")
            }
            #expect(await eventually { last.isSubscribed })
            gateway.publish("cs/CP1", "still here")
            #expect(await eventually { last.payloads == ["still here"] })
        }
    }

    @Test func `An unsubscribed topic is forgotten by the broker`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let gone = gateway.subscribe("cs/CP1")
            let other = gateway.subscribe("cs/CP2")
            #expect(await eventually { gone.isSubscribed && other.isSubscribed })
            gateway.first.unsubscribe(topic: "cs/CP1", subscriber: gone)
            #expect(await eventually { broker.log.contains("Sending UNSUBACK to gateway") })
            gateway.publish("cs/CP1", "nobody")
            gateway.publish("cs/CP2", "somebody")
            #expect(await eventually { other.payloads == ["somebody"] })
            #expect(gone.payloads.isEmpty)
            #expect(gateway.observer.unrouted.isEmpty)
        }
    }

    @Test func `A left over of a kept session is delivered unrouted and can be discarded`() async throws {
        let broker = try await TestBroker.started()
        let configuration = testConfiguration(port: broker.port)
        try await withLink(configuration) { before in
            let subscriber = before.subscribe("cs/CP1")
            #expect(await eventually { subscriber.isSubscribed })
        }
        try await withLink(testConfiguration(port: broker.port, clientID: "backend")) { backend in
            backend.publish("cs/CP1", "for a session of the last run")
            #expect(await eventually { backend.link.pendingCount == 0 })
            try await withLink(configuration) { gateway in
                #expect(await eventually { gateway.observer.unrouted.map(\.topic) == ["cs/CP1"] })
                gateway.first.discardSubscription(topic: "cs/CP1")
                #expect(await eventually { broker.log.contains("Sending UNSUBACK to gateway") })
                let other = gateway.subscribe("cs/CP2")
                #expect(await eventually { other.isSubscribed })
                // Someone is there: nothing is discarded.
                gateway.first.discardSubscription(topic: "cs/CP2")
                backend.publish("cs/CP1", "nobody")
                backend.publish("cs/CP2", "somebody")
                #expect(await eventually { other.payloads == ["somebody"] })
                #expect(gateway.observer.unrouted.count == 1)
            }
        }
    }

    @Test func `It works with more descriptors than select can take`() async throws {
        let broker = try await TestBroker.started()
        let descriptors = try OpenDescriptors(1100)
        #expect(descriptors.highest >= 1024)
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let subscriber = gateway.subscribe("cs/CP1")
            #expect(await eventually { subscriber.isSubscribed })
            gateway.publish("cs/CP1", "hello")
            #expect(await eventually { subscriber.payloads == ["hello"] })
        }
    }
}
