import DequeModule

/// Who is asked about when, and who is sent away: the queue, the breaker and the time of each handshake together
/// (authentication.md, "Load"). No clock, no lock and no chance in it.
struct GateRules: Sendable {
    typealias Ticket = WaitingLine.Ticket

    enum SentAway: Equatable {
        case backendDown, lineFull, replaced, overdue

        var reason: String {
            switch self {
            case .backendDown: "the backend is down"
            case .lineFull: "too many handshakes wait"
            case .replaced: "a newer handshake of the same charge point has taken its place"
            case .overdue: "no verdict in time"
            }
        }
    }

    enum Action: Equatable {
        case ask(Ticket)
        /// 503. `pause`: seconds until it is worth trying again, to be spread at random for each.
        case sendAway(Ticket, SentAway, pause: Double)
        case stopAsking(Ticket)
        case wentDown(probeAt: ContinuousClock.Instant)
        /// A handshake that was to find it again has failed.
        case stayedDown
        case cameUp
    }

    /// How an asking has ended.
    enum End: Equatable {
        /// With a verdict, or with nonsense.
        case answered
        case unreachable
        /// Nobody waited for it any more, and it did not come to an answer.
        case gaveUp
    }

    private struct Asking {
        /// The breaker's when it began.
        let turn: Int
        var stage: Stage
    }

    private enum Stage {
        case open(since: ContinuousClock.Instant)
        /// Sent away meanwhile. `wasLong`: the backend had the greater part of the time for itself.
        case overdue(wasLong: Bool)
        /// The charge point has gone.
        case left
    }

    private let timeout: Duration
    private let poolSize: Int
    private var line: WaitingLine
    private(set) var breaker: BackendBreaker
    private var rate: VerdictRate
    /// Those that take up a place of the pool; also when nobody waits for the answer any more.
    private var asked: [Ticket: Asking] = [:]
    /// In the order of their time; also of those that have their verdict.
    private var deadlines = Deque<(ticket: Ticket, at: ContinuousClock.Instant)>()

    /// - Parameter canBeProbed: by a question about nobody; else the next handshakes show when the backend is back.
    init(configuration: AuthenticationGateConfiguration, canBeProbed: Bool, at now: ContinuousClock.Instant) {
        breaker = BackendBreaker(canBeProbed: canBeProbed)
        timeout = configuration.timeout
        poolSize = max(1, configuration.poolSize)
        line = WaitingLine(capacity: configuration.maxWaiting)
        rate = VerdictRate(at: now)
    }

    var waiting: Int { line.count }
    var isUp: Bool { breaker.isUp }

    /// When the time of the first that has no verdict is over.
    mutating func nextDeadline() -> ContinuousClock.Instant? {
        while let first = deadlines.first {
            if line.holds(first.ticket) { return first.at }
            if case .open = asked[first.ticket]?.stage { return first.at }
            deadlines.removeFirst()
        }
        return nil
    }

    mutating func enter(
        _ ticket: Ticket, from origin: WaitingLine.Origin, at now: ContinuousClock.Instant
    ) -> [Action] {
        guard breaker.isUp else {
            guard asked.count < poolSize, breaker.mayTry(origin, at: now) else {
                return [sendAway(ticket, .backendDown, at: now)]
            }
            deadlines.append((ticket, now + timeout))
            return [ask(ticket, at: now)]
        }
        if asked.count < poolSize, line.count == 0 {
            deadlines.append((ticket, now + timeout))
            return [ask(ticket, at: now)]
        }
        switch line.enter(ticket, from: origin) {
        case .full:
            return [sendAway(ticket, .lineFull, at: now)]
        case .waits(let older):
            deadlines.append((ticket, now + timeout))
            return older.map { [sendAway($0, .replaced, at: now)] } ?? []
        }
    }

    /// The charge point's socket has closed.
    mutating func left(_ ticket: Ticket) -> [Action] {
        if line.leave(ticket) { return [] }
        guard case .open = asked[ticket]?.stage else { return [] }
        asked[ticket]?.stage = .left
        return [.stopAsking(ticket)]
    }

