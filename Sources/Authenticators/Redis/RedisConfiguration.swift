import CredentialChecking

/// `authentication.*` for `backend: redis`.
package struct RedisConfiguration: Sendable {
    /// `redis_type`.
    package enum Topology: Sendable, Equatable {
        case single
        /// The servers are sentinels, which know where the master is.
        /// - Parameters:
        ///   - master: its name (`sentinel`).
        ///   - userName: of the sentinels (`sentinel_username`), with `sentinel_password`.
        case sentinel(master: String, userName: String?, password: String?)
        /// The servers are some nodes, which know the others.
        case cluster
    }

    package var topology: Topology
    /// `server` or `servers`, several with commas.
    package var server: String
    /// Nil with a password: the default user.
    package var userName: String?
    package var password: String?
    /// Where that came from, to be read anew for each connection; nil: from no file.
    package var passwordFile: String?
    package var database: Int
    /// `cmd`.
    package var command: String
    /// For sentinels too.
    package var tls: BackendTLS
    package var limits: PoolLimits

    package init(
        topology: Topology = .single, server: String = "127.0.0.1:6379", userName: String? = nil,
        password: String? = nil, database: Int = 0, command: String = defaultCommand, tls: BackendTLS = BackendTLS(),
        limits: PoolLimits = PoolLimits()
    ) {
        self.topology = topology
        self.server = server
        self.userName = userName
        self.password = password
        self.database = database
        self.command = command
        self.tls = tls
        self.limits = limits
    }

    package static let defaultCommand = "HMGET mqtt_user:${username} password_hash salt is_superuser"
}

extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "Redis at \(server)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["server": server]) }
}
