/// The keys of `authentication` that stand before any backend (authentication.md, "Keys for all backends").
package struct AuthenticationGateConfiguration: Sendable, Equatable {
    /// From the request to the verdict, waiting included.
    package var timeout = Duration.seconds(10)
    /// Handshakes that may wait for a verdict.
    package var maxWaiting = 10_000
    /// The same credentials refused again within this are answered without asking; zero: off.
    package var retryPause = Duration.seconds(5)
    /// How long an `allow` is kept (`cache.ttl`); zero: off.
    package var cacheLifetime = Duration.zero
    /// How many are asked about at once.
    package var poolSize = 8

    package init() {}
}
