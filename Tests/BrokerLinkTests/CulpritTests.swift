import BrokerLink
import NIOCore
import OutsideNames
import TestSupport
import Testing

@Suite("behaviour.md: a packet over which the broker ends the link must not end it for ever", .timeLimit(.minutes(2)))
struct CulpritTests {
    private func message(
        _ topic: Topic, _ text: String, token: String? = nil, of subscriber: RecordingSubscriber? = nil,
        deadline: NIODeadline? = nil
    ) -> BrokerPublish {
        var origin: BrokerPublish.Origin?
        if let subscriber, let token { origin = .init(subscriber: subscriber, token: token) }
        return BrokerPublish(
            topic: topic, payload: ByteBuffer(string: text), deadline: deadline, origin: origin, purpose: .call)
    }

    @Test
    func `MQTT 3.1.1 and Mosquitto's max_packet_size: the message is dropped and its sender told, the others arrive`()
        async throws
    {
        let broker = try await TestBroker.started(listener: ["max_packet_size 2000"])
        var configuration = testConfiguration(port: broker.port)
        configuration.protocolVersion = .v311
        try await withLink(configuration) { gateway in
            let session = gateway.subscribe("cs/CP1")
            let observer = gateway.subscribe("cp/CP2")
            #expect(await eventually { session.isSubscribed && observer.isSubscribed })
            let poison = String(repeating: "x", count: 3000)
            #expect(gateway.first.publish(message("cp/CP1", poison, token: "big", of: session)) == .accepted)
            for number in 0..<20 { gateway.publish("cp/CP2", "\(number)") }
            #expect(await eventually { observer.payloads.contains("19") })
            #expect(
                await eventually {
                    session.events.contains(.notTaken(token: "big", reason: "the broker ends the link over it"))
                })
            #expect(await eventually { gateway.link.pendingCount == 0 })
            #expect(
                gateway.log.contains("error the broker ends the link over a packet: it is dropped")
                    && gateway.log.contains("topic=cp/CP1"))
            // The second of its kind costs one more lost link, the third none.
            #expect(gateway.first.publish(message("cp/CP1", poison, token: "second", of: session)) == .accepted)
            #expect(
                await eventually {
                    session.events.contains(.notTaken(token: "second", reason: "the broker ends the link over it"))
                })
            let losses = gateway.observer.changes.count { !$0 }
            #expect(gateway.first.publish(message("cp/CP1", poison, token: "third", of: session)) == .accepted)
            let refused = RecordingSubscriber.Event.notTaken(
                token: "third", reason: "the broker has ended the link over packets like it")
            #expect(await eventually { session.events.contains(refused) })
            #expect(gateway.observer.changes.count { !$0 } == losses)
        }
    }

    @Test(
        arguments: [BrokerLinkConfiguration.QualityOfService.atLeastOnce])
    func
        `A policy of the broker: exactly the message that it does not like is dropped, and no acknowledged one is sent again`(
            qualityOfService: BrokerLinkConfiguration.QualityOfService
        ) async throws
    {
        let broker = try await PolicyBroker { packet in
            if case .publish("cp/bad", _) = packet { .close } else { .acknowledge(0) }
        }
        var configuration = testConfiguration(port: broker.port)
        configuration.qualityOfService = qualityOfService
        try await withLink(configuration) { gateway in
            let session = gateway.subscribe("cs/CP1")
            #expect(await eventually { session.isSubscribed })
            for number in 0..<5 { gateway.publish("cp/before", "\(number)") }
            #expect(await eventually { gateway.link.pendingCount == 0 })
            #expect(gateway.first.publish(message("cp/bad", "{}", token: "bad", of: session)) == .accepted)
            for number in 0..<5 { gateway.publish("cp/after", "\(number)") }
            let told = RecordingSubscriber.Event.notTaken(token: "bad", reason: "the broker ends the link over it")
            #expect(await eventually { session.events.contains(told) })
            #expect(await eventually { gateway.link.pendingCount == 0 })
            #expect(broker.count(ofTopic: "cp/bad") == 3)
            #expect(broker.count(ofTopic: "cp/before") == 5)
            let after = broker.packets.compactMap { packet -> String? in
                if case .publish("cp/after", let text) = packet { text } else { nil }
            }
            // None is lost and their order stays; some came twice, as the broker read them before it closed.
            #expect(Array(after.suffix(5)) == (0..<5).map(String.init))
            // SUBSCRIBE first, on each link.
            #expect(broker.packets.count { if case .subscribe = $0 { true } else { false } } == broker.connects)
        }
    }

    @Test
    func `A SUBSCRIBE over which the broker ends the link is refused to its subscriber; the others are subscribed`()
        async throws
    {
        let broker = try await PolicyBroker(isVersion5: false) { packet in
            if case .subscribe(let topics) = packet, topics.contains("cs/BAD") { .close } else { .acknowledge(0) }
        }
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let good = gateway.subscribe("cs/GOOD")
            #expect(await eventually { good.isSubscribed })
            let bad = gateway.subscribe("cs/BAD")
            let others = (0..<20).map { gateway.subscribe("cs/\($0)") }
            #expect(await eventually { bad.events == [.refused(0x80)] })
            #expect(await eventually { others.allSatisfy(\.isSubscribed) && gateway.link.isUp })
            #expect(gateway.log.contains("packet=SUBSCRIBE"))
            gateway.publish("cp/1", "x")
            #expect(await eventually { broker.count(ofTopic: "cp/1") == 1 })
        }
    }

    @Test
    func `A SUBSCRIBE that is too long for the broker is made shorter, and everybody is subscribed`() async throws {
        let broker = try await PolicyBroker { packet in
            if case .subscribe(let topics) = packet, topics.count > 30 { .close } else { .acknowledge(0) }
        }
        let gateway = TestLink(testConfiguration(port: broker.port))
        let subscribers = (0..<80).map { gateway.subscribe("cs/charge-point-\($0)") }
        gateway.link.start()
        #expect(await eventually { subscribers.allSatisfy(\.isSubscribed) })
        broker.dropConnections()
        #expect(await eventually { gateway.observer.changes.last == true && gateway.link.isUp })
        _ = await gateway.link.stop(deadline: .now() + .seconds(5))
        #expect(subscribers.allSatisfy { $0.events == [.subscribed] })
    }

    @Test
    func `What has been answered is not sent again after a lost link, nor what is past its deadline`() async throws {
        let broker = try await PolicyBroker { packet in
            if case .publish = packet { .silence } else { .acknowledge(0) }
        }
        var configuration = testConfiguration(port: broker.port)
        configuration.reconnectDelay = .seconds(5)...(.seconds(5))
        try await withLink(configuration) { gateway in
            let session = gateway.subscribe("cs/CP1")
            #expect(await eventually { session.isSubscribed })
            let deadline = NIODeadline.now() + .seconds(3)
            for publish in [
                message("cp/late", "late", token: "late", of: session, deadline: deadline),
                message("cp/answered", "a", token: "17", of: session),
                message("cp/open", "o", token: "18", of: session),
            ] {
                #expect(gateway.first.publish(publish) == .accepted)
            }
            #expect(await eventually { broker.count(ofTopic: "cp/open") == 1 && NIODeadline.now() > deadline })
            broker.dropConnections()
            // The answer comes while there is no link.
            #expect(await eventually { gateway.observer.changes.contains(false) })
            gateway.first.forget(subscriber: session, token: "17")
            #expect(await eventually { broker.count(ofTopic: "cp/open") == 2 })
            #expect(broker.count(ofTopic: "cp/late") == 1)
            #expect(broker.count(ofTopic: "cp/answered") == 1)
            let told = RecordingSubscriber.Event.notTaken(
                token: "late", reason: "deadline passed before the broker could take it")
            #expect(session.events == [.subscribed, told])
            #expect(gateway.link.pendingCount == 1)
        }
    }

    @Test
    func
        `MQTT 5: that nobody subscribes to a CALL's topic is noticed, and the CALL's sender told where that is wanted`()
        async throws
    {
        let broker = try await PolicyBroker { packet in
            if case .publish = packet { .acknowledge(0x10) } else { .acknowledge(0) }
        }
        for refuses in [false, true] {
            var configuration = testConfiguration(port: broker.port)
            configuration.refusesUnrouted = refuses
            try await withLink(configuration) { gateway in
                let session = gateway.subscribe("cs/CP1")
                #expect(await eventually { session.isSubscribed })
                #expect(gateway.first.publish(message("cp/CP1", "{}", token: "1", of: session)) == .accepted)
                gateway.publish("cp/CP1/Reply", "no CALL")
                #expect(await eventually { gateway.link.pendingCount == 0 })
                #expect(await eventually { gateway.observer.unroutedCalls == ["cp/CP1"] })
                let told = RecordingSubscriber.Event.notTaken(
                    token: "1", reason: "nobody subscribes to the topic of this CALL")
                if refuses {
                    #expect(await eventually { session.events == [.subscribed, told] })
                } else {
                    #expect(session.events == [.subscribed])
                }
            }
        }
    }
}
