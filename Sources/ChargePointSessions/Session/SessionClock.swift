import NIOCore

/// The time that sessions go by: read once for each event, and passed on with it.
package struct SessionClock: Sendable {
    package let now: @Sendable () -> NIODeadline

    package init(now: @escaping @Sendable () -> NIODeadline = { .now() }) {
        self.now = now
    }

    /// The point in time of a Unix time, in seconds, by the wall clock as it is set now.
    ///
    /// - Parameter now: by this clock.
    static func deadline(ofUnixTime seconds: Int64, now: NIODeadline) -> NIODeadline {
        let milliseconds = min(max(seconds, 0), 1 << 40) * 1000 - WallClock.milliseconds()
        let longest = TimeAmount.longest.nanoseconds / 1_000_000
        return now + .milliseconds(min(max(milliseconds, 0), longest))
    }

    /// In milliseconds since 1970, by the wall clock as it is set now.
    static func unixMilliseconds(of time: NIODeadline, now: NIODeadline) -> Int64 {
        WallClock.milliseconds() - (now - time).nanoseconds / 1_000_000
    }
}
