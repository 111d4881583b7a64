import NIOCore
import NIOPosix
import OutsideNames
import Testing

@testable import BrokerLink

@Suite struct ReconnectBackoffTests {
    @Test func theStepDoublesToTheLongestAndAtMostHalfIsTakenOff() {
        var backoff = ReconnectBackoff(range: .milliseconds(500)...(.seconds(30)))
        for step in [0.5, 1, 2, 4, 8, 16, 30, 30, 30] {
            let pause = backoff.next()
            #expect(pause >= .seconds(step / 2) && pause <= .seconds(step))
        }
        backoff.reset()
        #expect(backoff.next() <= .milliseconds(500))
    }

    @Test func thePausesOfManyGatewaysDiffer() {
        let pauses = (0..<20).map { _ in
            var backoff = ReconnectBackoff(range: .seconds(1)...(.seconds(30)))
            return backoff.next()
        }
        #expect(Set(pauses).count > 1)
    }
}

@Suite struct ProtocolFallbackTests {
    @Test func aRefusalIsRememberedForGood() {
        var fallback = ProtocolFallback(configured: .v5)
        #expect(fallback.version(forAddress: 0) == .v5)
        #expect(fallback.versionRefused() == true)
        fallback.linkLost()
        #expect(fallback.version(forAddress: 0) == .v311)
        // Nothing is left to try at once.
        #expect(fallback.versionRefused() == false)
    }

    @Test func aGuessIsPerAddressAndForgottenWithTheLink() {
        var fallback = ProtocolFallback(configured: .v5)
        fallback.closedBeforeAnswer(address: 1)
        #expect(fallback.version(forAddress: 0) == .v5)
        #expect(fallback.version(forAddress: 1) == .v311)
        fallback.closedBeforeAnswer(address: 1)
        #expect(fallback.version(forAddress: 1) == .v5)
        fallback.closedBeforeAnswer(address: 1)
        fallback.linkLost()
        #expect(fallback.version(forAddress: 1) == .v5)
    }

    @Test func whereMQTT5WasAcceptedASilentCloseIsAnOutageButARefusalIsBelieved() {
        var fallback = ProtocolFallback(configured: .v5)
        fallback.accepted(address: 0)
        fallback.linkLost()
        fallback.closedBeforeAnswer(address: 0)
        #expect(fallback.version(forAddress: 0) == .v5)
        #expect(fallback.versionRefused() == true)
        #expect(fallback.version(forAddress: 0) == .v311)
    }

    @Test func withMQTT311ConfiguredNothingElseIsTried() {
        var fallback = ProtocolFallback(configured: .v311)
        #expect(fallback.versionRefused() == false)
        fallback.closedBeforeAnswer(address: 0)
        #expect(fallback.version(forAddress: 0) == .v311)
    }
}

@Suite struct AddressRotationTests {
    private let hosts = ["a", "b"].map { BrokerLinkConfiguration.Address(host: $0, port: 1883) }

    @Test func everyAddressOfEveryHostHasItsTurnAndThenThereIsAPause() {
        var rotation = AddressRotation(addresses: hosts)
        var turns: [String] = []
        var pauses: [Bool] = []
        for _ in 0..<4 {
            if rotation.target == nil {
                rotation.found(rotation.address.host == "a" ? ["::1", "127.0.0.1"] : ["192.0.2.1"])
            }
            turns.append("\(rotation.address.host) \(rotation.target?.host ?? "-")")
            pauses.append(rotation.advance())
        }
        #expect(turns == ["a ::1", "a 127.0.0.1", "b 192.0.2.1", "a ::1"])
        #expect(pauses == [false, false, true, false])
    }

    @Test func aHostThatIsNotFoundHasHadItsTurn() {
        var rotation = AddressRotation(addresses: hosts)
        #expect(rotation.advance() == false)
        #expect(rotation.address.host == "b")
        #expect(rotation.advance() == true)
    }

    @Test func afterALostLinkTheNameIsLookedUpAnewAndWhereTheLinkWasComesFirst() {
        var rotation = AddressRotation(addresses: hosts)
        rotation.found(["::1", "127.0.0.1"])
        _ = rotation.advance()
        rotation.linkLost()
        #expect(rotation.target == nil)
        rotation.found(["::1", "192.0.2.1", "127.0.0.1"])
        #expect(rotation.target?.host == "127.0.0.1")
        rotation.linkLost()
        rotation.found(["192.0.2.1"])
        #expect(rotation.target?.host == "192.0.2.1")
    }
}

@Suite struct OutboundQueueTests {
    private func message(_ text: Topic, deadline: NIODeadline? = nil) -> BrokerPublish {
        BrokerPublish(topic: text, payload: ByteBuffer(), deadline: deadline)
    }

