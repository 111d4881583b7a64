import CredentialChecking

/// `authentication.*` for `backend: mysql`.
package struct MySQLConfiguration: Sendable {
    /// `server`, several with commas.
    package var server: String
    package var database: String
    package var userName: String
    /// Nil: an empty one is sent.
    package var password: String?
    /// Where that came from, to be read anew for each connection; nil: from no file.
    package var passwordFile: String?
    package var query: String
    package var tls: BackendTLS
    package var limits: PoolLimits

    package init(
        server: String = "127.0.0.1:3306", database: String, userName: String = "root", password: String? = nil,
        query: String = defaultQuery, tls: BackendTLS = BackendTLS(), limits: PoolLimits = PoolLimits()
    ) {
        self.server = server
        self.database = database
        self.userName = userName
        self.password = password
        self.query = query
        self.tls = tls
        self.limits = limits
    }

    package static let defaultQuery =
        "SELECT password_hash, salt, is_superuser FROM mqtt_user WHERE username = ${username} LIMIT 1"
}

extension MySQLConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "MySQL at \(server)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["server": server]) }
}
