import NIOCore
import NIOPosix
import OutsideNames
import Testing

@testable import BrokerLink

@Suite struct ReconnectBackoffTests {
    @Test func `The step doubles to the longest and at most half is taken off`() {
        var backoff = ReconnectBackoff(range: .milliseconds(500)...(.seconds(30)))
        for step in [0.5, 1, 2, 4, 8, 16, 30, 30, 30] {
            let pause = backoff.next()
            #expect(pause >= .seconds(step / 2) && pause <= .seconds(step))
        }
        backoff.reset()
        #expect(backoff.next() <= .milliseconds(500))
    }

    @Test func `The pauses of many gateways differ`() {
        let pauses = (0..<20).map { _ in
            var backoff = ReconnectBackoff(range: .seconds(1)...(.seconds(30)))
            return backoff.next()
        }
        #expect(Set(pauses).count > 1)
    }
}

@Suite struct ProtocolFallbackTests {
    @Test func `A refusal is remembered for good`() {
        var fallback = ProtocolFallback(configured: .v5)
        #expect(fallback.version(forAddress: 0) == .v5)
        #expect(fallback.versionRefused() == true)
        fallback.linkLost()
        #expect(fallback.version(forAddress: 0) == .v311)
        // Nothing is left to try at once.
        #expect(fallback.versionRefused() == false)
    }

    @Test func `A guess is per address and forgotten with the link`() {
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

    @Test func `Where MQTT 5 was accepted a silent close is an outage but a refusal is believed`() {
        var fallback = ProtocolFallback(configured: .v5)
        fallback.accepted(address: 0)
        fallback.linkLost()
        fallback.closedBeforeAnswer(address: 0)
        #expect(fallback.version(forAddress: 0) == .v5)
        #expect(fallback.versionRefused() == true)
        #expect(fallback.version(forAddress: 0) == .v311)
    }

    @Test func `With MQTT 311 configured nothing else is tried`() {
        var fallback = ProtocolFallback(configured: .v311)
        #expect(fallback.versionRefused() == false)
        fallback.closedBeforeAnswer(address: 0)
        #expect(fallback.version(forAddress: 0) == .v311)
    }
}

@Suite struct AddressRotationTests {
    private let hosts = ["a", "b"].map { BrokerLinkConfiguration.Address(host: $0, port: 1883) }

