import OutsideNames

/// What an authenticator says (authentication.md, "Outcomes").
package enum AuthenticationVerdict: Sendable, Equatable {
    case accepted(Acceptance)
    case refused(Refusal)

    /// How a charge point has come in.
    package struct Acceptance: Sendable, Equatable {
        /// The name under which the charge point is known from here on; nil without one, and where it was the token.
        package var userName: UserName?
        /// When the session ends with 1008 `credentials expired`, in seconds since 1970; nil: never.
        package var expiry: Int64?
        /// The OCPP security profile that the backend names for this charge point (1, 2, 3); nil: any will do.
        package var securityProfile: Int?

        package init(userName: UserName? = nil, expiry: Int64? = nil, securityProfile: Int? = nil) {
            self.userName = userName
            self.expiry = expiry
            self.securityProfile = securityProfile
        }
    }

    /// Why a charge point is not let in. The reason is for the log alone: never a password in it.
    package struct Refusal: Sendable, Equatable {
        package enum Kind: Sendable, Equatable {
            /// 401.
            case wrongCredentials
            /// 404.
            case unknownIdentity
            /// 503 with `Retry-After` in seconds: nobody could be asked. Never let in by mistake.
            case unavailable(retryAfter: Int?)
        }

        package var kind: Kind
        package var reason: String

        package init(_ kind: Kind, reason: String) {
            self.kind = kind
            self.reason = reason
        }
    }
}
