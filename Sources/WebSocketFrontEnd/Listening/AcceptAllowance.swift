import NIOCore

/// A token bucket that holds one second's worth, kept as the time at which it would be full again.
struct AcceptAllowance {
    private static let burst = TimeAmount.seconds(1)
    private let interval: TimeAmount
    private var fullAgain: NIODeadline?

    init(rate: Int) {
        interval = .nanoseconds(1_000_000_000 / Int64(max(rate, 1)))
    }

    /// - Parameter reserve: So many more must be free.
    func nextAccept(now: NIODeadline, reserve: Int = 0) -> NIODeadline {
        guard let fullAgain else { return now }
        return fullAgain + interval * (reserve + 1) - Self.burst
    }

    /// One was counted that should not have been.
    mutating func giveBack() {
        fullAgain = fullAgain.map { $0 - interval }
    }

    mutating func accepted(now: NIODeadline) {
        fullAgain = max(fullAgain ?? now, now) + interval
    }
}
