import Synchronization

/// What all queues of all sessions together may hold, in bytes (`limits.memory`; behaviour.md, "Bounds").
///
/// Whoever puts a message from outside into a queue takes its bytes first, and gives them back when it leaves the
/// queue. Any thread may call it.
public final class MemoryBudget: Sendable {
    /// What one session may hold each way, unless a quarter of the whole is less.
    private static let largestShare = 4 << 20

    private let most: Atomic<Int>
    private let taken = Atomic(0)

    /// - Parameter limit: bytes, at least 1.
    public init(limit: Int) {
        most = Atomic(max(1, limit))
    }

    public var limit: Int { most.load(ordering: .relaxed) }

    /// What is held already stays, also where it is more than that.
    ///
    /// - Parameter limit: bytes, at least 1.
    public func use(limit: Int) {
        most.store(max(1, limit), ordering: .relaxed)
    }

    /// Bytes that queues hold now.
    public var used: Int { taken.load(ordering: .relaxed) }

    /// The most that one session may hold each way, in bytes.
    public var share: Int { max(1, min(Self.largestShare, limit / 4)) }

    /// Counts bytes that are about to be held; false, and nothing is counted, where that is too much.
    ///
    /// - Parameter reserve: bytes that are to stay free for what is more urgent, at most `limit`.
    public func take(_ bytes: Int, leaving reserve: Int = 0) -> Bool {
        let limit = limit
        guard bytes <= limit else { return false }
        let new = taken.wrappingAdd(bytes, ordering: .relaxed).newValue
        guard new <= limit - reserve else {
            give(bytes)
            return false
        }
        return true
    }

    /// Counts bytes that cannot be refused, because they are held already; the next ones will be.
    public func force(_ bytes: Int) {
        taken.wrappingAdd(bytes, ordering: .relaxed)
    }

    /// They are held no longer.
    public func give(_ bytes: Int) {
        taken.wrappingSubtract(bytes, ordering: .relaxed)
    }
}
