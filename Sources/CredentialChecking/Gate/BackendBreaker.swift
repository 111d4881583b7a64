/// Whether a backend is asked: after 3 failures in a row it counts as down, and one question at a time finds out when it is
/// up again (authentication.md, "Load"). That is a probe about nobody; or, where there is no question but that about a
/// charge point, the next handshakes, as ``BackendOutage`` lets them.
///
///     up ──3rd failure──► down ──pause over──► asking ──answer──► up
///                          ▲                      │
///                          └───failure, pause × 2─┘
///
/// What fails with one charge point alone, however often, keeps nobody else out: the others are asked about.
///
/// How a question ends counts only if it was asked since the last turn: one from before tells how the backend was then.
/// The last words of a server that has ended must not bring it up, nor must what it left unanswered take it down once it
/// is back.
struct BackendBreaker: Sendable {
    typealias Origin = WaitingLine.Origin

    private enum State: Sendable {
        /// Whom it has failed since its last answer.
        case up(failed: [Origin])
        case down(BackendOutage)
    }

    enum OnFailure: Equatable {
        case none
        /// It counts as down now, and a probe is due then, if it can be probed.
        case wentDown(probeAt: ContinuousClock.Instant)
        /// It counted as down, and does further on.
        case stayedDown
    }

    static let failures = 3
    static let pauses = Duration.milliseconds(500)...Duration.seconds(10)

    private let canBeProbed: Bool
    private var state = State.up(failed: [])
    /// How often it has gone down or come up.
    private(set) var turn = 0
    private var hasAnswered = false

    /// - Parameter canBeProbed: false: handshakes find out.
    init(canBeProbed: Bool) {
        self.canBeProbed = canBeProbed
    }

    var isUp: Bool {
        if case .up = state { true } else { false }
    }

    /// It has answered a handshake, sense or nonsense.
    ///
    /// - Parameter turn: that of when it was asked.
    /// - Returns: true: it has come up.
    mutating func answered(askedIn turn: Int) -> Bool {
        guard turn == self.turn else { return false }
        switch state {
        case .up:
            state = .up(failed: [])
            hasAnswered = true
            return false
        case .down:
            comeUp()
            return true
        }
    }

    /// It was unreachable for a handshake.
    ///
    /// - Parameters:
    ///   - turn: that of when it was asked.
    ///   - jitter: 0.5 to 1.
    mutating func failed(
        _ origin: Origin, askedIn turn: Int, at now: ContinuousClock.Instant, jitter: Double
    ) -> OnFailure {
        guard turn == self.turn else { return .none }
        switch state {
        case .up(var failed):
            failed.append(origin)
            state = .up(failed: failed)
            return failed.count < Self.failures ? .none : goDown(failed, at: now, jitter: jitter)
        case .down(var outage):
            outage.tryFailed(at: now, jitter: jitter)
            state = .down(outage)
            return .stayedDown
        }
    }

    /// A handshake that was asked about has ended without showing how the backend is.
    mutating func gaveUp(askedIn turn: Int) {
        guard turn == self.turn, case .down(var outage) = state else { return }
        outage.tryGaveUp()
        state = .down(outage)
    }

    /// It was away at start-up: down without three handshakes having to find out. One that has been answered meanwhile
    /// knows better.
    mutating func wasAwayAtStart(at now: ContinuousClock.Instant, jitter: Double) -> OnFailure {
        guard turn == 0, !hasAnswered else { return .none }
        return goDown(nil, at: now, jitter: jitter)
    }

    private mutating func goDown(
        _ failed: [Origin]?, at now: ContinuousClock.Instant, jitter: Double
    ) -> OnFailure {
        turn += 1
        let outage = BackendOutage(failed: failed, canBeProbed: canBeProbed, at: now, jitter: jitter)
        state = .down(outage)
        return .wentDown(probeAt: outage.until)
    }

    private mutating func comeUp() {
        state = .up(failed: [])
        turn += 1
    }

    // MARK: - By a handshake

    /// Whether this handshake is to be asked about although the backend counts as down.
    mutating func mayTry(_ origin: Origin, at now: ContinuousClock.Instant) -> Bool {
        guard case .down(var outage) = state else { return false }
        let isTried = outage.mayTry(origin, at: now)
        state = .down(outage)
        return isTried
    }

    // MARK: - By a probe

    /// The pause is over. False: it is not, or there is nothing to find out.
    mutating func mayProbe(at now: ContinuousClock.Instant) -> Bool {
        guard case .down(var outage) = state, outage.mayProbe(at: now) else { return false }
        state = .down(outage)
        return true
    }

    /// The probe was answered, sense or nonsense. True: it has come up.
    mutating func probeAnswered() -> Bool {
        guard case .down(let outage) = state, outage.isProbing else { return false }
        comeUp()
        return true
    }

    /// - Returns: When the next one is due; nil: no probe was running.
    mutating func probeFailed(at now: ContinuousClock.Instant, jitter: Double) -> ContinuousClock.Instant? {
        guard case .down(var outage) = state, outage.probeFailed(at: now, jitter: jitter) else { return nil }
        state = .down(outage)
        return outage.until
    }
}
