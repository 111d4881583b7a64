import Authentication
import CredentialChecking

/// Asks MySQL or MariaDB for a charge point's stored password.
package final class MySQLSource: CredentialSource {
    private let query: SQLTemplate
    private let pool: ConnectionPool<MySQLConnector>

    /// Connects to nothing yet: a backend that is away at start-up is no error.
    /// - Throws: All that is wrong with the settings.
    package init(_ configuration: MySQLConfiguration) throws(BackendProblems) {
        var collected = BackendProblemCollection(configuration.limits.problems + configuration.tls.problems)
        let servers = collected.value { () throws(BackendProblem) in
            try BackendServers(configuration.server, defaultPort: 3306)
        }
        let query = collected.value { () throws(BackendProblem) in
            try SQLTemplate(query: ExactNames.requiring(in: configuration.query), dialect: .mySQL)
        }
        collected.require(configuration.database, "database")
        collected.require(configuration.userName, "username")
        if configuration.tls.isEnabled, case .named = configuration.tls.serverName {
            collected.add(
                "ssl.server_name_indication", "expected nothing or disable: libmariadb knows the server's own name only"
            )
        }
        guard let servers, let query, collected.isEmpty else { throw collected.problems }
        self.query = query
        pool = ConnectionPool(
            MySQLConnector(configuration, servers: servers, statement: query.statement), limits: configuration.limits,
            name: "mysql", servers: servers.servers.count)
    }

    package func storedCredentials(for credentials: Credentials) async throws(BackendFailure) -> [StoredCredential] {
        try await pool.ask(query.values(for: credentials))
    }

    /// Closes the connections. Nothing may be asked any more.
    package func close() async {
        await pool.close()
    }
}
