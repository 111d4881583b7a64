/// Whether a backend is asked: after 3 failures in a row it counts as down, and one probe at a time finds out when it is
/// up again (authentication.md, "Load").
///
///     up ──3rd failure──► down ──pause over──► probing ──answer──► up
///                          ▲                      │
///                          └───failure, pause × 2─┘
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

    var isUp: Bool {
        if case .up = state { true } else { false }
    }

    /// It has answered a handshake, sense or nonsense. True: it has come up.
    mutating func answered() -> Bool {
        defer { state = .up(failures: 0) }
        return !isUp
    }

    /// It was unreachable for a handshake. Those that were already asked when it went down tell nothing new.
    ///
    /// - Parameter jitter: 0.5 to 1.
    mutating func failed(at now: ContinuousClock.Instant, jitter: Double) -> OnFailure {
        guard case .up(let failures) = state else { return .none }
        guard failures + 1 >= Self.failures else {
            state = .up(failures: failures + 1)
            return .none
        }
        return .wentDown(probeAt: goDown(Self.pauses.lowerBound, at: now, jitter: jitter))
    }

    /// It was away at start-up: down without three handshakes having to find out.
    mutating func wasAwayAtStart(at now: ContinuousClock.Instant, jitter: Double) -> OnFailure {
        guard isUp else { return .none }
        return .wentDown(probeAt: goDown(Self.pauses.lowerBound, at: now, jitter: jitter))
    }

    /// The pause is over. False: it is not, or there is nothing to find out.
    mutating func mayProbe(at now: ContinuousClock.Instant) -> Bool {
        guard case .down(let step, let until) = state, until <= now else { return false }
        state = .probing(step: step)
        return true
    }

    /// - Returns: When the next one is due; nil: it has come up meanwhile.
    mutating func probeFailed(at now: ContinuousClock.Instant, jitter: Double) -> ContinuousClock.Instant? {
        guard case .probing(let step) = state else { return nil }
        return goDown(min(step * 2, Self.pauses.upperBound), at: now, jitter: jitter)
    }

    private mutating func goDown(
        _ step: Duration, at now: ContinuousClock.Instant, jitter: Double
    ) -> ContinuousClock.Instant {
        let until = now + step * jitter
        state = .down(step: step, until: until)
        return until
    }
}
