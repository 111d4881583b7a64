import FoundationEssentials
import NIOCore

/// Turns moments of the event loop's clock into RFC 3339 times, so that the rules need no clock of their own.
struct WallClock: Sendable {
    private let date: Date
    private let moment: NIODeadline

    /// - Parameters:
    ///   - date: the wall-clock time at `moment`.
    init(date: Date = Date(), at moment: NIODeadline = .now()) {
        self.date = date
        self.moment = moment
    }

    /// RFC 3339 in UTC, with milliseconds.
    func timestamp(at now: NIODeadline) -> String {
        let seconds = Double((now - moment).nanoseconds) / 1e9
        return date.addingTimeInterval(seconds)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
