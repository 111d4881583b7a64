/// While a backend counts as down: when it is asked, and about whom.
///
/// One that can be probed is asked about nobody after each pause. Of another the handshakes that come have to show that it
/// is back: they are let through in rounds, with the same pauses between them.
///
/// With a stranger's handshakes a server may fail always. So in a round each identity is tried once: three of them, and
/// then one more from each of three addresses at most. These need not wait for the pause, the next charge point shows that
/// the backend is there. Where it can be probed, only they are let through with whom it cannot have gone down for all, and
/// none once a probe has failed.
struct BackendOutage: Sendable {
    typealias Origin = WaitingLine.Origin

    /// Identities, and addresses.
    private static let most = 3
    private static let pauses = BackendBreaker.pauses

    private let canBeProbed: Bool
    /// In this round; in the first one those with whom it went down.
    private var tried: [Origin]
    private var running = 0
    private var hasFailed = true
    private(set) var isProbing = false
    private var isKnownAway: Bool
    /// The pause without jitter that is running.
    private var step = pauses.lowerBound
    private(set) var until: ContinuousClock.Instant

    /// - Parameters:
    ///   - failed: with whom it went down; nil: it was away when nobody had been asked about.
    ///   - jitter: 0.5 to 1.
    init(failed: [Origin]?, canBeProbed: Bool, at now: ContinuousClock.Instant, jitter: Double) {
        tried = failed ?? []
        isKnownAway = failed == nil
        self.canBeProbed = canBeProbed
        until = now + step * jitter
    }

    // MARK: - By a handshake

    /// - Returns: false: this one is not to be asked about.
    mutating func mayTry(_ origin: Origin, at now: ContinuousClock.Instant) -> Bool {
        if !canBeProbed, running == 0, until <= now {
            tried = []
            hasFailed = false
        }
        guard !tried.contains(where: { $0.identity == origin.identity }) else { return false }
        if Set(tried.map(\.identity)).count >= Self.most {
            let hosts = Set(tried.map(\.peerHost))
            guard !canBeProbed, hosts.count < Self.most, !hosts.contains(origin.peerHost) else { return false }
        } else if canBeProbed, isKnownAway {
            return false
        }
        tried.append(origin)
        running += 1
        return true
    }

    /// - Parameter jitter: 0.5 to 1.
    mutating func tryFailed(at now: ContinuousClock.Instant, jitter: Double) {
        running -= 1
        guard !canBeProbed, !hasFailed else { return }
        hasFailed = true
        pause(at: now, jitter: jitter)
    }

    /// Its charge point has gone: nothing is known, and the round goes on without it.
    mutating func tryGaveUp() {
        running -= 1
    }

    // MARK: - By a probe

    /// The pause is over. False: it is not, or one is under way.
    mutating func mayProbe(at now: ContinuousClock.Instant) -> Bool {
        guard canBeProbed, !isProbing, until <= now else { return false }
        isProbing = true
        return true
    }

    /// - Returns: false: none was running.
    mutating func probeFailed(at now: ContinuousClock.Instant, jitter: Double) -> Bool {
        guard isProbing else { return false }
        (isProbing, isKnownAway) = (false, true)
        pause(at: now, jitter: jitter)
        return true
    }

    /// False: there is nothing that could have been answered.
    private mutating func pause(at now: ContinuousClock.Instant, jitter: Double) {
        step = min(step * 2, Self.pauses.upperBound)
        until = now + step * jitter
    }
}
