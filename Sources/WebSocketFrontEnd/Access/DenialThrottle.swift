import NIOCore

/// How often denied connections are told of: each one, until they come in floods; then sums, once a second.
///
/// A denied connection costs its sender a SYN, so a line for each would let anyone fill the log.
struct DenialThrottle {
    enum Report: Equatable {
        case now
        /// Told of later with others. The first of them asks to be reminded in a second.
        case later(startsTimer: Bool)
    }

    /// Reports per second, one by one.
    private static let burst = 10
    private var secondBegan: NIODeadline?
    private var reported = 0
    private(set) var withheld = 0

    mutating func denied(now: NIODeadline) -> Report {
        if let began = secondBegan, now < began + .seconds(1) {
            guard reported >= Self.burst else {
                reported += 1
                return .now
            }
            withheld += 1
            return .later(startsTimer: withheld == 1)
        }
        secondBegan = now
        reported = 1
        return .now
    }

    /// How many were not told of yet.
    mutating func takeWithheld() -> Int {
        defer { withheld = 0 }
        return withheld
    }
}
