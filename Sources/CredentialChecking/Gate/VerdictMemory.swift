import Authentication
import Synchronization

/// Verdicts that are given again without asking: refusals for `retry_pause`, and those who were let in for `cache.ttl`
/// (authentication.md, "Caches"). Kept under a digest of everything that was shown.
final class VerdictMemory: Sendable {
    private struct Kept {
        var verdict: AuthenticationVerdict
        /// The backend's count of changes from before it was asked.
        var changes: Int
    }

    private struct State {
        var refusals = Memo<Kept>(capacity: VerdictMemory.capacity)
        var acceptances = Memo<Kept>(capacity: VerdictMemory.capacity)
        var hits = 0
    }

    private static let capacity = 100_000

    let isOn: Bool
    private let retryPause: Duration
    private let lifetime: Duration
    private let digestKey: ProcessKey
    private let state = Mutex(State())

    init(configuration: AuthenticationGateConfiguration, key: ProcessKey) {
        retryPause = configuration.retryPause
        lifetime = configuration.cacheLifetime
        isOn = retryPause > .zero || lifetime > .zero
        digestKey = key
    }

    var hits: Int { state.withLock { $0.hits } }

    func removeAll() {
        state.withLock { state in
            state.refusals.removeAll()
            state.acceptances.removeAll()
        }
    }

    func key(of credentials: Credentials) -> KeyedDigest {
        let certificate = credentials.certificate
        // What is missing must not come to the same as what is empty.
        func bytes(_ text: String?) -> [UInt8] { text.map { [1] + Array($0.utf8) } ?? [] }
        func marked(_ bytes: [UInt8]?) -> [UInt8] { bytes.map { [1] + $0 } ?? [] }
        return digestKey.digest(of: [
            bytes(credentials.identity.text), bytes(credentials.userName?.text), marked(credentials.password),
            marked(credentials.bearerToken), marked(certificate?.der), bytes(certificate?.commonName),
            bytes(certificate?.subject),
        ])
    }

    /// - Parameter wallClock: Seconds since 1970, for verdicts that name their end.
    func verdict(
        under key: KeyedDigest, changes: Int, at now: ContinuousClock.Instant, wallClock: Int64
    ) -> AuthenticationVerdict? {
        state.withLock { state in
            guard let kept = state.acceptances.value(under: key, at: now) ?? state.refusals.value(under: key, at: now),
                kept.changes == changes
            else { return nil }
            if case .accepted(let acceptance) = kept.verdict {
                if let expiry = acceptance.expiry, expiry <= wallClock { return nil }
            }
            state.hits += 1
            return kept.verdict
        }
    }

    func keep(_ verdict: AuthenticationVerdict, under key: KeyedDigest, changes: Int, at now: ContinuousClock.Instant) {
        let kept = Kept(verdict: verdict, changes: changes)
        state.withLock { state in
            switch verdict {
            case .accepted:
                state.refusals.forget(key)
                if lifetime > .zero { state.acceptances.keep(kept, under: key, until: now + lifetime) }
            case .refused(let refusal):
                if case .unavailable = refusal.kind { return }
                state.acceptances.forget(key)
                if retryPause > .zero { state.refusals.keep(kept, under: key, until: now + retryPause) }
            }
        }
    }
}
