import BrokerLink
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(2)))
struct PublishAndSubscribeTests {
    @Test func aMessageComesToTheSubscriberOnItsEventLoop() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let subscriber = gateway.subscribe("cs/CP1")
            #expect(await eventually { subscriber.isSubscribed })
            gateway.publish("cs/CP1", "hello")
            #expect(await eventually { subscriber.payloads == ["hello"] })
            #expect(!subscriber.wasCalledOffEventLoop)
        }
    }

    @Test(
        arguments: BrokerLinkConfiguration.QualityOfService.allCases, BrokerLinkConfiguration.ProtocolVersion.allCases)
    func messagesKeepTheirOrderAndAreSettled(
        quality: BrokerLinkConfiguration.QualityOfService, version: BrokerLinkConfiguration.ProtocolVersion
    ) async throws {
        let broker = try await TestBroker.started(listener: ["max_inflight_messages 0"])
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
        }
    }
}
