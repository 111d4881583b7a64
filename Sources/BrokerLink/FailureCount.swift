import NIOCore

/// Counts failures by reason, so that a flood of them is one log line now and then, and none is uncounted.
struct FailureCount {
    private let interval: TimeAmount
    private var counts: [String: Int] = [:]
    private var nextReport = NIODeadline.uptimeNanoseconds(0)

    init(interval: TimeAmount = .seconds(10)) {
        self.interval = interval
    }

    mutating func add(_ reason: String) {
        counts[reason, default: 0] += 1
    }

    /// What has to be logged now, if anything: the first failure at once, the following ones summed up.
    mutating func report(now: NIODeadline) -> [(reason: String, count: Int)] {
        guard !counts.isEmpty, now >= nextReport else { return [] }
        nextReport = now + interval
        defer { counts.removeAll() }
        return counts.map { (reason: $0.key, count: $0.value) }
    }

    /// The rest, when nothing more comes.
    mutating func reportAll() -> [(reason: String, count: Int)] {
        nextReport = .uptimeNanoseconds(0)
        return report(now: .now())
    }
}
