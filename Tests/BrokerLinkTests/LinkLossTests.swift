import BrokerLink
import NIOCore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct LinkLossTests {
    @Test func `What is published before the broker is there is delivered in order`() async throws {
        let broker = try await TestBroker()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let subscriber = gateway.subscribe("cs/CP1")
            for number in 0..<100 {
                #expect(gateway.publish("cs/CP1", "\(number)") == .accepted)
            }
            #expect(await eventually { gateway.log.count(of: "broker not reachable") >= 3 })
            #expect(!gateway.link.isUp)
            #expect(gateway.link.pendingCount == 100)
            try await broker.start()
            #expect(await eventually { subscriber.payloads.count >= 100 })
            #expect(subscriber.payloads == (0..<100).map { "\($0)" })
            #expect(await eventually { gateway.link.pendingCount == 0 })
            #expect(gateway.observer.changes == [true])
        }
    }

    @Test(arguments: BrokerLinkConfiguration.ProtocolVersion.allCases)
    func `Nothing published during a lost link is missed`(version: BrokerLinkConfiguration.ProtocolVersion) async throws
    {
        let broker = try await TestBroker.started()
        let proxy = try await TCPProxy.start(target: broker.port)
        var configuration = testConfiguration(port: proxy.port)
        configuration.protocolVersion = version
        try await withLink(configuration) { gateway in
            try await withLink(testConfiguration(port: broker.port, clientID: "backend")) { backend in
                let commands = gateway.subscribe("cs/CP1")
                let calls = backend.subscribe("cp/CP1")
                #expect(await eventually { commands.isSubscribed && calls.isSubscribed })
                proxy.refuse()
                #expect(await eventually { !gateway.link.isUp })
                for number in 0..<50 {
                    backend.publish("cs/CP1", "down \(number)")
                    gateway.publish("cp/CP1", "up \(number)")
                }
                #expect(await eventually { backend.link.pendingCount == 0 })
                proxy.pass()
                #expect(await eventually { commands.payloads.count >= 50 && calls.payloads.count >= 50 })
                #expect(commands.payloads == (0..<50).map { "down \($0)" })
                #expect(calls.payloads == (0..<50).map { "up \($0)" })
                #expect(commands.events.count { $0 == .subscribed } == 1)
                #expect(gateway.log.contains("session=kept"))
            }
        }
    }

    @Test(arguments: [BrokerLinkConfiguration.QualityOfService.atLeastOnce, .exactlyOnce])
    func `Cuts in the middle of traffic lose nothing`(quality: BrokerLinkConfiguration.QualityOfService) async throws {
        let broker = try await TestBroker.started()
        let proxy = try await TCPProxy.start(target: broker.port)
        var configuration = testConfiguration(port: proxy.port)
        configuration.qualityOfService = quality
        var direct = testConfiguration(port: broker.port, clientID: "backend")
        direct.qualityOfService = quality
        let backendConfiguration = direct
        try await withLink(configuration) { gateway in
            try await withLink(backendConfiguration) { backend in
                let calls = backend.subscribe("cp/CP1")
                #expect(await eventually { calls.isSubscribed })
                for round in 0..<5 {
                    #expect(await gateway.isUp())
                    // In the middle: with 64 in flight some have been acknowledged by then, so that nothing is suspect.
                    let links = proxy.accepted
                    proxy.cut(afterBytes: 5000)
                    for number in 0..<500 {
                        gateway.publish("cp/CP1", "\(round * 500 + number)")
                    }
                    #expect(await eventually { proxy.accepted > links })
                }
                #expect(await eventually { gateway.link.pendingCount == 0 })
                let expected = (0..<2500).map { "\($0)" }
                #expect(await eventually { Set(calls.payloads) == Set(expected) })
                if quality == .exactlyOnce {
                    #expect(calls.payloads == expected)
                }
            }
        }
    }

    @Test func `In a new session the subscriptions are in front of the messages that are sent again`() async throws {
        // Acknowledges nothing, and never has a session.
        let broker = try await ScriptedBroker { _ in .bytes([0x20, 3, 0, 0, 0]) }
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            _ = gateway.subscribe("cs/CP1")
            #expect(await eventually { broker.packets == [0x10, 0x82] })
            gateway.publish("cp/CP1", "a call")
            #expect(await eventually { broker.packets == [0x10, 0x82, 0x32] })
            broker.dropConnections()
            #expect(await eventually { broker.packets.count >= 6 })
            // CONNECT, SUBSCRIBE, and PUBLISH: to a broker without the session it is a new one.
            #expect(broker.packets == [0x10, 0x82, 0x32, 0x10, 0x82, 0x32])
            #expect(await gateway.link.stop(deadline: .now()) == 1)
        }
    }

    @Test func `After the broker died everybody is subscribed again`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let subscribers = (0..<250).map { gateway.subscribe("cs/CP\($0)") }
            #expect(await eventually { subscribers.allSatisfy(\.isSubscribed) })
            await broker.kill()
            #expect(await eventually { !gateway.link.isUp })
            try await broker.start()
            #expect(await gateway.isUp())
            for (number, _) in subscribers.enumerated() {
                gateway.publish("cs/CP\(number)", "after")
            }
            #expect(await eventually { subscribers.allSatisfy { $0.payloads == ["after"] } })
            #expect(subscribers.allSatisfy { $0.events.count { $0 == .subscribed } == 1 })
            #expect(gateway.observer.changes == [true, false, true])
        }
    }
}
