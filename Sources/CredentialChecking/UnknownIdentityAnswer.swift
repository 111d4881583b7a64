import Authentication

/// `authentication.unknown_identity`: what a charge point hears that the backend does not know.
package enum UnknownIdentityAnswer: String, Sendable, CaseIterable {
    case notFound = "404"
    /// Tells nobody what identities exist.
    case unauthorized = "401"

    /// Always 401 where the user name is not the identity: it is the user that is unknown then.
    package func refusal(
        for credentials: Credentials, reason: String = "unknown identity"
    ) -> AuthenticationVerdict.Refusal {
        let isForeign = UserNameRule(holds: true).fault(of: credentials.userName, for: credentials.identity) != nil
        return .init(self == .notFound && !isForeign ? .unknownIdentity : .wrongCredentials, reason: reason)
    }
}
