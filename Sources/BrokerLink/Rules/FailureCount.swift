import NIOCore
import OutsideNames

/// Counts failures by reason, so that a flood of them is one log line now and then, and none is uncounted.
struct FailureCount {
    /// So many failures of one kind, and the topic of the first.
    typealias Report = (reason: String, count: Int, topic: Topic)

    private let interval: TimeAmount
    private var counts: [String: (count: Int, topic: Topic)] = [:]
    private var nextReport = NIODeadline.uptimeNanoseconds(0)

    init(interval: TimeAmount = .seconds(10)) {
        self.interval = interval
    }

    /// - Parameter topic: that of the first is named, as an example.
    mutating func add(_ reason: String, topic: Topic) {
        counts[reason, default: (0, topic)].count += 1
    }

    /// What has to be logged now, if anything: the first failure at once, the following ones summed up.
    mutating func report(now: NIODeadline) -> [Report] {
        guard !counts.isEmpty, now >= nextReport else { return [] }
        nextReport = now + interval
        defer { counts.removeAll() }
        return counts.map { (reason: $0.key, count: $0.value.count, topic: $0.value.topic) }
    }

    /// The rest, when nothing more comes.
    mutating func reportAll() -> [Report] {
        nextReport = .uptimeNanoseconds(0)
        return report(now: .now())
    }
}
