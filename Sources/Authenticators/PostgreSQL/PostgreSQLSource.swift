import Authentication
import CredentialChecking

/// Asks PostgreSQL for a charge point's stored password.
package final class PostgreSQLSource: CredentialSource {
    private let query: SQLTemplate
    private let pool: ConnectionPool<PostgreSQLConnector>

    /// Connects to nothing yet: a backend that is away at start-up is no error.
    /// - Throws: All that is wrong with the settings.
    package init(_ configuration: PostgreSQLConfiguration) throws(BackendProblems) {
        var collected = BackendProblemCollection(configuration.limits.problems + configuration.tls.problems)
        let servers = collected.value { () throws(BackendProblem) in
            try BackendServers(configuration.server, defaultPort: 5432)
        }
        let query = collected.value { () throws(BackendProblem) in
            try SQLTemplate(query: configuration.query, dialect: .postgreSQL)
        }
        collected.require(configuration.database, "database")
        collected.require(configuration.userName, "username")
        if configuration.tls.isEnabled, configuration.tls.versions.contains(where: { $0 < .tls12 }) {
            collected.add("ssl.versions", "expected tlsv1.2 and tlsv1.3 alone: older ones cannot be had")
        }
        guard let servers, let query, collected.isEmpty else { throw collected.problems }
        self.query = query
        pool = ConnectionPool(
            PostgreSQLConnector(configuration, servers: servers, statement: query.statement),
            limits: configuration.limits, name: "postgresql", servers: servers.servers.count)
    }

    package func storedCredentials(for credentials: Credentials) async throws(BackendFailure) -> [StoredCredential] {
        let values = query.values(for: credentials)
        // A text of PostgreSQL's cannot hold it, so no row does: nobody to ask for, and no fault of the database.
        guard !values.contains(where: { $0.contains(0) }) else { return [] }
        return try await pool.ask(values)
    }

    /// Closes the connections. Nothing may be asked any more.
    package func close() async {
        await pool.close()
    }
}
