import CredentialChecking

/// The nodes of a cluster, each connected to when it is first asked.
struct RedisCluster {
    /// MOVED and ASK together, for one question.
    private static let mostRedirections = 5

    private let settings: RedisNode.Settings
    private let seed: BackendServers.Server
    private var nodes: [BackendServers.Server: RedisNode] = [:]
    private var slots: RedisSlots

    /// Asks one of its nodes for the others.
    init(
        by server: BackendServers.Server, _ settings: RedisNode.Settings, until deadline: ContinuousClock.Instant
    ) throws(ConnectionFault) {
        self.settings = settings
        seed = server
        let node = try RedisNode(to: server, settings, until: deadline)
        nodes[server] = node
        do throws(ConnectionFault) {
            let answer = try node.ask(RedisCommand(["CLUSTER", "SLOTS"]), until: deadline)
            guard let slots = RedisSlots(answer, from: server) else {
                throw ConnectionFault.nonsense("an answer to CLUSTER SLOTS that is none", isUsable: false)
            }
            self.slots = slots
        } catch {
            node.close()
            throw error
        }
    }

    mutating func ask(_ command: RedisCommand, until deadline: ContinuousClock.Instant) throws(ConnectionFault)
        -> RedisValue
    {
        var server = slots[RedisSlots.slot(of: command.key)] ?? seed
        var isAsk = false
        for _ in 0...Self.mostRedirections {
            let node = try node(server, until: deadline)
            if isAsk { _ = try node.ask(RedisCommand(["ASKING"]), until: deadline) }
            let answer = try node.answer(to: command, until: deadline)
            guard case .error(let words) = answer else { return answer }
            guard let redirection = RedisRedirection(words, from: server) else { throw RedisFault.fault(words) }
            if !redirection.isAsk { slots.move(redirection.slot, to: redirection.server) }
            server = redirection.server
            isAsk = redirection.isAsk
        }
        throw .nonsense("redirected more than \(Self.mostRedirections) times", isUsable: false)
    }

    func ping(until deadline: ContinuousClock.Instant) throws(ConnectionFault) {
        for node in nodes.values { _ = try node.ask(RedisCommand(["PING"]), until: deadline) }
    }

    func close() {
        for node in nodes.values { node.close() }
    }

    private mutating func node(
        _ server: BackendServers.Server, until deadline: ContinuousClock.Instant
    ) throws(ConnectionFault) -> RedisNode {
        if let node = nodes[server] { return node }
        do throws(ConnectionFault) {
            let node = try RedisNode(to: server, settings, until: deadline)
            nodes[server] = node
            return node
        } catch {
            switch error {
            case .lost(let reason): throw .lost("\(server): \(reason)")
            case .timedOut(let reason): throw .timedOut("\(server): \(reason)")
            case .nonsense(let reason, let isUsable): throw .nonsense("\(server): \(reason)", isUsable: isUsable)
            }
        }
    }
}
