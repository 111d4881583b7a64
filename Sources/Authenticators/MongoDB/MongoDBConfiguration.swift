import CredentialChecking

/// `authentication.*` for `backend: mongodb`.
package struct MongoDBConfiguration: Sendable {
    /// `mongo_type`.
    package enum Topology: Sendable, Equatable {
        case single
        /// `rs`, with `replica_set_name`.
        case replicaSet(name: String)
        case sharded
    }

    package var topology: Topology
    /// `server` or `servers`, several with commas; with `readsServiceRecord` one name.
    package var server: String
    /// `srv_record`: the servers are looked up in DNS.
    package var readsServiceRecord: Bool
    /// `r_mode` is `slave_ok`: secondaries are asked first.
    package var mayAskSecondaries: Bool
    package var database: String
    package var collection: String
    /// Nil: nobody logs in.
    package var userName: String?
    package var password: String?
    /// Where that came from, to be read anew for each connection; nil: from no file.
    package var passwordFile: String?
    /// `auth_source`, the database that knows the user; nil: `database`.
    package var authenticationSource: String?
    /// JSON.
    package var filter: String
    package var hashField: String
    package var saltField: String
    package var superuserField: String
    package var tls: BackendTLS
    package var limits: PoolLimits

    package init(
        topology: Topology = .single, server: String = "127.0.0.1:27017", readsServiceRecord: Bool = false,
        mayAskSecondaries: Bool = false, database: String, collection: String, userName: String? = nil,
        password: String? = nil, authenticationSource: String? = nil, filter: String = defaultFilter,
        hashField: String = "password_hash", saltField: String = "salt", superuserField: String = "is_superuser",
        tls: BackendTLS = BackendTLS(), limits: PoolLimits = PoolLimits()
    ) {
        self.topology = topology
        self.server = server
        self.readsServiceRecord = readsServiceRecord
        self.mayAskSecondaries = mayAskSecondaries
        self.database = database
        self.collection = collection
        self.userName = userName
        self.password = password
        self.authenticationSource = authenticationSource
        self.filter = filter
        self.hashField = hashField
        self.saltField = saltField
        self.superuserField = superuserField
        self.tls = tls
        self.limits = limits
    }

    package static let defaultFilter = #"{"username":"${username}"}"#
}

extension MongoDBConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "MongoDB at \(server)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["server": server]) }
}
