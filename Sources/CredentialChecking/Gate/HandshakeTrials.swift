/// Which handshakes are asked about while a backend counts as down that can be found again by them alone. They come in
/// rounds, with the pause between them that a probe would make: in each, three at most, and one from each address.
///
/// One from another address need not wait for the pause: with a stranger's handshakes a server may fail always, and then
/// the next charge point shows that it is there.
struct HandshakeTrials: Sendable {
    /// In a round.
    static let most = 3

    private var hosts: Set<String>
    private var running = 0
    private var hasFailed = true
    /// The pause without jitter that is running.
    private var step: Duration
    private var until: ContinuousClock.Instant

    /// - Parameter failed: where those came from with whom it went down: they are the first round.
    init(failed: [String], step: Duration, until: ContinuousClock.Instant) {
        hosts = Set(failed)
        self.step = step
        self.until = until
    }

    /// - Returns: false: this one is not to be asked about.
    mutating func begin(from host: String, at now: ContinuousClock.Instant) -> Bool {
        if running == 0, until <= now {
            hosts = []
            hasFailed = false
        }
        guard hosts.count < Self.most, hosts.insert(host).inserted else { return false }
        running += 1
        return true
    }

    /// - Parameter jitter: 0.5 to 1.
    mutating func failed(at now: ContinuousClock.Instant, jitter: Double) {
        running -= 1
        guard !hasFailed else { return }
        hasFailed = true
        step = min(step * 2, BackendBreaker.pauses.upperBound)
        until = now + step * jitter
    }

    /// Its charge point has gone: nothing is known, and the round goes on without it.
    mutating func gaveUp() {
        running -= 1
    }
}
