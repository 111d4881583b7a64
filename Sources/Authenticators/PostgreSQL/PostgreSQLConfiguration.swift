import CredentialChecking

/// `authentication.*` for `backend: postgresql`.
package struct PostgreSQLConfiguration: Sendable {
    /// `server`, several with commas.
    package var server: String
    package var database: String
    package var userName: String
    /// Nil: none is sent, for a server that does not ask (`trust`, client certificates).
    package var password: String?
    /// Where that came from, to be read anew for each connection; nil: from no file.
    package var passwordFile: String?
    package var query: String
    /// `disable_prepared_statements`: PgBouncer may give each transaction another server's connection, which does not
    /// know them.
    package var disablesPreparedStatements: Bool
    package var tls: BackendTLS
    package var limits: PoolLimits

    package init(
        server: String = "127.0.0.1:5432", database: String, userName: String, password: String? = nil,
        query: String = defaultQuery, disablesPreparedStatements: Bool = false, tls: BackendTLS = BackendTLS(),
        limits: PoolLimits = PoolLimits()
    ) {
        self.server = server
        self.database = database
        self.userName = userName
        self.password = password
        self.query = query
        self.disablesPreparedStatements = disablesPreparedStatements
        self.tls = tls
        self.limits = limits
    }

    package static let defaultQuery =
        "SELECT password_hash, salt, is_superuser FROM mqtt_user WHERE username = ${username} LIMIT 1"
}

extension PostgreSQLConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "PostgreSQL at \(server)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["server": server]) }
}
