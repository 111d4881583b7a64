import OutsideNames
import Synchronization

/// What one charge point has waiting for the broker, or unacknowledged by it: its share of what all may have
/// (behaviour.md, "Bounds"). Any thread may call it.
package final class OutboundShare: Sendable {
    private let bytes = Atomic(0)
    /// Messages that are no CALLs: those are bounded by their sender's open CALLs.
    private let others = Atomic(0)
    /// A flood of commands makes as many reports; they must not take the room of answers and CALLs.
    private let reports = Atomic(0)

    init() {}

    /// Nothing waits that counts here.
    var isEmpty: Bool { bytes.load(ordering: .relaxed) == 0 && reports.load(ordering: .relaxed) == 0 }

    /// False, and nothing is counted, where this would be too much.
    func take(_ cost: Int, isCall: Bool, mostBytes: Int, mostOthers: Int) -> Bool {
        guard bytes.wrappingAdd(cost, ordering: .relaxed).newValue <= mostBytes else {
            bytes.wrappingSubtract(cost, ordering: .relaxed)
            return false
        }
        if !isCall, others.wrappingAdd(1, ordering: .relaxed).newValue > mostOthers {
            give(cost, isCall: false)
            return false
        }
        return true
    }

    /// The same for a report, which is small: it counts by number alone.
    func takeReport(most: Int) -> Bool {
        guard reports.wrappingAdd(1, ordering: .relaxed).newValue <= most else {
            giveReport()
            return false
        }
        return true
    }

    func giveReport() {
        reports.wrappingSubtract(1, ordering: .relaxed)
    }

    func give(_ cost: Int, isCall: Bool) {
        bytes.wrappingSubtract(cost, ordering: .relaxed)
        if !isCall { others.wrappingSubtract(1, ordering: .relaxed) }
    }
}

/// The shares of charge points whose sessions have ended while something still waits: who connects again and again gets
/// no new share each time.
struct LeftShares {
    private var shares: [Topic: OutboundShare] = [:]
    private var nextSweep = 1024

    /// - Parameter topic: the charge point's downstream topic.
    mutating func take(_ topic: Topic) -> OutboundShare {
        guard let left = shares[topic] else { return OutboundShare() }
        if left.isEmpty { shares[topic] = nil }
        return left
    }

    mutating func leave(_ share: OutboundShare, topic: Topic) {
        guard !share.isEmpty, shares[topic] == nil else { return }
        shares[topic] = share
        guard shares.count >= nextSweep else { return }
        shares = shares.filter { !$0.value.isEmpty }
        nextSweep = max(1024, 2 * shares.count)
    }

    var count: Int { shares.count }
}
