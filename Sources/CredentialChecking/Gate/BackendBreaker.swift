/// Whether a backend is asked: after 3 failures in a row it counts as down, and one probe at a time finds out when it is
/// up again (authentication.md, "Load").
///
///     up ──3rd failure──► down ──pause over──► probing ──answer──► up
///                          ▲                      │
///                          └───failure, pause × 2─┘
///
/// How a question ends counts only if it was asked since the last turn: one from before tells how the backend was then.
/// The last words of a server that has ended must not bring it up, nor must what it left unanswered take it down once it
/// is back.
struct BackendBreaker: Sendable {
    private enum State: Sendable {
        case up(failures: Int)
        /// `step`: the pause without jitter that is running.
        case down(step: Duration, until: ContinuousClock.Instant)
        case probing(step: Duration)
    }

    enum OnFailure: Equatable {
        case none
        /// It counts as down now: nobody is asked, and a probe is due then.
        case wentDown(probeAt: ContinuousClock.Instant)
    }

    static let failures = 3
    static let pauses = Duration.milliseconds(500)...Duration.seconds(10)

    private var state = State.up(failures: 0)
    /// How often it has gone down or come up.
    private(set) var turn = 0
    private var hasAnswered = false

    var isUp: Bool {
        if case .up = state { true } else { false }
    }

    /// It has answered a handshake, sense or nonsense.
    ///
    /// - Parameter turn: that of when it was asked.
    mutating func answered(askedIn turn: Int) {
        guard turn == self.turn, isUp else { return }
        state = .up(failures: 0)
        hasAnswered = true
    }

    /// It was unreachable for a handshake.
    ///
    /// - Parameters:
    ///   - turn: that of when it was asked.
    ///   - jitter: 0.5 to 1.
    mutating func failed(askedIn turn: Int, at now: ContinuousClock.Instant, jitter: Double) -> OnFailure {
        guard turn == self.turn, case .up(let failures) = state else { return .none }
        guard failures + 1 >= Self.failures else {
            state = .up(failures: failures + 1)
            return .none
        }
        self.turn += 1
        return .wentDown(probeAt: pause(Self.pauses.lowerBound, at: now, jitter: jitter))
    }

    /// It was away at start-up: down without three handshakes having to find out. One that has been answered meanwhile
    /// knows better.
    mutating func wasAwayAtStart(at now: ContinuousClock.Instant, jitter: Double) -> OnFailure {
        guard turn == 0, !hasAnswered else { return .none }
        self.turn += 1
        return .wentDown(probeAt: pause(Self.pauses.lowerBound, at: now, jitter: jitter))
    }

    /// The pause is over. False: it is not, or there is nothing to find out.
    mutating func mayProbe(at now: ContinuousClock.Instant) -> Bool {
        guard case .down(let step, let until) = state, until <= now else { return false }
        state = .probing(step: step)
        return true
    }

    /// The probe was answered, sense or nonsense. True: it has come up.
    mutating func probeAnswered() -> Bool {
        guard case .probing = state else { return false }
        state = .up(failures: 0)
        self.turn += 1
        return true
    }

    /// - Returns: When the next one is due; nil: no probe was running.
    mutating func probeFailed(at now: ContinuousClock.Instant, jitter: Double) -> ContinuousClock.Instant? {
        guard case .probing(let step) = state else { return nil }
        return pause(min(step * 2, Self.pauses.upperBound), at: now, jitter: jitter)
    }

    private mutating func pause(
        _ step: Duration, at now: ContinuousClock.Instant, jitter: Double
    ) -> ContinuousClock.Instant {
        let until = now + step * jitter
        state = .down(step: step, until: until)
        return until
    }
}
