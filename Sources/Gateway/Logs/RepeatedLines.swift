import Logging
import OutsideNames

/// A text of a log line as it is compared: by its bytes, since outsiders choose some of them.
typealias LogText = OutsideName<LogTextKind>
enum LogTextKind {}

/// Which log lines are written: of one kind about one charge point ten in ten seconds, and so many of all together. The
/// others are counted, and summed up when their ten seconds are over (behaviour.md, "Bounds").
///
/// Without input or output; a table of bounded size, since whoever connects chooses the identities in it.
struct RepeatedLines {
    /// What makes lines alike: the message, and whom it is about.
    struct Kind: Hashable, Sendable {
        var message: LogText
        /// Nil: nobody, or many.
        var subject: Subject?
    }

    /// Whom a line is about: `cid=CP1`.
    struct Subject: Hashable, Sendable {
        var key: LogText
        var value: LogText
    }

    /// Lines that were not written.
    struct Summary: Equatable, Sendable {
        var kind: Kind
        var level: Logger.Level
        var count: Int
        /// From the first line of the kind that was written to now, rounded up.
        var seconds: Int64
    }

    struct Verdict: Equatable {
        var isWritten: Bool
        /// To be written in front of it.
        var summary: Summary?
    }

    static let span = Duration.seconds(10)
    static let linesInFull = 10
    /// Of all that is about somebody; what the gateway says of itself is never held back for others' lines.
    static let mostLines = 10_000
    static let mostKinds = 8192
    /// Beyond `mostKinds`, for lines about nobody or many: as many as there are messages, and some.
    private static let reserve = 256

    private struct Window {
        let start: ContinuousClock.Instant
        let level: Logger.Level
        var lines: Int
        /// Not written.
        var more = 0

        func isOver(at now: ContinuousClock.Instant) -> Bool { start.duration(to: now) >= RepeatedLines.span }

        func summary(_ kind: Kind, at now: ContinuousClock.Instant) -> Summary? {
            guard more > 0 else { return nil }
            let (seconds, rest) = min(start.duration(to: now), RepeatedLines.span).components
            return Summary(kind: kind, level: level, count: more, seconds: max(1, seconds + (rest > 0 ? 1 : 0)))
        }
    }

    private var windows: [Kind: Window] = [:]
    /// The ten seconds of all together.
    private var all: (start: ContinuousClock.Instant, lines: Int)?
    private var swept: ContinuousClock.Instant?

    /// A line is about to be written.
    mutating func judge(_ kind: Kind, _ level: Logger.Level, at now: ContinuousClock.Instant) -> Verdict {
        var summary: Summary?
        if let window = windows[kind] {
            guard window.isOver(at: now) else { return Verdict(isWritten: admitsAgain(kind, level, at: now)) }
            summary = window.summary(kind, at: now)
            windows[kind] = nil
        }
        guard admitsOne(kind, level, at: now) else { return Verdict(isWritten: false, summary: summary) }
        if hasRoom(for: kind, at: now) { windows[kind] = Window(start: now, level: level, lines: 1) }
        return Verdict(isWritten: true, summary: summary)
    }

    /// The kind's ten seconds have begun already.
    private mutating func admitsAgain(_ kind: Kind, _ level: Logger.Level, at now: ContinuousClock.Instant) -> Bool {
        guard windows[kind]?.lines ?? 0 < Self.linesInFull else {
            windows[kind]?.more += 1
            return false
        }
        guard admitsOne(kind, level, at: now) else { return false }
        windows[kind]?.lines += 1
        return true
    }

    /// Whether the lines of all together leave room for one; if not, it is counted with its message's.
    private mutating func admitsOne(_ kind: Kind, _ level: Logger.Level, at now: ContinuousClock.Instant) -> Bool {
        guard kind.subject != nil else { return true }
        var all = all ?? (now, 0)
        if all.start.duration(to: now) >= Self.span { all = (now, 0) }
        defer { self.all = all }
        if all.lines < Self.mostLines {
            all.lines += 1
            return true
        }
        var others = Kind(message: kind.message)
        if windows[others] == nil, !hasRoom(for: others, at: now) { others = Kind(message: "log lines") }
        windows[others, default: Window(start: now, level: level, lines: 0)].more += 1
        return false
    }

    private mutating func hasRoom(for kind: Kind, at now: ContinuousClock.Instant) -> Bool {
        let most = kind.subject == nil ? Self.mostKinds + Self.reserve : Self.mostKinds
        // Looking through a table that stays full is not for every line.
        if windows.count >= most, swept.map({ $0.duration(to: now) >= .seconds(1) }) ?? true {
            swept = now
            windows = windows.filter { !$1.isOver(at: now) || $1.more > 0 }
        }
        return windows.count < most
    }

    /// What is to be summed up by now, the louder first.
    ///
    /// - Parameter early: those too whose ten seconds are not over.
    mutating func summaries(at now: ContinuousClock.Instant, early: Bool = false) -> [Summary] {
        var summaries: [Summary] = []
        for (kind, window) in windows where early || window.isOver(at: now) {
            if let summary = window.summary(kind, at: now) { summaries.append(summary) }
            windows[kind] = nil
        }
        return summaries.sorted { ($1.count, $0.kind.message) < ($0.count, $1.kind.message) }
    }

    /// When `summaries` has something to say next, if no line comes.
    var nextSummary: ContinuousClock.Instant? {
        windows.values.lazy.filter { $0.more > 0 }.map(\.start).min()?.advanced(by: Self.span)
    }

    var kindCount: Int { windows.count }
}
