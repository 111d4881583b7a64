import Authentication

/// How the verdicts of a ``VerdictSource`` become those of the gateway.
package struct DirectVerdictSettings: Sendable, Equatable {
    /// Holds nothing where the user name is the token.
    package var userNameRule = UserNameRule()
    package var unknownIdentity = UnknownIdentityAnswer.notFound

    package init() {}
}

/// Lets in whom a backend lets in that decides by itself: an HTTP server, a token.
package struct DirectVerdictBackend: AuthenticationBackend {
    package let name: String
    package let server: String
    private let source: any VerdictSource
    private let settings: DirectVerdictSettings

    package init(name: String, server: String = "", source: any VerdictSource, settings: DirectVerdictSettings) {
        self.name = name
        self.server = server
        self.source = source
        self.settings = settings
    }

    /// Without credentials it is asked all the same: the certificate may be enough for it.
    package func refusalUnasked(_ credentials: Credentials) -> AuthenticationVerdict.Refusal? {
        settings.userNameRule.fault(of: credentials.userName, for: credentials.identity)
            .map { .init(.wrongCredentials, reason: $0) }
    }

    package func verdict(on credentials: Credentials) async throws(BackendFailure) -> AuthenticationVerdict {
        switch try await source.verdict(for: credentials) {
        case .accept(let userName, let expiry, let securityProfile):
            .accepted(.init(userName: userName, expiry: expiry, securityProfile: securityProfile))
        case .deny(let reason): .refused(.init(.wrongCredentials, reason: reason))
        case .unknown: .refused(settings.unknownIdentity.refusal(for: credentials))
        }
    }

    /// There is no question but that about a charge point, and none of them stands for the others: what fails with one
    /// may be its own fault.
    package var canBeProbed: Bool { false }

    package func probe() async throws(BackendFailure) {}
}