    @Test func `Every address of every host has its turn and then there is a pause`() {
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

    @Test func `A host that is not found has had its turn`() {
        var rotation = AddressRotation(addresses: hosts)
        #expect(rotation.advance() == false)
        #expect(rotation.address.host == "b")
        #expect(rotation.advance() == true)
    }

    @Test func `After a lost link the name is looked up anew and where the link was comes first`() {
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

@Suite struct FailureCountTests {
    @Test func `The first failure is reported at once and a flood is summed up`() {
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
    private let subscriber = RecordingSubscriber()
    /// Has for `t1` the companion `c/t1`.
    private let accompanied = RecordingSubscriber(hasCompanions: true)

    private func send(_ table: inout SubscriptionTable, packetID: Int32) -> [Topic] {
        let topics = table.nextToSubscribe(count: 100, bytes: 65536)
        table.subscribeSent(topics, packetID: packetID)
        return topics
    }

    private func told(_ news: [SubscriptionNews]) -> Int {
        news.count {
            if case .subscribed = $0 { true } else { false }
        }
    }

    @Test func `A packet holds at most so many topics and bytes`() {
        var table = SubscriptionTable()
        for number in 0..<250 {
            _ = table.subscribe(topic: "topic-\(number)", subscriber: subscriber)
        }
        #expect(table.nextToSubscribe(count: 100, bytes: 65536).count == 100)
        #expect(table.nextToSubscribe(count: 100, bytes: 130).count == 10)
        // One that is too long alone is not left out: whoever sends it finds out.
        #expect(table.nextToSubscribe(count: 100, bytes: 1).count == 1)
        #expect(table.nextToSubscribe(count: 1000, bytes: 65536).count == 139)
        #expect(!table.hasSomethingToSend)
    }

    @Test func `A companion goes with its topic in one packet and is given up with it`() {
        var table = SubscriptionTable()
        table.linkUp(sessionPresent: false)
        for number in 0..<120 {
            _ = table.subscribe(topic: "t\(number)", subscriber: accompanied)
        }
        let topics = send(&table, packetID: 1)
        #expect(topics.count == 50 && table.filters(of: topics).count == 100)
        #expect(table.filters(of: ["t0"]) == ["t0", "c/t0"])
        #expect(table.subscriber(of: "c/t0") == nil)
        #expect(told(table.subscribeAcknowledged(packetID: 1, granted: Array(repeating: 1, count: 100))) == 50)
        table.unsubscribe(topic: "t0", subscriber: accompanied)
        #expect(Set(table.nextToUnsubscribe(count: 100, bytes: 65536)) == ["t0", "c/t0"])
        // The next one takes both over.
        table.unsubscribe(topic: "t1", subscriber: accompanied)
        _ = table.subscribe(topic: "t1", subscriber: accompanied)
        #expect(table.nextToUnsubscribe(count: 100, bytes: 65536).isEmpty)
        // A left-over pair, unless somebody has it by now.
        table.discard(topic: "old", companion: "older")
        table.discard(topic: "t2", companion: "c/t2")
        #expect(Set(table.nextToUnsubscribe(count: 100, bytes: 65536)) == ["old", "older"])
    }

    @Test func `Whoever takes a topic over with another companion has his own subscribed, and the old one given up`() {
        for takerIsAccompanied in [true, false] {
            let (holder, taker) = takerIsAccompanied ? (subscriber, accompanied) : (accompanied, subscriber)
            var table = SubscriptionTable()
            table.linkUp(sessionPresent: false)
            _ = table.subscribe(topic: "t", subscriber: holder)
            _ = table.filters(of: send(&table, packetID: 1))
            _ = table.subscribeAcknowledged(packetID: 1, granted: takerIsAccompanied ? [1] : [1, 1])
            #expect(table.subscribe(topic: "t", subscriber: taker) == nil)
            #expect(table.subscriber(of: "t") === taker)
            #expect(table.nextToUnsubscribe(count: 9, bytes: 65536) == (takerIsAccompanied ? [] : ["c/t"]))
            let topics = send(&table, packetID: 2)
            #expect(table.filters(of: topics) == (takerIsAccompanied ? ["t", "c/t"] : ["t"]))
            #expect(told(table.subscribeAcknowledged(packetID: 2, granted: takerIsAccompanied ? [1, 1] : [1])) == 1)
            // The end of the one before changes nothing.
            table.unsubscribe(topic: "t", subscriber: holder)
            #expect(table.nextToUnsubscribe(count: 9, bytes: 65536).isEmpty)
        }
    }

    @Test func `A refused companion is told and the topic stays`() {
        var table = SubscriptionTable()
        table.linkUp(sessionPresent: false)
        for topic in ["a", "b"] as [Topic] {
            _ = table.subscribe(topic: topic, subscriber: accompanied)
        }
        let topics = send(&table, packetID: 1)
        let news = table.subscribeAcknowledged(packetID: 1, granted: [1, 0x87, 0x87, 1])
        #expect(news.count == 3 && told(news) == 1)
        guard case .companionRefused(_, 0x87) = news[0], case .refused(_, 0x87) = news[2] else {
            Issue.record("\(news)")
            return
        }
        #expect(table.subscriber(of: topics[0]) != nil && table.subscriber(of: topics[1]) == nil)
        // Without the topic its companion is worth nothing.
        #expect(table.nextToUnsubscribe(count: 100, bytes: 65536) == ["c/\(topics[1])"])
    }

    @Test func `What is announced with the link down goes out with the next subscribe only once`() {
        var table = SubscriptionTable()
        table.linkUp(sessionPresent: false)
        _ = table.subscribe(topic: "a", subscriber: subscriber)
        _ = send(&table, packetID: 1)
        _ = table.subscribeAcknowledged(packetID: 1, granted: [1])
        let isWithSubscribe = table.announce(with: "a")
        #expect(!isWithSubscribe, "the broker has the subscription: it goes out by itself")
        table.linkLost()
        // Each newer session replaces the older one's announcement; none waits in the queue beside it.
        for _ in 0..<1000 {
            _ = table.subscribe(topic: "a", subscriber: subscriber)
            let isWithSubscribe = table.announce(with: "a")
            #expect(isWithSubscribe)
        }
        table.linkUp(sessionPresent: true)
        #expect(table.nextToSubscribe(count: 100, bytes: 65536).isEmpty)
        #expect(table.nextToAnnounce(count: 100, bytes: 65536) == ["a"])
        #expect(!table.hasSomethingToSend)
    }

    @Test func `Coming and going with the link down does not make the lists grow`() {
        var table = SubscriptionTable()
        for number in 0..<20_000 {
            let topic: Topic = "t\(number)"
            _ = table.subscribe(topic: topic, subscriber: subscriber)
            _ = table.announce(with: topic)
            table.unsubscribe(topic: topic, subscriber: subscriber)
        }
        #expect(table.listedCount <= 2 * 1025)
        _ = table.subscribe(topic: "last", subscriber: subscriber)
        #expect(table.nextToSubscribe(count: 100, bytes: 65536) == ["last"])
    }

    @Test(arguments: [true, false])
    func `Everything is sent again on a new link and the news is told once`(sessionPresent: Bool) {
        var table = SubscriptionTable()
        table.linkUp(sessionPresent: false)
        _ = table.subscribe(topic: "a", subscriber: subscriber)
        #expect(send(&table, packetID: 1) == ["a"])
        #expect(told(table.subscribeAcknowledged(packetID: 1, granted: [1])) == 1)
        _ = table.subscribe(topic: "b", subscriber: subscriber)
        #expect(send(&table, packetID: 2) == ["b"])
        table.linkLost()
        // A broker that says that it kept the session may have read an old one from its disk.
        table.linkUp(sessionPresent: sessionPresent)
        #expect(Set(send(&table, packetID: 3)) == ["a", "b"])
        // The one has heard it before.
        #expect(told(table.subscribeAcknowledged(packetID: 3, granted: [1, 1])) == 1)
        #expect(!table.hasSomethingToSend)
    }

    @Test func `A subscriber that came while the link was down is told when the broker has acknowledged again`() {
        var table = SubscriptionTable()
        table.linkUp(sessionPresent: false)
        _ = table.subscribe(topic: "a", subscriber: subscriber)
        _ = send(&table, packetID: 1)
        _ = table.subscribeAcknowledged(packetID: 1, granted: [1])
        table.linkLost()
        #expect(table.subscribe(topic: "a", subscriber: subscriber) == nil)
        table.linkUp(sessionPresent: true)
        #expect(send(&table, packetID: 2) == ["a"])
        #expect(told(table.subscribeAcknowledged(packetID: 2, granted: [1])) == 1)
    }

    @Test func `An unsubscribe that the link cut is sent again unless the topic is wanted again`() {
        var table = SubscriptionTable()
        table.linkUp(sessionPresent: false)
        for topic in ["a", "b"] as [Topic] {
            _ = table.subscribe(topic: topic, subscriber: subscriber)
        }
        _ = send(&table, packetID: 1)
        _ = table.subscribeAcknowledged(packetID: 1, granted: [1, 1])
        for topic in ["a", "b"] as [Topic] {
            table.unsubscribe(topic: topic, subscriber: subscriber)
        }
        table.unsubscribeSent(table.nextToUnsubscribe(count: 100, bytes: 65536), packetID: 2)
        _ = table.subscribe(topic: "b", subscriber: subscriber)
        table.linkLost()
        #expect(table.hasOpenUnsubscribes)
        table.linkUp(sessionPresent: true)
        #expect(table.nextToUnsubscribe(count: 100, bytes: 65536) == ["a"])
        #expect(send(&table, packetID: 3) == ["b"])
    }

    @Test func `An unsubscribe before the acknowledgement is sent and the answer is for nobody`() {
        var table = SubscriptionTable()
        table.linkUp(sessionPresent: false)
        _ = table.subscribe(topic: "a", subscriber: subscriber)
        _ = send(&table, packetID: 1)
        table.unsubscribe(topic: "a", subscriber: subscriber)
        #expect(table.subscribeAcknowledged(packetID: 1, granted: [1]).isEmpty)
        #expect(table.nextToUnsubscribe(count: 100, bytes: 65536) == ["a"])
    }

    @Test func `A subscription never sent needs no unsubscribe`() {
        var table = SubscriptionTable()
        _ = table.subscribe(topic: "a", subscriber: subscriber)
        table.unsubscribe(topic: "a", subscriber: subscriber)
        _ = table.subscribe(topic: "a", subscriber: subscriber)
        table.unsubscribe(topic: "a", subscriber: subscriber)
        table.linkUp(sessionPresent: false)
        #expect(send(&table, packetID: 1).isEmpty)
        #expect(!table.hasOpenUnsubscribes)
    }

    @Test func `A topic named twice in the list is sent once`() {
        var table = SubscriptionTable()
        for _ in 0..<2 {
            _ = table.subscribe(topic: "a", subscriber: subscriber)
            table.unsubscribe(topic: "a", subscriber: subscriber)
        }
        _ = table.subscribe(topic: "a", subscriber: subscriber)
        #expect(send(&table, packetID: 1) == ["a"])
    }

    @Test func `An answer for fewer topics than asked refuses the rest`() {
        var table = SubscriptionTable()
        for topic in ["a", "b"] as [Topic] {
            _ = table.subscribe(topic: topic, subscriber: subscriber)
        }
        _ = send(&table, packetID: 1)
        let news = table.subscribeAcknowledged(packetID: 1, granted: [0])
        #expect(told(news) == 1)
        #expect(news.count == 2)
        #expect(table.subscriber(of: "b") == nil)
    }
}
