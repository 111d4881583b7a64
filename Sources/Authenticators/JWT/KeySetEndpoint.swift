import BackendHTTPClient
import CredentialChecking
import Logging

/// The key set at a URL: fetched at start, in intervals, and for a `kid` that is not known. The last good set stays while
/// the endpoint is away.
actor KeySetEndpoint {
    /// Bytes; a set of 256 RSA keys fits.
    private static let longestSet = 1 << 20
    /// For unknown `kid`s: whoever invents them must not make the gateway ask without end.
    private static let shortestPause = Duration.seconds(10)
    private static let firstRetry = Duration.milliseconds(500)
    private static let longestRetry = Duration.seconds(10)

    private let client: BackendHTTPClient
    private let url: BackendURL
    private let headers: [(name: String, value: String)]
    private let refreshInterval: Duration
    private let logger: Logger

    private var set: KeySet?
    private var failure = BackendFailure(.unreachable, reason: "no key set yet")
    private var fetching: Task<Void, Never>?
    private var lastFetch: ContinuousClock.Instant?

    init(_ settings: JWTAuthenticatorSettings, logger: Logger) throws {
        guard case .endpoint(let text, let headers, let refreshInterval) = settings.keys,
            let url = BackendURL(text)
        else {
            throw JWTAuthenticator.Problem(key: "endpoint", words: "expected http:// or https://, a host, and a path")
        }
        self.url = url
        self.headers = headers
        self.refreshInterval = refreshInterval
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

    /// - Throws: there is no key set yet.
    func candidates(id: String?, algorithm: String) async throws(BackendFailure) -> KeySet.Candidates {
        if set == nil { await fetchUnlessRecent() }
        guard let known = set else { throw failure }
        let candidates = known.candidates(id: id, algorithm: algorithm)
        guard case .unknownID = candidates else { return candidates }
        await fetchUnlessRecent()
        return (set ?? known).candidates(id: id, algorithm: algorithm)
    }

    private func fetchUnlessRecent() async {
        if fetching == nil, let lastFetch, ContinuousClock.now - lastFetch < Self.shortestPause { return }
        await fetch()
    }

    /// One fetch at a time; who comes meanwhile waits for it.
    private func fetch() async {
        if let fetching { return await fetching.value }
        let task = Task { await fetchNow() }
        fetching = task
        await task.value
    }

    private func fetchNow() async {
        lastFetch = .now
        defer { fetching = nil }
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
