import NIOCore

/// Watches a peer that has not taken all that was written to it. Exists only while bytes are pending.
final class SendStall {
    private(set) var lastProgress: NIODeadline
    private(set) var nextCheck: NIODeadline
    private let interval: TimeAmount
    private var pending: Int
    private var writtenSince = 0
    /// The payload of the last ping that waits for its pong. A peer that reads nothing gets no pile of pongs:
    /// answering the latest is enough (RFC 6455, 5.5.3).
    var unansweredPing: ByteBuffer?

    /// - Parameter timeout: Looked at four times in it, so a dead peer is noticed soon after.
    init(pending: Int, now: NIODeadline, timeout: TimeAmount) {
        self.pending = pending
        self.interval = .nanoseconds(max(timeout.nanoseconds / 4, 1_000_000))
        self.nextCheck = now + self.interval
        self.lastProgress = now
    }

    func wrote(_ bytes: Int) {
        self.writtenSince += bytes
    }

    /// - Parameter pending: Bytes that the peer has not taken yet.
    func update(pending: Int, now: NIODeadline) {
        if pending < self.pending + self.writtenSince {
            self.lastProgress = now
        }
        self.pending = pending
        self.writtenSince = 0
        self.nextCheck = now + self.interval
    }
}
