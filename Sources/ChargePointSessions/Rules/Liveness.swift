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

    private var backoff: Int
    private var fixedPingInterval: TimeAmount?
    private(set) var heartbeatInterval: TimeAmount
    /// Else it is the setting's.
    private var hasLearntInterval = false
    private(set) var lastSeen: NIODeadline
    private var lastPing: NIODeadline
    private var hasPinged = false
    private var answersPings = false

    init(settings: SessionSettings, now: NIODeadline) {
        backoff = settings.heartbeatBackoff
        fixedPingInterval = settings.pingInterval.map { min($0, .longest) }
        heartbeatInterval = min(settings.defaultHeartbeatInterval, .longest)
        lastSeen = now
        lastPing = now
    }

    /// The settings have changed; what the charge point has been told stays.
    mutating func apply(_ settings: SessionSettings) {
        backoff = settings.heartbeatBackoff
        fixedPingInterval = settings.pingInterval.map { min($0, .longest) }
        if !hasLearntInterval { heartbeatInterval = min(settings.defaultHeartbeatInterval, .longest) }
    }

    /// The longest silence of one that is alive.
    var allowedSilence: TimeAmount { heartbeatInterval.times(min(backoff, .max - 1) + 1) }
    private var pingInterval: TimeAmount { fixedPingInterval ?? .nanoseconds(heartbeatInterval.nanoseconds / 2) }

    mutating func seen(isPong: Bool = false, now: NIODeadline) {
        lastSeen = now
        if isPong, hasPinged { answersPings = true }
    }

    /// The interval of an accepted BootNotification answer or ChangeConfiguration.
    mutating func learn(heartbeatInterval: TimeAmount) {
        self.heartbeatInterval = min(heartbeatInterval, .longest)
        hasLearntInterval = true
    }

    mutating func check(now: NIODeadline) -> Verdict {
        if now - lastSeen >= allowedSilence {
            guard !answersPings else { return .dead }
            if isWaitingForAnswer { return now >= acknowledgementDeadline ? .unanswered : .fine }
        } else if now - max(lastSeen, lastPing) < pingInterval {
            return .fine
        }
        lastPing = now
        hasPinged = true
        return .ping
    }

    /// A ping has gone out since the last sign of life.
    private var isWaitingForAnswer: Bool { lastPing > lastSeen }

    private var acknowledgementDeadline: NIODeadline { lastPing + min(pingInterval, Self.acknowledgementTime) }

    var nextDeadline: NIODeadline {
        let end = lastSeen + allowedSilence
        let ping = max(lastSeen, lastPing) + pingInterval
        if ping < end { return ping }
        return !answersPings && isWaitingForAnswer ? max(end, acknowledgementDeadline) : end
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