    @Test func acknowledgementsMayComeInAnyOrderAndOnlyOnce() {
        var queue = OutboundQueue()
        for packetID in 1...3 {
            queue.sent(message("\(packetID)"), packetID: Int32(packetID))
        }
        #expect(queue.acknowledged(packetID: 2)?.topic == "2")
        #expect(queue.acknowledged(packetID: 2) == nil)
        #expect(queue.acknowledged(packetID: 1)?.topic == "1")
        #expect(queue.acknowledged(packetID: 3)?.topic == "3")
        #expect(queue.isEmpty)
    }

    @Test func whatWasInFlightIsFirstAgainInOrder() {
        var queue = OutboundQueue()
        queue.append(message("3"))
        queue.sent(message("1"), packetID: 7)
        queue.sent(message("2"), packetID: 8)
        queue.requeueInFlight()
        let order = (0..<3).compactMap { _ in queue.takeNext()?.topic }
        #expect(order == ["1", "2", "3"])
    }

    @Test func onlyWhatIsPastItsDeadlineIsTakenOutAndTheOrderStays() {
        var queue = OutboundQueue()
        let now = NIODeadline.now()
        queue.append(message("a"))
        queue.append(message("b", deadline: now))
        queue.append(message("c", deadline: now + .seconds(1)))
        queue.append(message("d", deadline: now - .seconds(1)))
        #expect(queue.removeExpired(now: now - .seconds(2)).isEmpty)
        #expect(queue.removeExpired(now: now).map(\.topic) == ["b", "d"])
        #expect(queue.removeExpired(now: now + .seconds(1)).map(\.topic) == ["c"])
        #expect(queue.takeNext()?.topic == "a")
        #expect(queue.takeNext() == nil)
    }
}

@Suite struct FailureCountTests {
    @Test func theFirstFailureIsReportedAtOnceAndAFloodIsSummedUp() {
        var failures = FailureCount(interval: .seconds(10))
        let start = NIODeadline.now()
        failures.add("x", topic: "t")
        #expect(failures.report(now: start).map(\.count) == [1])
        for _ in 0..<1000 {
            failures.add("x", topic: "t")
        }
        #expect(failures.report(now: start + .seconds(9)).isEmpty)
        #expect(failures.report(now: start + .seconds(10)).map(\.count) == [1000])
        #expect(failures.report(now: start + .seconds(20)).isEmpty)
    }
}

@Suite struct SubscriptionTableTests {
    private let receiver = SubscriptionTable.Receiver(
        subscriber: RecordingSubscriber(), eventLoop: MultiThreadedEventLoopGroup.singleton.next())

    private func send(_ table: inout SubscriptionTable, packetID: Int32) -> [Topic] {
        let topics = table.nextToSubscribe(count: 100, bytes: 65536)
        table.subscribeSent(topics, packetID: packetID)
        return topics
    }

    private func told(_ news: [SubscriptionTable.News]) -> Int {
        news.count {
            if case .subscribed = $0 { true } else { false }
        }
    }

    @Test func aPacketHoldsAtMostSoManyTopicsAndBytes() {
        var table = SubscriptionTable()
        for number in 0..<250 {
            _ = table.subscribe(topic: "topic-\(number)", receiver: receiver)
        }
        #expect(table.nextToSubscribe(count: 100, bytes: 65536).count == 100)
        #expect(table.nextToSubscribe(count: 100, bytes: 130).count == 10)
        // One that is too long alone is not left out: whoever sends it finds out.
        #expect(table.nextToSubscribe(count: 100, bytes: 1).count == 1)
        #expect(table.nextToSubscribe(count: 1000, bytes: 65536).count == 139)
        #expect(!table.hasSomethingToSend)
    }

    @Test(arguments: [true, false])
    func everythingIsSentAgainOnANewLinkAndTheNewsIsToldOnce(sessionPresent: Bool) {
        var table = SubscriptionTable()
        table.linkUp(sessionPresent: false)
        _ = table.subscribe(topic: "a", receiver: receiver)
        #expect(send(&table, packetID: 1) == ["a"])
        #expect(told(table.subscribeAcknowledged(packetID: 1, granted: [1])) == 1)
        _ = table.subscribe(topic: "b", receiver: receiver)
        #expect(send(&table, packetID: 2) == ["b"])
        table.linkLost()
        // A broker that says that it kept the session may have read an old one from its disk.
        table.linkUp(sessionPresent: sessionPresent)
        #expect(Set(send(&table, packetID: 3)) == ["a", "b"])
        // The one has heard it before.
        #expect(told(table.subscribeAcknowledged(packetID: 3, granted: [1, 1])) == 1)
        #expect(!table.hasSomethingToSend)
    }