    /// An asking has ended, and with it its place in the pool is free.
    ///
    /// - Parameter chance: 0 to 1: where in its range the pause before a probe is.
    mutating func ended(
        _ ticket: Ticket, from origin: WaitingLine.Origin, _ end: End, at now: ContinuousClock.Instant, chance: Double
    ) -> [Action] {
        guard let asking = asked.removeValue(forKey: ticket) else { return [] }
        var actions: [Action] = []
        switch (end, asking.stage) {
        case (.answered, let stage):
            if case .open = stage { rate.count(at: now) }
            if breaker.answered(askedIn: asking.turn) { actions.append(.cameUp) }
        case (.unreachable, .open), (.unreachable, .overdue(wasLong: true)):
            switch breaker.failed(origin, askedIn: asking.turn, at: now, jitter: 0.5 + chance / 2) {
            case .none: break
            case .wentDown(let probe): actions += goDown(probe, at: now)
            case .stayedDown: actions.append(.stayedDown)
            }
        case (.unreachable, _), (.gaveUp, _): breaker.gaveUp(askedIn: asking.turn)
        }
        return actions + fill(at: now)
    }

    /// Time has passed.
    mutating func expire(at now: ContinuousClock.Instant) -> [Action] {
        var actions: [Action] = []
        while let first = deadlines.first, first.at <= now {
            deadlines.removeFirst()
            if line.leave(first.ticket) {
                actions.append(sendAway(first.ticket, .overdue, at: now))
            } else if case .open(let since) = asked[first.ticket]?.stage {
                let wasLong = now - since >= timeout / 2
                asked[first.ticket]?.stage = .overdue(wasLong: wasLong)
                actions.append(sendAway(first.ticket, .overdue, at: now))
                actions.append(.stopAsking(first.ticket))
            }
        }
        return actions
    }

    // MARK: - Probes

    /// The backend was away when it was asked at start-up.
    mutating func wasAwayAtStart(at now: ContinuousClock.Instant, chance: Double) -> [Action] {
        guard case .wentDown(let probe) = breaker.wasAwayAtStart(at: now, jitter: 0.5 + chance / 2) else { return [] }
        return goDown(probe, at: now)
    }

    mutating func mayProbe(at now: ContinuousClock.Instant) -> Bool { breaker.mayProbe(at: now) }

    mutating func probeAnswered(at now: ContinuousClock.Instant) -> [Action] {
        breaker.probeAnswered() ? [.cameUp] + fill(at: now) : []
    }

    /// When to probe again; nil: no probe was running.
    mutating func probeFailed(at now: ContinuousClock.Instant, chance: Double) -> ContinuousClock.Instant? {
        breaker.probeFailed(at: now, jitter: 0.5 + chance / 2)
    }

    // MARK: - When to try again

    /// Seconds, to be spread at random.
    mutating func pause(at now: ContinuousClock.Instant) -> Double {
        rate.pause(waiting: line.count, at: now)
    }

    private mutating func sendAway(
        _ ticket: Ticket, _ reason: SentAway, at now: ContinuousClock.Instant
    ) -> Action {
        .sendAway(ticket, reason, pause: pause(at: now))
    }

    private mutating func ask(_ ticket: Ticket, at now: ContinuousClock.Instant) -> Action {
        asked[ticket] = Asking(turn: breaker.turn, stage: .open(since: now))
        return .ask(ticket)
    }

    private mutating func fill(at now: ContinuousClock.Instant) -> [Action] {
        var actions: [Action] = []
        while breaker.isUp, asked.count < poolSize, let ticket = line.next() { actions.append(ask(ticket, at: now)) }
        return actions
    }

    /// Nobody is kept waiting for a backend that is away.
    private mutating func goDown(_ probe: ContinuousClock.Instant, at now: ContinuousClock.Instant) -> [Action] {
        let pause = pause(at: now)
        return [.wentDown(probeAt: probe)] + line.empty().map { .sendAway($0, .backendDown, pause: pause) }
    }
}
