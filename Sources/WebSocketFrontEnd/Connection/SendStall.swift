import MemoryBudget
import NIOCore

/// Watches a peer that has not taken all that was written to it. Exists only while bytes are pending.
final class SendStall {
    private(set) var lastProgress: NIODeadline
    private(set) var nextCheck: NIODeadline
    private let interval: TimeAmount
    private var pending: Int
    private var writtenSince = 0
    /// Whether a pong lies among the pending bytes.
    private var hasPong = false
    /// The payload of the last ping since. A peer that reads nothing gets no pile of pongs: one lies there for it, and
    /// of the pings behind that one the latest is answered (RFC 6455, 5.5.3).
    private var unansweredPing: ByteBuffer?

    private let memory: MemoryBudget
    /// Of the pending bytes, taken from the memory of all.
    private var counted = 0

    /// - Parameters:
    ///   - timeout: Looked at four times in it, so a dead peer is noticed soon after.
    ///   - memory: What all queues of the process may hold.
    init(pending: Int, now: NIODeadline, timeout: TimeAmount, memory: MemoryBudget = MemoryBudget(limit: .max)) {
        self.memory = memory
        self.pending = pending
        interval = .nanoseconds(max(timeout.nanoseconds / 4, 1_000_000))
        nextCheck = now + interval
        lastProgress = now
    }

    deinit {
        memory.give(counted)
    }

    /// Counts what is pending now.
    ///
    /// - Returns: False where that is more than one peer may leave lying, or than there is memory for.
    func mayLeave(pending: Int, longest: Int) -> Bool {
        guard pending <= longest else { return false }
        if pending > counted {
            guard memory.take(pending - counted) else { return false }
        } else {
            memory.give(counted - pending)
        }
        counted = pending
        return true
    }

    /// Whether a ping's pong is to be written now; if not, that of the latest is once the one before it has been taken.
    func mayWritePong(for ping: ByteBuffer) -> Bool {
        guard hasPong else {
            hasPong = true
            return true
        }
        unansweredPing = ping
        return false
    }

    /// The kernel has the pong that was written.
    ///
    /// - Returns: The ping that is to be answered next.
    func pongTaken() -> ByteBuffer? {
        hasPong = false
        defer { unansweredPing = nil }
        return unansweredPing
    }

    func wrote(_ bytes: Int) {
        writtenSince += bytes
    }

    /// - Parameter pending: Bytes that the peer has not taken yet.
    func update(pending: Int, now: NIODeadline) {
        if pending < self.pending + writtenSince {
            lastProgress = now
        }
        self.pending = pending
        writtenSince = 0
        nextCheck = now + interval
    }
}
