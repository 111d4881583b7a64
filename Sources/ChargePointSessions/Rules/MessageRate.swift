import NIOCore

/// A token bucket over the messages of one charge point (`limits.messages_per_second`); one second's worth deep.
///
/// What it holds is told by one moment, as it fills evenly: each message puts off by its share of a second when the
/// bucket is full again, and there is none left while that is more than a second away.
struct MessageRate {
    private static let depth = TimeAmount.seconds(1)

    private var fullAt = NIODeadline.distantPast

    /// Takes one message; false when it must wait until `nextToken`.
    ///
    /// - Parameter perSecond: 0 is no limit.
    mutating func take(perSecond: Int, now: NIODeadline) -> Bool {
        guard perSecond > 0 else { return true }
        let after = max(fullAt, now) + Self.share(perSecond)
        guard after <= now + Self.depth else { return false }
        fullAt = after
        return true
    }

    /// The setting has changed: the bucket is full again.
    mutating func refill() {
        fullAt = .distantPast
    }

    func nextToken(perSecond: Int) -> NIODeadline {
        guard perSecond > 0 else { return .distantFuture }
        return fullAt + Self.share(perSecond) - Self.depth
    }

    /// Of one message, rounded down: as many as are allowed fit into a second.
    private static func share(_ perSecond: Int) -> TimeAmount {
        .nanoseconds(depth.nanoseconds / Int64(perSecond))
    }
}
