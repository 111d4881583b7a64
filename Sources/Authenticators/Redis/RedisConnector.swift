import CredentialChecking
import NIOPosix

/// Opens connections to a server, to whom the sentinels call master, or into a cluster.
struct RedisConnector: BlockingConnector {
    private let topology: RedisConfiguration.Topology
    private let rotation: ServerRotation
    private let settings: RedisNode.Settings
    private let limits: PoolLimits

    init(_ configuration: RedisConfiguration, servers: BackendServers, group: MultiThreadedEventLoopGroup) {
        topology = configuration.topology
        rotation = ServerRotation(servers)
        settings = RedisNode.Settings(
            group: group, tls: configuration.tls, userName: configuration.userName, password: configuration.password,
            passwordFile: configuration.passwordFile, database: configuration.database)
        limits = configuration.limits
    }

    func connect() throws(ConnectionFault) -> RedisConnection {
        try rotation.connect { server throws(ConnectionFault) in
            let deadline = ContinuousClock.now + limits.connectTimeout
            return RedisConnection(to: try target(by: server, until: deadline), queryTimeout: limits.queryTimeout)
        }
    }

    private func target(
        by server: BackendServers.Server, until deadline: ContinuousClock.Instant
    ) throws(ConnectionFault) -> RedisConnection.Target {
        switch topology {
        case .single:
            return .node(try RedisNode(to: server, settings, until: deadline))
        case .sentinel(let name, let userName, let password):
            let sentinel = RedisNode.Settings(
                group: settings.group, tls: settings.tls, userName: userName, password: password, passwordFile: nil,
                database: 0)
            let master = try Self.master(name, by: RedisNode(to: server, sentinel, until: deadline), until: deadline)
            return .node(try self.master(at: master, until: deadline))
        case .cluster:
            return .cluster(try RedisCluster(by: server, settings, until: deadline))
        }
    }

    // MARK: Sentinels

    /// They are asked anew for each connection: what was master may be none any more.
    private static func master(
        _ name: String, by sentinel: RedisNode, until deadline: ContinuousClock.Instant
    ) throws(ConnectionFault) -> BackendServers.Server {
        defer { sentinel.close() }
        let command = RedisCommand(["SENTINEL", "get-master-addr-by-name", name])
        let answer = try sentinel.ask(command, until: deadline)
        if answer == .null { throw .nonsense("the sentinel knows no master of that name", isUsable: false) }
        guard case .array(let parts) = answer, parts.count == 2, let host = parts[0].text, !host.isEmpty,
            let port = parts[1].text.flatMap({ Int($0) }), (1...65_535).contains(port)
        else { throw .nonsense("the sentinel's answer is no address", isUsable: false) }
        return BackendServers.Server(host: host, port: port)
    }

    /// A sentinel may not have seen yet that its master is none.
    private func master(
        at server: BackendServers.Server, until deadline: ContinuousClock.Instant
    ) throws(ConnectionFault) -> RedisNode {
        let node = try RedisNode(to: server, settings, until: deadline)
        do throws(ConnectionFault) {
            guard case .array(let parts) = try node.ask(RedisCommand(["ROLE"]), until: deadline),
                parts.first?.text == "master"
            else { throw ConnectionFault.lost("\(server) is not the master any more") }
            return node
        } catch {
            node.close()
            throw error
        }
    }
}