    @Test func aSubscriberThatCameWhileTheLinkWasDownIsToldWhenTheBrokerHasAcknowledgedAgain() {
        var table = SubscriptionTable()
        table.linkUp(sessionPresent: false)
        _ = table.subscribe(topic: "a", receiver: receiver)
        _ = send(&table, packetID: 1)
        _ = table.subscribeAcknowledged(packetID: 1, granted: [1])
        table.linkLost()
        #expect(table.subscribe(topic: "a", receiver: receiver) == nil)
        table.linkUp(sessionPresent: true)
        #expect(send(&table, packetID: 2) == ["a"])
        #expect(told(table.subscribeAcknowledged(packetID: 2, granted: [1])) == 1)
    }

    @Test func anUnsubscribeThatTheLinkCutIsSentAgainUnlessTheTopicIsWantedAgain() {
        var table = SubscriptionTable()
        table.linkUp(sessionPresent: false)
        for topic in ["a", "b"] as [Topic] {
            _ = table.subscribe(topic: topic, receiver: receiver)
        }
        _ = send(&table, packetID: 1)
        _ = table.subscribeAcknowledged(packetID: 1, granted: [1, 1])
        for topic in ["a", "b"] as [Topic] {
            table.unsubscribe(topic: topic, subscriber: receiver.subscriber)
        }
        table.unsubscribeSent(table.nextToUnsubscribe(count: 100, bytes: 65536), packetID: 2)
        _ = table.subscribe(topic: "b", receiver: receiver)
        table.linkLost()
        #expect(!table.unsubscribesAreSettled)
        table.linkUp(sessionPresent: true)
        #expect(table.nextToUnsubscribe(count: 100, bytes: 65536) == ["a"])
        #expect(send(&table, packetID: 3) == ["b"])
    }

    @Test func anUnsubscribeBeforeTheAcknowledgementIsSentAndTheAnswerIsForNobody() {
        var table = SubscriptionTable()
        table.linkUp(sessionPresent: false)
        _ = table.subscribe(topic: "a", receiver: receiver)
        _ = send(&table, packetID: 1)
        table.unsubscribe(topic: "a", subscriber: receiver.subscriber)
        #expect(table.subscribeAcknowledged(packetID: 1, granted: [1]).isEmpty)
        #expect(table.nextToUnsubscribe(count: 100, bytes: 65536) == ["a"])
    }

    @Test func aSubscriptionNeverSentNeedsNoUnsubscribe() {
        var table = SubscriptionTable()
        _ = table.subscribe(topic: "a", receiver: receiver)
        table.unsubscribe(topic: "a", subscriber: receiver.subscriber)
        _ = table.subscribe(topic: "a", receiver: receiver)
        table.unsubscribe(topic: "a", subscriber: receiver.subscriber)
        table.linkUp(sessionPresent: false)
        #expect(send(&table, packetID: 1).isEmpty)
        #expect(table.unsubscribesAreSettled)
    }

    @Test func aTopicNamedTwiceInTheListIsSentOnce() {
        var table = SubscriptionTable()
        for _ in 0..<2 {
            _ = table.subscribe(topic: "a", receiver: receiver)
            table.unsubscribe(topic: "a", subscriber: receiver.subscriber)
        }
        _ = table.subscribe(topic: "a", receiver: receiver)
        #expect(send(&table, packetID: 1) == ["a"])
    }

    @Test func anAnswerForFewerTopicsThanAskedRefusesTheRest() {
        var table = SubscriptionTable()
        for topic in ["a", "b"] as [Topic] {
            _ = table.subscribe(topic: topic, receiver: receiver)
        }
        _ = send(&table, packetID: 1)
        let news = table.subscribeAcknowledged(packetID: 1, granted: [0])
        #expect(told(news) == 1)
        #expect(news.count == 2)
        #expect(table.receiver(of: "b") == nil)
    }

    @Test func theEventLoopOfASubscriberIsKnownAsLongAsItHasATopic() {
        var table = SubscriptionTable()
        for topic in ["a", "b"] as [Topic] {
            _ = table.subscribe(topic: topic, receiver: receiver)
        }
        table.unsubscribe(topic: "a", subscriber: receiver.subscriber)
        #expect(table.eventLoop(of: receiver.subscriber) === receiver.eventLoop)
        table.unsubscribe(topic: "b", subscriber: receiver.subscriber)
        #expect(table.eventLoop(of: receiver.subscriber) == nil)
    }
}
