import Authentication
import CredentialChecking

/// Asks MongoDB for a charge point's stored password.
package final class MongoDBSource: CredentialSource {
    private let filter: MongoDBFilter
    private let pool: ConnectionPool<MongoDBConnector>

    /// Connects to nothing yet: a backend that is away at start-up is no error.
    /// - Throws: All that is wrong with the settings.
    package init(_ configuration: MongoDBConfiguration) throws(BackendProblems) {
        var collected = BackendProblemCollection(configuration.limits.problems + configuration.tls.problems)
        let servers = collected.value { () throws(BackendProblem) in
            try BackendServers(configuration.server, defaultPort: 27017)
        }
        let filter = collected.value { () throws(BackendProblem) in try MongoDBFilter(configuration.filter) }
        collected.require(configuration.database, "database")
        collected.require(configuration.collection, "collection")
        collected.require(configuration.hashField, "password_hash_field")
        collected.require(configuration.saltField, "salt_field")
        if case .replicaSet(let name) = configuration.topology { collected.require(name, "replica_set_name") }
        if configuration.readsServiceRecord,
            (servers?.servers.count ?? 1) != 1 || configuration.server.utf8.contains(UInt8(ascii: ":"))
        {
            collected.add("srv_record", "wants one name without a port in server")
        }
        if (configuration.userName == nil) != (configuration.password == nil) {
            collected.add("username", "username and password go together")
        }
        Self.addLimits(of: configuration.tls, to: &collected)
        guard let servers, let filter, collected.isEmpty else { throw collected.problems }
        self.filter = filter
        pool = ConnectionPool(
            MongoDBConnector(configuration, servers: servers, filter: filter), limits: configuration.limits,
            name: "mongodb", servers: servers.servers.count)
    }

    /// What libmongoc cannot do: an option that would be ignored is refused.
    private static func addLimits(of tls: BackendTLS, to collected: inout BackendProblemCollection) {
        guard tls.isEnabled else { return }
        if tls.versions != [.tls12, .tls13] {
            collected.add("ssl.versions", "libmongoc takes what the system's OpenSSL allows: leave it out")
        }
        if case .named = tls.serverName {
            collected.add(
                "ssl.server_name_indication", "libmongoc knows the server's own name only: leave it out, or disable")
        }
        if tls.certificateFile != tls.keyFile {
            collected.add("ssl.keyfile", "libmongoc reads certificate and key from one PEM file: name it in both keys")
        }
    }

    package func storedCredentials(for credentials: Credentials) async throws(BackendFailure) -> [StoredCredential] {
        try await pool.ask(filter.texts(for: credentials))
    }

    /// Closes the connections. Nothing may be asked any more.
    package func close() async {
        await pool.close()
    }
}
