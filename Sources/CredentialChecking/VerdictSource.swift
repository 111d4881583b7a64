import Authentication
import OutsideNames

/// A backend that decides by itself: an HTTP server, a token. The gate in front of it (queue, breaker, caches) and the
/// outcomes are the same as for a ``CredentialSource``.
package protocol VerdictSource: Sendable {
    func verdict(for credentials: Credentials) async throws(BackendFailure) -> BackendVerdict
}

/// What a ``VerdictSource`` says.
package enum BackendVerdict: Sendable, Equatable {
    /// - Parameters:
    ///   - userName: nil where there is none, and where it was the token.
    ///   - expiry: seconds since 1970 at which the session ends.
    ///   - securityProfile: 1, 2, 3; nil: any.
    case accept(userName: UserName?, expiry: Int64?, securityProfile: Int?)
    /// 401.
    case deny(reason: String)
    /// No such charge point: `authentication.unknown_identity`.
    case unknown
}
