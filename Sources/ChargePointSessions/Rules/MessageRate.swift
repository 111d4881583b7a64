import NIOCore

/// A token bucket over the messages of one charge point (`limits.messages_per_second`); one second's worth deep.
struct MessageRate {
    private var perSecond: Int
    private var tokens: Double
    private var filledAt: NIODeadline

    /// - Parameter perSecond: 0 is no limit.
    init(perSecond: Int, now: NIODeadline) {
        self.perSecond = perSecond
        tokens = Double(perSecond)
        filledAt = now
    }

    /// The setting has changed: the bucket is full again.
    mutating func apply(perSecond: Int, now: NIODeadline) {
        guard perSecond != self.perSecond else { return }
        self = MessageRate(perSecond: perSecond, now: now)
    }

    /// Takes one message; false when it must wait until `nextToken`.
    mutating func take(now: NIODeadline) -> Bool {
        guard perSecond > 0 else { return true }
        let elapsed = Double((now - filledAt).nanoseconds) / 1e9
        tokens = min(Double(perSecond), tokens + elapsed * Double(perSecond))
        filledAt = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    var nextToken: NIODeadline {
        guard perSecond > 0 else { return .distantFuture }
        // A millisecond more than needed: the timer must not come a rounding error too early.
        return filledAt + .nanoseconds(Int64(max(0, 1 - tokens) / Double(perSecond) * 1e9)) + .milliseconds(1)
    }
}
