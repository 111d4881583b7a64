import NIOCore
import Synchronization

/// How many connections per second the acceptors of one listener take, together.
final class AcceptRateLimiter: Sendable {
    private let allowance: Mutex<AcceptAllowance>

    /// - Parameter rate: Connections per second; as many may come at once.
    init(rate: Int) {
        self.allowance = Mutex(AcceptAllowance(rate: rate))
    }

    /// When the next connection may be accepted; in the past: now.
    func nextAccept(now: NIODeadline) -> NIODeadline {
        self.allowance.withLock { $0.nextAccept(now: now) }
    }

    func accepted(now: NIODeadline) {
        self.allowance.withLock { $0.accepted(now: now) }
    }
}

/// A token bucket that holds one second's worth, kept as the time at which it would be full again.
struct AcceptAllowance {
    private static let burst = TimeAmount.seconds(1)
    private let interval: TimeAmount
    private var fullAgain: NIODeadline?

    init(rate: Int) {
        self.interval = .nanoseconds(1_000_000_000 / Int64(max(rate, 1)))
    }

    func nextAccept(now: NIODeadline) -> NIODeadline {
        guard let fullAgain = self.fullAgain else { return now }
        return fullAgain + self.interval - Self.burst
    }

    mutating func accepted(now: NIODeadline) {
        self.fullAgain = max(self.fullAgain ?? now, now) + self.interval
    }
}
