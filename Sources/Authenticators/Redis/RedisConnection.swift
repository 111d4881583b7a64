import CredentialChecking

/// What a thread of the pool asks: one server, or a cluster's nodes.
struct RedisConnection: BlockingConnection {
    enum Target {
        case node(RedisNode)
        case cluster(RedisCluster)
    }

    private var target: Target
    private let queryTimeout: Duration

    init(to target: Target, queryTimeout: Duration) {
        self.target = target
        self.queryTimeout = queryTimeout
    }

    mutating func ask(_ command: RedisCommand) throws(ConnectionFault) -> RedisValue {
        let deadline = ContinuousClock.now + queryTimeout
        switch target {
        case .node(let node): return try node.ask(command, until: deadline)
        case .cluster(var cluster):
            defer { target = .cluster(cluster) }
            return try cluster.ask(command, until: deadline)
        }
    }

    mutating func ping() throws(ConnectionFault) {
        let deadline = ContinuousClock.now + queryTimeout
        switch target {
        case .node(let node): _ = try node.ask(RedisCommand(["PING"]), until: deadline)
        case .cluster(let cluster): try cluster.ping(until: deadline)
        }
    }

    mutating func close() {
        switch target {
        case .node(let node): node.close()
        case .cluster(let cluster): cluster.close()
        }
    }
}
