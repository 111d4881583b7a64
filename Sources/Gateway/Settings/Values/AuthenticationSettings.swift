import CredentialChecking
import Settings

/// `authentication.*`: what all backends have in common (authentication.md, "Keys for all backends"), and the chosen
/// one's own.
package struct AuthenticationSettings: Sendable, Equatable {
    package enum Backend: String, Sendable, CaseIterable {
        case none
        case builtInDatabase = "built_in_database"
        case mysql
        case postgresql
        case mongodb
        case redis
        case http
        case jwt
        case broker

        /// It has an authenticator, which is asked.
        var isAsked: Bool { self != .none && self != .broker }
    }

    package struct TLS: Sendable, Equatable {
        package enum Version: String, Sendable, CaseIterable {
            case v13 = "tlsv1.3"
            case v12 = "tlsv1.2"
            case v11 = "tlsv1.1"
            case v10 = "tlsv1"
        }

        package var isEnabled = false
        /// Nil: the system's.
        package var caFile: String?
        package var certificateFile: String?
        package var keyFile: String?
        package var keyPassword: Secret?
        package var versions = [Version.v13, .v12]
        /// Nil: the host's name; `disable`: none is sent and none checked.
        package var serverName: String?
        package var verifies = true

        package init() {}
    }

    /// `password_hash_algorithm`.
    package struct PasswordHashing: Sendable, Equatable {
        package enum Name: String, Sendable, CaseIterable {
            case plain, md5, sha, sha256, sha512, pbkdf2, bcrypt
        }

        package var name = Name.sha256
        package var saltPosition = PasswordHash.SaltPosition.prefix
        /// With pbkdf2 both are there.
        package var macFunction: PBKDF2.Function?
        package var iterations: Int?
        /// In bytes; nil: the digest's.
        package var derivedLength: Int?
        /// The cost of new bcrypt hashes.
        package var saltRounds = 10

        package init() {}
    }

    package var backend = Backend.none
    package var isEnabled = true
    package var usernameIsIdentity = true
    package var unknownIdentity = UnknownIdentityAnswer.notFound
    package var passwordForms = PasswordForms.ocpp
    /// From the request to the verdict.
    package var timeout = Duration.seconds(10)
    package var maxWaiting = 10_000
    /// Zero: off.
    package var retryPause = Duration.seconds(5)
    /// Zero: off.
    package var cacheLifetime = Duration.zero
    package var poolSize = 8
    package var connectTimeout = Duration.seconds(5)
    package var queryTimeout = Duration.seconds(5)
    /// Of the backend; nil: its own default.
    package var username: String?
    package var password: Secret?
    package var tls = TLS()
    package var passwordHash = PasswordHashing()
    /// What the chosen backend's own section has read; nil: it has none.
    package var own: OwnSettings?

    package init() {}

    /// Who decides: nobody while it is switched off.
    package var effectiveBackend: Backend { isEnabled ? backend : .none }
}
