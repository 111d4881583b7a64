import MemoryBudget
import NIOCore
import OutsideNames
import Testing

@testable import BrokerLink

@Suite("behaviour.md, Bounds: what waits for the broker")
struct OutboundBoundsTests {
    private let cost = BrokerPublish(topic: "t", payload: ByteBuffer(repeating: 0, count: 1000)).cost

    private func message(_ purpose: BrokerPublish.Purpose, of share: OutboundShare?) -> BrokerPublish {
        BrokerPublish(topic: "t", payload: ByteBuffer(repeating: 0, count: 1000), purpose: purpose, share: share)
    }

    /// How many of these are taken until one is refused.
    private func admitted(_ purpose: BrokerPublish.Purpose, of share: OutboundShare?, by pending: PendingCount) -> Int {
        var count = 0
        while pending.admit(message(purpose, of: share)) { count += 1 }
        return count
    }

    @Test
    func `One charge point has its share of the bytes, and what is refused costs nothing`() {
        let memory = MemoryBudget(limit: 80 * cost)
        let pending = PendingCount(limit: 100_000, memory: memory)
        let (greedy, modest) = (OutboundShare(), OutboundShare())
        #expect(admitted(.call, of: greedy, by: pending) == 20)
        #expect(memory.used == 20 * cost)
        #expect(pending.current == 20)
        #expect(pending.admit(message(.call, of: modest)))
        for _ in 0..<20 { pending.remove(message(.call, of: greedy)) }
        #expect(greedy.isEmpty)
        #expect(memory.used == cost)
        #expect(pending.current == 1)
    }

    @Test
    func `When it gets tight, copies give way first, then presence, then CALLs; answers and reports get the rest`() {
        let memory = MemoryBudget(limit: 80 * cost)
        let pending = PendingCount(limit: 100_000, memory: memory)
        #expect(admitted(.copy, of: nil, by: pending) == 40)
        #expect(admitted(.presence, of: nil, by: pending) == 20)
        #expect(admitted(.call, of: nil, by: pending) == 10)
        #expect(admitted(.copy, of: nil, by: pending) == 0)
        #expect(admitted(.answer, of: nil, by: pending) == 10)
        #expect(admitted(.report, of: nil, by: pending) == 0)
        #expect(memory.used == memory.limit)
    }

    @Test
    func
        `Reports, copies and presence of one charge point have a share of broker.max_pending; CALLs do not count there`()
    {
        let pending = PendingCount(limit: 3200)
        let share = OutboundShare()
        #expect(admitted(.report, of: share, by: pending) == 800)
        #expect(admitted(.copy, of: share, by: pending) == 100)
        #expect(admitted(.presence, of: share, by: pending) == 100)
        #expect(pending.admit(message(.call, of: share)))
        #expect(pending.admit(message(.report, of: OutboundShare())))
    }

    @Test
    func `Who connects again while something of it waits keeps its share`() {
        var left = LeftShares()
        let share = left.take("cs/1")
        left.leave(share, topic: "cs/1")
        #expect(left.count == 0)
        #expect(share.take(10, isCall: false, mostBytes: 10, mostOthers: 1))
        left.leave(share, topic: "cs/1")
        #expect(left.take("cs/1") === share)
        #expect(left.take("cs/2") !== share)
        // A second session of the same charge point that ends meanwhile changes nothing.
        let other = OutboundShare()
        #expect(other.take(1, isCall: true, mostBytes: 10, mostOthers: 1))
        left.leave(other, topic: "cs/1")
        #expect(left.take("cs/1") === share)
        share.give(10, isCall: false)
        #expect(left.take("cs/1") === share)
        #expect(left.count == 0)
    }

    @Test
    func `Reading from the broker pauses when the event loops have too many bytes before them, and is told to go on`() {
        let memory = MemoryBudget(limit: 8000)
        let backlog = DeliveryBacklog(memory: memory)
        #expect(backlog.byteLimit == 1000)
        backlog.handedOver(1, bytes: 600)
        #expect(!backlog.isFull)
        backlog.handedOver(1, bytes: 600)
        #expect(backlog.isFull)
        #expect(memory.used == 1200)
        #expect(backlog.finished(1, bytes: 600))
        #expect(!backlog.isFull)
        #expect(!backlog.finished(1, bytes: 600))
        #expect(backlog.isEmpty)
        #expect(memory.used == 0)
    }
}
