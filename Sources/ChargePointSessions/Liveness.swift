import NIOCore

/// When a charge point was last heard, and what its silence calls for (behaviour.md, "Liveness").
struct Liveness {
    enum Verdict: Equatable {
        case fine
        case ping
        case dead
    }

    private let backoff: Int
    private let fixedPingInterval: TimeAmount?
    private var heartbeatInterval: TimeAmount
    private var lastSeen: NIODeadline
    private var lastPing: NIODeadline

    init(settings: SessionSettings, now: NIODeadline) {
        backoff = settings.heartbeatBackoff
        fixedPingInterval = settings.pingInterval
        heartbeatInterval = settings.defaultHeartbeatInterval
        lastSeen = now
        lastPing = now
    }

    /// The longest silence of one that is alive.
    var allowedSilence: TimeAmount { heartbeatInterval * (backoff + 1) }
    private var pingInterval: TimeAmount { fixedPingInterval ?? .nanoseconds(heartbeatInterval.nanoseconds / 2) }

    mutating func seen(now: NIODeadline) {
        lastSeen = now
    }

    /// The interval of an accepted BootNotification answer.
    mutating func learn(heartbeatInterval: TimeAmount) {
        self.heartbeatInterval = heartbeatInterval
    }

    mutating func check(now: NIODeadline) -> Verdict {
        if now - lastSeen >= allowedSilence { return .dead }
        guard now - max(lastSeen, lastPing) >= pingInterval else { return .fine }
        lastPing = now
        return .ping
    }

    var nextDeadline: NIODeadline {
        min(lastSeen + allowedSilence, max(lastSeen, lastPing) + pingInterval)
    }
}
