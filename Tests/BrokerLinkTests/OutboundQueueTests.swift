import NIOCore
import OutsideNames
import Testing

@testable import BrokerLink

@Suite("The queue to the broker: order, deadlines, and what is sent again")
struct OutboundQueueTests {
    private func message(
        _ topic: Topic, deadline: NIODeadline? = nil, purpose: BrokerPublish.Purpose = .gateway,
        origin: BrokerPublish.Origin? = nil
    ) -> BrokerPublish {
        BrokerPublish(topic: topic, payload: ByteBuffer(), deadline: deadline, origin: origin, purpose: purpose)
    }

    /// Everything that waits, taken out.
    private func topics(_ queue: inout OutboundQueue) -> [Topic] {
        var topics: [Topic] = []
        while let item = queue.takeNext() { topics.append(item.message.topic) }
        return topics
    }

    /// As the link does it.
    private func send(_ queue: inout OutboundQueue, packetID: Int32) {
        if let item = queue.takeNext() { queue.sent(item, packetID: packetID, at: .uptimeNanoseconds(1)) }
    }

    @Test
    func `Acknowledgements may come in any order, and count only once`() {
        var queue = OutboundQueue()
        for number in 1...3 {
            queue.append(message("\(number)"))
            send(&queue, packetID: Int32(number))
        }
        #expect(queue.acknowledged(packetID: 2)?.item.message.topic == "2")
        #expect(queue.acknowledged(packetID: 2) == nil)
        #expect(queue.acknowledged(packetID: 1)?.item.message.topic == "1")
        #expect(queue.acknowledged(packetID: 3)?.item.message.topic == "3")
        #expect(queue.isEmpty)
    }

    @Test
    func `What was in flight is first again, in order, and announcements in front of it`() {
        var queue = OutboundQueue()
        for number in 1...3 { queue.append(message("\(number)")) }
        send(&queue, packetID: 7)
        queue.sent(queue.announcement(message("claim")), packetID: 8, at: .uptimeNanoseconds(1))
        send(&queue, packetID: 9)
        #expect(queue.unacknowledged.count == 3)
        queue.requeueInFlight()
        #expect(queue.inFlightCount == 0)
        #expect(queue.resends)
        #expect(topics(&queue) == ["claim", "1", "2", "3"])
        #expect(!queue.resends)
    }

    @Test
    func `Only what is past its deadline is taken out, also of what was in flight, and the order stays`() {
        var queue = OutboundQueue()
        let now = NIODeadline.now()
        queue.append(message("f", deadline: now))
        send(&queue, packetID: 1)
        queue.append(message("a"))
        queue.append(message("b", deadline: now))
        queue.append(message("c", deadline: now + .seconds(1)))
        queue.append(message("d", deadline: now - .seconds(1)))
        #expect(queue.removeExpired(now: now - .seconds(2)).isEmpty)
        #expect(!queue.hasStaleInFlight(now: now - .seconds(1)))
        #expect(queue.hasStaleInFlight(now: now))
        queue.requeueInFlight()
        #expect(queue.removeExpired(now: now).map(\.topic) == ["f", "b", "d"])
        #expect(queue.removeExpired(now: now + .seconds(1)).map(\.topic) == ["c"])
        #expect(topics(&queue) == ["a"])
    }

    @Test
    func `The newest presence replaces one that waits on its topic, wherever it stands; other topics are left alone`() {
        var queue = OutboundQueue()
        for topic: Topic in ["p/1", "p/2", "p/1"] {
            #expect(queue.append(message(topic, purpose: .presence)) == nil)
            queue.append(message("call"))
        }
        #expect(queue.append(message("p/1", purpose: .presence), replacesOlder: true)?.topic == "p/1")
        #expect(queue.append(message("p/3", purpose: .presence), replacesOlder: true) == nil)
        #expect(topics(&queue) == ["p/1", "call", "p/2", "call", "call", "p/1", "p/3"])
        // It has gone out, so nothing waits any more.
        #expect(queue.append(message("p/1", purpose: .presence), replacesOlder: true) == nil)
    }

    @Test
    func `A CALL that has been answered is not sent again; one that was never on its way, or another's, stays`() {
        let (one, other) = (RecordingSubscriber(), RecordingSubscriber())
        let call = { (subscriber: RecordingSubscriber, topic: Topic) in
            self.message(topic, purpose: .call, origin: .init(subscriber: subscriber, token: "17"))
        }
        var queue = OutboundQueue()
        queue.append(call(one, "one"))
        queue.append(call(other, "other"))
        send(&queue, packetID: 1)
        send(&queue, packetID: 2)
        queue.append(call(one, "new"))
        queue.requeueInFlight()
        #expect(queue.removeResent(of: one, token: "18") == nil)
        #expect(queue.removeResent(of: one, token: "17")?.topic == "one")
        #expect(queue.removeResent(of: one, token: "17") == nil)
        #expect(topics(&queue) == ["other", "new"])
    }

    @Test
    func `A suspect is taken out of its turn by its number, and can be put back there`() throws {
        var queue = OutboundQueue()
        for number in 1...5 { queue.append(message("\(number)")) }
        for packetID in 1...3 { send(&queue, packetID: Int32(packetID)) }
        let numbers = queue.unacknowledged
        queue.requeueInFlight()
        let taken = queue.take(number: numbers[1])
        let second = try #require(taken)
        #expect(second.message.topic == "2")
        #expect(queue.take(number: numbers[1]) == nil)
        queue.putBack(second)
        #expect(topics(&queue) == ["1", "2", "3", "4", "5"])
    }
}
