import Testing

@testable import BrokerLink

@Suite struct TurnQueueTests {
    @Test func `Beyond the bound they wait and come in order`() {
        var turns = TurnQueue<String>(most: 2)
        let taken = ["a", "b", "c", "d"].map { turns.take($0) }
        #expect(taken == [true, true, false, false])
        #expect(turns.waitingCount == 2)
        #expect(turns.next() == nil)
        turns.leave("a")
        #expect(turns.next() == "c")
        #expect(turns.next() == nil)
        turns.leave("b")
        turns.leave("c")
        #expect(turns.next() == "d")
        #expect(turns.next() == nil)
        #expect(turns.waitingCount == 0)
    }

    @Test func `Who has its turn keeps it and who waits has one place`() {
        var turns = TurnQueue<String>(most: 1)
        let taken = ["a", "a", "b", "b"].map { turns.take($0) }
        #expect(taken == [true, true, false, false])
        #expect(turns.placeCount == 1)
        turns.leave("a")
        #expect(turns.next() == "b")
        #expect(turns.next() == nil)
    }

    @Test func `Who leaves the queue is not called and comes to its end when it comes again`() {
        var turns = TurnQueue<String>(most: 1)
        _ = ["a", "b", "c"].map { turns.take($0) }
        turns.leave("b")
        let isTaken = turns.take("b")
        #expect(!isTaken)
        turns.leave("a")
        #expect(turns.next() == "c")
        turns.leave("c")
        #expect(turns.next() == "b")
    }

    @Test func `Those who come and go do not make the queue grow`() {
        var turns = TurnQueue<Int>(most: 1)
        _ = turns.take(-1)
        for number in 0..<10_000 {
            _ = turns.take(number)
            turns.leave(number)
        }
        #expect(turns.placeCount <= 257 && turns.waitingCount == 0)
        _ = turns.take(10_000)
        turns.leave(-1)
        #expect(turns.next() == 10_000)
    }
}
