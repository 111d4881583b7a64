import BackendHTTPClient
import CredentialChecking
import Logging

/// The key set at a URL: fetched at start, in intervals, and for a `kid` that is not known. The last good set stays while
/// the endpoint is away.
actor KeySetEndpoint {
    /// Bytes; a set of 256 RSA keys fits.
    private static let longestSet = 1 << 20
    /// From the end of a fetch for an unknown `kid` to the next such one: whoever invents them must not make the gateway
    /// ask without end. Also between what charge points ask for while there is no set at all.
    private static let shortestPause = Duration.seconds(10)
    private static let firstRetry = Duration.milliseconds(500)
    private static let longestRetry = Duration.seconds(10)

    private let client: BackendHTTPClient
    private let url: BackendURL
    private let headers: [(name: String, value: String)]
    private let refreshInterval: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let logger: Logger

    private var set: KeySet?
    private var failure = BackendFailure(.unreachable, reason: "no key set yet")
    private var fetching: Task<Void, Never>?
    /// A token with an unknown `kid` waits for it.
    private var isWaitedFor = false
    private var lastEnd: ContinuousClock.Instant?
    /// Of those for an unknown `kid`. The others are no reason to leave such a token without one.
    private var lastEndForUnknownID: ContinuousClock.Instant?

    init(
        _ settings: JWTAuthenticatorSettings, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        logger: Logger
    ) throws {
        guard case .endpoint(let text, let headers, let refreshInterval) = settings.keys,
            let url = BackendURL(text)
        else {
            throw JWTAuthenticator.Problem(key: "endpoint", words: "expected http:// or https://, a host, and a path")
        }
        self.url = url
        self.headers = headers
        self.refreshInterval = refreshInterval
        self.now = now
        self.logger = logger
        client = try BackendHTTPClient(
            url: url, tls: settings.tls, poolSize: 1, connectTimeout: settings.connectTimeout,
            requestTimeout: settings.requestTimeout)
    }

    /// Fetches until it is cancelled.
    func run() async {
        var pause = Self.firstRetry
        while !Task.isCancelled {
            await fetch()
            let next: Duration
            if set == nil {
                next = pause
                pause = min(pause * 2, Self.longestRetry)
            } else {
                next = refreshInterval
            }
            try? await Task.sleep(for: next)
        }
    }

    /// - Throws: there is no key set yet, or the key may be in the one that is being fetched.
    func candidates(id: String?, algorithm: String) async throws(BackendFailure) -> KeySet.Candidates {
        if set == nil, fetching != nil || isDue(after: lastEnd) { await fetch() }
        guard let known = set else { throw failure }
        let candidates = known.candidates(id: id, algorithm: algorithm)
        guard case .unknownID = candidates, fetching != nil || isDue(after: lastEndForUnknownID) else {
            return candidates
        }
        // Each that waits has one of the few places before this backend: those with a known key must not stand behind
        // an endpoint that hangs.
        guard !isWaitedFor else {
            throw BackendFailure(
                .nonsense, reason: "the token's kid is not in the key set, which is being fetched anew", retryAfter: 1)
        }
        isWaitedFor = true
        defer { isWaitedFor = false }
        if fetching != nil {
            await fetch()
            let candidates = (set ?? known).candidates(id: id, algorithm: algorithm)
            // It may have begun before the key was there.
            guard case .unknownID = candidates, isDue(after: lastEndForUnknownID) else { return candidates }
        }
        await fetch()
        lastEndForUnknownID = now()
        return (set ?? known).candidates(id: id, algorithm: algorithm)
    }

    /// Long enough ago, or never.
    private func isDue(after end: ContinuousClock.Instant?) -> Bool {
        end.map { now() - $0 >= Self.shortestPause } ?? true
    }

    /// One fetch at a time; who comes meanwhile waits for it.
    private func fetch() async {
        if let fetching { return await fetching.value }
        let task = Task { await fetchNow() }
        fetching = task
        await task.value
    }

    private func fetchNow() async {
        defer { (fetching, lastEnd) = (nil, now()) }
        do throws(BackendFailure) {
            let answer = try await client.send(.GET, target: url.target, headers: headers, bodyLimit: Self.longestSet)
            guard answer.status == 200 else {
                throw BackendFailure(.nonsense, reason: "the JWKS endpoint said \(answer.status)")
            }
            set = try await KeySet.read(answer.body)
        } catch {
            failure = error
            logger.warning(
                "key set not fetched",
                metadata: ["reason": "\(error.reason)", "known_keys": "\(set?.keys.count ?? 0)"])
        }
    }

    func shutDown() async {
        await client.shutDown()
    }
}
