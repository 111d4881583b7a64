import Authentication
import CredentialChecking

/// The keys of `backend: built_in_database` (authentication.md, "Backends").
package struct BuiltInDatabaseConfiguration: Sendable, Equatable {
    /// What of a charge point is the id of its user (`user_id_type`).
    package enum IDType: String, Sendable, CaseIterable {
        case userName = "username"
        case identity = "clientid"
    }

    /// Users that are added at each start; who is there already stays as it is.
    package struct Bootstrap: Sendable, Equatable {
        package var path: String
        package var secret: UserFile.Secret

        package init(path: String, secret: UserFile.Secret = .plain) {
            self.path = path
            self.secret = secret
        }
    }

    /// `data_dir`: users.sqlite3 is in it.
    package var directory = "/var/lib/ocpp-gateway"
    package var idType = IDType.userName
    /// Of new passwords, and what hashes of an import must be.
    package var hash = PasswordHash.standard
    package var forms = PasswordForms.ocpp
    package var bootstrap: Bootstrap?
    /// Connections that read at once (`pool_size`).
    package var poolSize = 8

    package init() {}
}
