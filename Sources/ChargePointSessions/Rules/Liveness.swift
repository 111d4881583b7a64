import NIOCore

/// When a charge point was last heard, and what its silence calls for (behaviour.md, "Liveness").
struct Liveness {
    enum Verdict: Equatable {
        case fine
        case ping
        /// Silent for too long, but it has never answered a ping: its TCP decides.
        case unanswered
        case dead
    }

    /// What a peer's TCP has to acknowledge a ping, at the most.
    private static let acknowledgementTime = TimeAmount.seconds(5)

    // There is one of these for each session: what all go by is handed in.
    private(set) var lastSeen: NIODeadline
    /// In the distant past: none has gone out.
    private var lastPing = NIODeadline.distantPast
    /// What the charge point has been told; negative: nothing.
    private var learntInterval = TimeAmount.nanoseconds(-1)
    private var answersPings = false

    init(now: NIODeadline) {
        lastSeen = now
    }

    /// The interval that is believed to be the charge point's.
    func heartbeatInterval(_ settings: SessionSettings) -> TimeAmount {
        learntInterval >= .zero ? learntInterval : min(settings.defaultHeartbeatInterval, .longest)
    }

    /// The longest silence of one that is alive.
    private func allowedSilence(_ settings: SessionSettings) -> TimeAmount {
        heartbeatInterval(settings).times(min(settings.heartbeatBackoff, .max - 1) + 1)
    }

    private func pingInterval(_ settings: SessionSettings) -> TimeAmount {
        settings.pingInterval.map { min($0, .longest) }
            ?? .nanoseconds(heartbeatInterval(settings).nanoseconds / 2)
    }

    mutating func seen(isPong: Bool = false, now: NIODeadline) {
        lastSeen = now
        if isPong, lastPing != .distantPast { answersPings = true }
    }

    /// The interval of an accepted BootNotification answer or ChangeConfiguration.
    mutating func learn(heartbeatInterval: TimeAmount) {
        learntInterval = min(heartbeatInterval, .longest)
    }

    mutating func check(_ settings: SessionSettings, now: NIODeadline) -> Verdict {
        if now - lastSeen >= allowedSilence(settings) {
            guard !answersPings else { return .dead }
            if isWaitingForAnswer { return now >= acknowledgementDeadline(settings) ? .unanswered : .fine }
        } else if now - max(lastSeen, lastPing) < pingInterval(settings) {
            return .fine
        }
        lastPing = now
        return .ping
    }

    /// A ping has gone out since the last sign of life.
    private var isWaitingForAnswer: Bool { lastPing > lastSeen }

    private func acknowledgementDeadline(_ settings: SessionSettings) -> NIODeadline {
        lastPing + min(pingInterval(settings), Self.acknowledgementTime)
    }

    func nextDeadline(_ settings: SessionSettings) -> NIODeadline {
        let end = lastSeen + allowedSilence(settings)
        let ping = max(lastSeen, lastPing) + pingInterval(settings)
        if ping < end { return ping }
        return !answersPings && isWaitingForAnswer ? max(end, acknowledgementDeadline(settings)) : end
    }
}

extension TimeAmount {
    /// As good as for ever, and far from an overflow when it is added to a point in time.
    static let longest = TimeAmount.hours(24 * 3660)

    /// A time that somebody outside has named, in seconds; not a number counts as none.
    init(boundedSeconds seconds: Double) {
        let longest = Double(Self.longest.nanoseconds)
        self = .nanoseconds(seconds > 0 ? Int64(min(seconds * 1e9, longest)) : 0)
    }

    /// So many of it, at most `longest`.
    func times(_ factor: Int) -> TimeAmount {
        let (product, isTooLong) = nanoseconds.multipliedReportingOverflow(by: Int64(max(0, factor)))
        return isTooLong ? .longest : min(.nanoseconds(product), .longest)
    }
}
