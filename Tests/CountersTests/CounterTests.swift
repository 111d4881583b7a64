import Counters
import Testing

@Suite struct `Counters of a room` {
    private enum Count: Int, CaseIterable, Sendable {
        case first, second
    }

    @Test func `Each key is counted for itself`() {
        let counters = CounterSet<Count>()
        counters.add(.second)
        counters.add(.second, 2)
        #expect(counters.value(.first) == 0)
        #expect(counters.value(.second) == 3)
    }

    @Test func `A histogram counts up to each bound, and knows the sum`() {
        let histogram = DurationHistogram(bounds: [.milliseconds(10), .seconds(1)])
        for duration: Duration in [.milliseconds(10), .milliseconds(11), .seconds(2), .seconds(Int64.max)] {
            histogram.observe(duration)
        }
        let snapshot = histogram.snapshot
        #expect(snapshot.buckets.map(\.count) == [1, 2])
        #expect(snapshot.count == 4)
        #expect(snapshot.sum == 2.021)
    }
}
