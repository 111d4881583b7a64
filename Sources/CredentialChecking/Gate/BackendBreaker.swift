import OutsideNames

/// Whether a backend is asked: after failures with 3 different charge points in a row it counts as down, and one question
/// at a time finds out when it is up again (authentication.md, "Load"). That is a probe about nobody; or, where there is
/// no question but that about a charge point, the next handshakes, as ``HandshakeTrials`` lets them.
///
///     up ──3rd failure──► down ──pause over──► asking ──answer──► up
///                          ▲                      │
///                          └───failure, pause × 2─┘
///
/// What fails with one charge point alone, however often, says nothing about the others.
///
/// How a question ends counts only if it was asked since the last turn: one from before tells how the backend was then.
/// The last words of a server that has ended must not bring it up, nor must what it left unanswered take it down once it
/// is back.
struct BackendBreaker: Sendable {
    typealias Origin = WaitingLine.Origin

    private enum State: Sendable {
        /// Whom it has failed since its last answer, each identity once.
        case up(failed: [Origin])
        /// `step`: the pause without jitter that is running.
        case down(step: Duration, until: ContinuousClock.Instant)
        case probing(step: Duration)
        case trying(HandshakeTrials)
    }

    enum OnFailure: Equatable {
        case none
        /// It counts as down now: nobody is asked, and a probe is due then, if it can be probed.
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
        case .trying:
            comeUp()
            return true
        case .down, .probing: return false
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
            if !failed.contains(where: { $0.identity == origin.identity }) { failed.append(origin) }
            state = .up(failed: failed)
            return failed.count < Self.failures ? .none : goDown(failed, at: now, jitter: jitter)
        case .trying(var trials):
            trials.failed(at: now, jitter: jitter)
            state = .trying(trials)
            return .stayedDown
        case .down, .probing: return .none
        }
    }

    /// A handshake that was asked about has ended without showing how the backend is.
    mutating func gaveUp(askedIn turn: Int) {
        guard turn == self.turn, case .trying(var trials) = state else { return }
        trials.gaveUp()
        state = .trying(trials)
    }

    /// It was away at start-up: down without three handshakes having to find out. One that has been answered meanwhile
    /// knows better.
    mutating func wasAwayAtStart(at now: ContinuousClock.Instant, jitter: Double) -> OnFailure {
        guard turn == 0, !hasAnswered else { return .none }
        return goDown([], at: now, jitter: jitter)
    }

    private mutating func goDown(
        _ failed: [Origin], at now: ContinuousClock.Instant, jitter: Double
    ) -> OnFailure {
        turn += 1
        let step = Self.pauses.lowerBound
        let until = now + step * jitter
        state =
            canBeProbed
            ? .down(step: step, until: until)
            : .trying(HandshakeTrials(failed: failed.map(\.peerHost), step: step, until: until))
        return .wentDown(probeAt: until)
    }

    private mutating func comeUp() {
        state = .up(failed: [])
        turn += 1
    }

    // MARK: - By a handshake

    /// Whether this handshake is to be asked about although the backend counts as down.
    mutating func mayTry(_ origin: Origin, at now: ContinuousClock.Instant) -> Bool {
        guard case .trying(var trials) = state else { return false }
        let isTried = trials.begin(from: origin.peerHost, at: now)
        state = .trying(trials)
        return isTried
    }

    // MARK: - By a probe

    /// The pause is over. False: it is not, or there is nothing to find out.
    mutating func mayProbe(at now: ContinuousClock.Instant) -> Bool {
        guard case .down(let step, let until) = state, until <= now else { return false }
        state = .probing(step: step)
        return true
    }

    /// The probe was answered, sense or nonsense. True: it has come up.
    mutating func probeAnswered() -> Bool {
        guard case .probing = state else { return false }
        comeUp()
        return true
    }

    /// - Returns: When the next one is due; nil: no probe was running.
    mutating func probeFailed(at now: ContinuousClock.Instant, jitter: Double) -> ContinuousClock.Instant? {
        guard case .probing(let step) = state else { return nil }
        let longer = min(step * 2, Self.pauses.upperBound)
        let until = now + longer * jitter
        state = .down(step: longer, until: until)
        return until
    }
}
