import Authentication
import CredentialChecking
import NIOPosix

/// Asks Redis for a charge point's stored password.
package final class RedisSource: CredentialSource {
    private let command: RedisCommandTemplate
    private let pool: ConnectionPool<RedisConnector>
    private let group: MultiThreadedEventLoopGroup

    /// Connects to nothing yet: a backend that is away at start-up is no error.
    /// - Throws: All that is wrong with the settings.
    package init(_ configuration: RedisConfiguration) throws(BackendProblems) {
        var collected = BackendProblemCollection(configuration.limits.problems + configuration.tls.problems)
        let servers = collected.value { () throws(BackendProblem) in
            try BackendServers(configuration.server, defaultPort: 6379)
        }
        let command = collected.value { () throws(BackendProblem) in try RedisCommandTemplate(configuration.command) }
        switch configuration.topology {
        case .single: break
        case .sentinel(let master, let userName, let password):
            if master.isEmpty { collected.add("sentinel", "expected a value: the master's name") }
            if userName != nil, password == nil {
                collected.add("sentinel_username", "expected sentinel_password with it")
            }
        case .cluster:
            if configuration.database != 0 { collected.add("database", "expected 0: a cluster has no other") }
        }
        if !(0...65_535).contains(configuration.database) { collected.add("database", "expected 0 to 65535") }
        if configuration.userName != nil, configuration.password == nil {
            collected.add("username", "expected password with it")
        }
        guard let servers, let command, collected.isEmpty else { throw collected.problems }
        self.command = command
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        pool = ConnectionPool(
            RedisConnector(configuration, servers: servers, group: group), limits: configuration.limits, name: "redis",
            servers: servers.servers.count)
    }

    package func storedCredentials(for credentials: Credentials) async throws(BackendFailure) -> [StoredCredential] {
        let answer = try await pool.ask(command.command(for: credentials))
        do throws(ConnectionFault) {
            return try command.credentials(from: answer)
        } catch {
            throw error.failure
        }
    }

    /// Closes the connections. Nothing may be asked any more.
    package func close() async {
        await pool.close()
        try? await group.shutdownGracefully()
    }
}
