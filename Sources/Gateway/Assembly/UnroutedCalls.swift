import NIOCore

/// When to say that nobody subscribes to what charge points send: at once, then at most once a minute.
struct UnroutedCalls {
    private static let interval = TimeAmount.minutes(1)

    private var count = 0
    private var nextReport = NIODeadline.uptimeNanoseconds(0)

    /// One more; how many there were since the last time, if it is to be said now.
    mutating func found(now: NIODeadline) -> Int? {
        count += 1
        guard now >= nextReport else { return nil }
        nextReport = now + Self.interval
        defer { count = 0 }
        return count
    }
}
