import MemoryBudget
import Synchronization

/// The messages that wait or are unacknowledged, over all connections of a link: their number, and their bytes, which
/// come out of the memory that all queues of the process share.
///
/// When it gets tight the copies of refused messages give way first, then presence, then CALLs, whose senders keep
/// them. What is left is for answers and reports, which nobody sends again.
final class PendingCount: Sendable {
    let memory: MemoryBudget
    private let count = Atomic(0)
    private let limit: Int
    /// Messages of one charge point that are no CALLs.
    private let mostOthers: Int
    /// Of one charge point's reports: a flood of commands for it makes as many, and each of their senders is told.
    private let mostReports: Int

    init(limit: Int, memory: MemoryBudget = MemoryBudget(limit: .max)) {
        self.limit = min(limit, .max / 2)
        self.memory = memory
        mostOthers = max(64, limit / 32)
        mostReports = max(64, limit / 4)
    }

    var current: Int { count.load(ordering: .relaxed) }

    /// Counts one more, unless that is too many. What nobody can send again, an answer or a report, gets twice the
    /// room.
    func admit(_ message: BrokerPublish) -> Bool {
        let new = count.wrappingAdd(1, ordering: .relaxed).newValue
        let canTryAgain = message.origin != nil && message.purpose != .answer
        guard new <= (canTryAgain ? limit : 2 * limit) else {
            remove(messages: 1, bytes: 0)
            return false
        }
        guard takeBytes(of: message) else {
            remove(messages: 1, bytes: 0)
            return false
        }
        return true
    }

    private func takeBytes(of message: BrokerPublish) -> Bool {
        let cost = message.cost
        let (most, reserve) =
            switch message.purpose {
            case .copy: (memory.share / 2, memory.limit / 2)
            case .presence: (memory.share, memory.limit / 4)
            case .call, .send, .reply: (memory.share, memory.limit / 8)
            case .answer, .report, .gateway: (memory.share + memory.share / 4, 0)
            }
        guard takeShare(of: message, cost: cost, mostBytes: most) else { return false }
        guard memory.take(cost, leaving: reserve) else {
            giveShare(of: message, cost: cost)
            return false
        }
        return true
    }

    private func takeShare(of message: BrokerPublish, cost: Int, mostBytes: Int) -> Bool {
        guard let share = message.share else { return true }
        if message.purpose == .report { return share.takeReport(most: mostReports) }
        return share.take(
            cost, isCall: message.purpose == .call, mostBytes: mostBytes,
            // The newest presence replaces what waits, so it must get in.
            mostOthers: message.purpose == .presence ? 2 * mostOthers : mostOthers)
    }

    private func giveShare(of message: BrokerPublish, cost: Int) {
        if message.purpose == .report {
            message.share?.giveReport()
        } else {
            message.share?.give(cost, isCall: message.purpose == .call)
        }
    }

    /// One that was admitted is no longer pending.
    func remove(_ message: BrokerPublish) {
        remove(messages: 1, bytes: releaseShare(of: message))
    }

    /// Of many, whose number and bytes are removed together later: takes it off its charge point's share.
    ///
    /// - Returns: the bytes.
    func releaseShare(of message: BrokerPublish) -> Int {
        let cost = message.cost
        giveShare(of: message, cost: cost)
        return cost
    }

    func remove(messages: Int, bytes: Int) {
        count.wrappingSubtract(messages, ordering: .relaxed)
        if bytes > 0 { memory.give(bytes) }
    }
}
