import Dispatch
import Logging
import Management
import OutsideNames
import Synchronization

/// Holds repeated log lines back, and has them summed up in time (`RepeatedLines`).
final class LogLimiter: Sendable {
    private struct State {
        var lines = RepeatedLines()
        var isArmed = false
        var heldBack = 0
    }

    /// Whom a line is about, the most telling first.
    private static let subjects = ["cid", "client_id", "remote", "listener", "connection"]
    /// The line of counters comes as often as the operator has asked for it, and nobody else can make it come.
    private static let neverHeldBack = LogText(StatisticsLog.message)
    /// What has been changed is told whatever else was tried.
    private static let audit = LogText(ManagementAudit.message)
    /// Bytes of a name that tell lines apart.
    private static let longestName = 255

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "log-limiter")
    private let now: @Sendable () -> ContinuousClock.Instant
    private let write: @Sendable (RepeatedLines.Summary) -> Void

    /// - Parameter write: writes the line that sums up.
    init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        write: @escaping @Sendable (RepeatedLines.Summary) -> Void
    ) {
        self.now = now
        self.write = write
    }

    /// Whether the line is to be written; counts it if not. Debug and trace lines always are: who asks for those wants
    /// each frame, and the writer's buffer bounds them.
    ///
    /// - Parameter metadata: the line's own first, then its logger's.
    func admits(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata?...) -> Bool {
        guard level >= .info else { return true }
        let message = LogText(message)
        if message == Self.neverHeldBack { return true }
        let isAudit = message == Self.audit
        if isAudit, !metadata.contains(where: ManagementAudit.isRefusal) { return true }
        let subject = isAudit ? Self.caller(metadata) : Self.subject(metadata)
        let kind = RepeatedLines.Kind(message: message, subject: subject)
        let now = now()
        let (verdict, delay) = state.withLock { state in
            let verdict = state.lines.judge(kind, level, at: now)
            if !verdict.isWritten { state.heldBack += 1 }
            guard !verdict.isWritten, !state.isArmed else { return (verdict, Duration?.none) }
            state.isArmed = true
            return (verdict, state.lines.nextSummary.map { now.duration(to: $0) } ?? RepeatedLines.span)
        }
        if let summary = verdict.summary { write(summary) }
        if let delay { arm(delay) }
        return verdict.isWritten
    }

    /// Lines since start that were not to be written.
    var heldBack: Int { state.withLock { $0.heldBack } }

    /// Writes what is to be summed up.
    ///
    /// - Parameter early: all that was held back so far.
    func sumUp(early: Bool = false) {
        let now = now()
        for summary in state.withLock({ $0.lines.summaries(at: now, early: early) }) { write(summary) }
    }

    private func arm(_ delay: Duration) {
        let (seconds, attoseconds) = delay.components
        let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        queue.asyncAfter(deadline: .now() + .nanoseconds(Int(clamping: nanoseconds))) { [weak self] in
            self?.sumUpInTime()
        }
    }

    private func sumUpInTime() {
        sumUp()
        let now = now()
        let delay = state.withLock { state in
            let next = state.lines.nextSummary
            state.isArmed = next != nil
            return next.map { max(now.duration(to: $0), .milliseconds(10)) }
        }
        if let delay { arm(delay) }
    }

    /// Who has tried to change something: one key's refusals never hide another's.
    private static func caller(_ metadata: [Logger.Metadata?]) -> RepeatedLines.Subject? {
        let texts = ["key", "remote"].compactMap { key in
            metadata.lazy.compactMap { $0?[key] }.first.map { name($0, isAddress: false).text }
        }
        return .init(key: LogText("key"), value: LogText(texts.joined(separator: " at ")))
    }

    private static func subject(_ metadata: [Logger.Metadata?]) -> RepeatedLines.Subject? {
        for key in subjects {
            for metadata in metadata {
                guard let value = metadata?[key] else { continue }
                let name = name(value, isAddress: key == "remote")
                // A refused handshake without an identity has `-` there.
                if name != "-" { return .init(key: LogText(key), value: name) }
            }
        }
        return nil
    }

    /// An address without its port, which is another one for each connection.
    private static func name(_ value: Logger.Metadata.Value, isAddress: Bool) -> LogText {
        let text = if case .string(let text) = value { text } else { "\(value)" }
        var bytes = text.utf8.prefix(longestName)
        if isAddress, let colon = bytes.lastIndex(of: UInt8(ascii: ":")) { bytes = bytes[..<colon] }
        return LogText(String(decoding: bytes, as: UTF8.self))
    }
}
