import Synchronization

/// How long something took, in the buckets of a Prometheus histogram: two atomic additions an observation.
public final class DurationHistogram: Sendable {
    private final class Cell: Sendable {
        let value = Atomic<Int>(0)
    }

    /// Upper bounds in ascending order, each inclusive.
    public let bounds: [Duration]
    /// One more than there are bounds: the last is for what is longer than all of them.
    private let cells: [Cell]
    private let microseconds = Atomic<Int>(0)

    public init(
        bounds: [Duration] = [
            .milliseconds(1), .milliseconds(5), .milliseconds(10), .milliseconds(25), .milliseconds(50),
            .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1), .milliseconds(2500), .seconds(5),
            .seconds(10), .seconds(30),
        ]
    ) {
        self.bounds = bounds
        cells = (0...bounds.count).map { _ in Cell() }
    }

    public func observe(_ duration: Duration) {
        let index = bounds.firstIndex { duration <= $0 } ?? bounds.count
        cells[index].value.wrappingAdd(1, ordering: .relaxed)
        let (seconds, attoseconds) = duration.components
        let micro = Int(clamping: seconds).multipliedReportingOverflow(by: 1_000_000)
        if !micro.overflow {
            microseconds.wrappingAdd(micro.partialValue &+ Int(attoseconds / 1_000_000_000_000), ordering: .relaxed)
        }
    }

    public struct Snapshot: Sendable, Equatable {
        /// Cumulative, by upper bound in seconds; what is longer is in `count` alone.
        public var buckets: [(bound: Double, count: Int)]
        public var count: Int
        /// Seconds.
        public var sum: Double

        public static func == (one: Self, other: Self) -> Bool {
            one.count == other.count && one.sum == other.sum
                && one.buckets.elementsEqual(other.buckets) { $0.bound == $1.bound && $0.count == $1.count }
        }
    }

    public var snapshot: Snapshot {
        var total = 0
        var buckets: [(bound: Double, count: Int)] = []
        for (bound, cell) in zip(bounds, cells) {
            total += cell.value.load(ordering: .relaxed)
            let (seconds, attoseconds) = bound.components
            buckets.append((bound: Double(seconds) + Double(attoseconds) / 1e18, count: total))
        }
        total += cells.last?.value.load(ordering: .relaxed) ?? 0
        return Snapshot(buckets: buckets, count: total, sum: Double(microseconds.load(ordering: .relaxed)) / 1_000_000)
    }
}
