import Logging
import NIOCore
import Synchronization

/// Who may ask for what.
final class Gatekeeper: Sendable {
    private let keys: APIKeys
    private let origins: OriginRule
    private let isTrustedProxy: @Sendable (String) -> Bool
    private let throttle = Mutex(FailureThrottle())
    private let logger: Logger

    init(
        keys: APIKeys, origins: OriginRule, isTrustedProxy: @escaping @Sendable (String) -> Bool, logger: Logger
    ) {
        self.keys = keys
        self.origins = origins
        self.isTrustedProxy = isTrustedProxy
        self.logger = logger
    }

    /// The address that asks: the peer's, or what a trusted proxy says (the last address that is none of them).
    func address(peer: ClientAddress, forwarded: String?) -> ClientAddress {
        guard let forwarded, isTrustedProxy(peer.text) else { return peer }
        let hops = forwarded.split(separator: ",").suffix(16).map { hop in ClientAddress(hop.filter { $0 != " " }) }
        let address = hops.last { !isTrustedProxy($0.text) } ?? hops.first ?? peer
        return address.text.utf8.count <= 64 && !address.text.isEmpty ? address : peer
    }

    /// - Throws: 403 `FOREIGN_ORIGIN`.
    func checkOrigin(origin: String?, host: String?, peer: ClientAddress) throws(APIError) {
        if let fault = origins.fault(origin: origin, host: host, isProxied: isTrustedProxy(peer.text)) {
            throw .foreignOrigin(fault)
        }
    }

    /// - Throws: 401, 429.
    func caller(authorization: String?, from address: ClientAddress) throws(APIError) -> Caller {
        let subject = address.subject
        let now = ContinuousClock.now
        guard !throttle.withLock({ $0.isBlocked(subject, now: now) }) else {
            var error = APIError(429, "TOO_MANY_REQUESTS", "too many failed attempts from this address")
            error.retryAfter = 60
            throw error
        }
        guard let authorization, let credentials = BasicAuthorization(authorization) else {
            throw APIError(401, "AUTHORIZATION_HEADER_ERROR", "expected HTTP Basic with an API key and its secret")
        }
        guard let caller = keys.caller(key: credentials.key, secret: credentials.secret) else {
            throttle.withLock { $0.failed(subject, now: now) }
            logger.warning("management: wrong key or secret", metadata: ["remote": "\(address.text)"])
            throw APIError(401, "BAD_API_KEY_OR_SECRET", "wrong API key or secret")
        }
        return caller
    }
}
