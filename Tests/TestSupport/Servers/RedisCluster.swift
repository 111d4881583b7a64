import Foundation

/// Three Redis nodes that share the slots of a cluster.
package struct RedisCluster: Sendable {
    package let nodes: [RedisNode]
    private let password: String

    /// Running, and complete.
    package init(password: String) async throws {
        self.password = password
        var nodes: [RedisNode] = []
        var busPorts: [Int] = []
        for _ in 0..<3 {
            // On the other one the nodes talk to each other.
            busPorts.append(try freePort())
            nodes.append(
                try await RedisNode(
                    password: password, ["--cluster-enabled", "yes", "--cluster-port", "\(busPorts.last ?? 0)"]))
        }
        self.nodes = nodes
        for (index, range) in [(0, 5460), (5461, 10922), (10923, 16383)].enumerated() {
            try await nodes[index].command("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
            try await nodes[index].command("CLUSTER", "ADDSLOTSRANGE", "\(range.0)", "\(range.1)")
        }
        for index in 1...2 {
            try await nodes[0].command(
                "CLUSTER", "MEET", "127.0.0.1", "\(nodes[index].port)", "\(busPorts[index])")
        }
        try await waitUntilComplete()
    }

    /// All nodes serve all slots, and none misses another one.
    package func waitUntilComplete() async throws {
        for node in nodes {
            try await eventually("the whole cluster", within: .seconds(240)) {
                guard let state = try? await node.command("CLUSTER", "INFO"), state.contains("cluster_state:ok"),
                    state.contains("cluster_known_nodes:3"), state.contains("cluster_slots_ok:16384")
                else { return false }
                return (try? await node.command("CLUSTER", "NODES"))?.contains("fail") == false
            }
        }
    }

    /// The node that has this key.
    package func owner(of key: String) async throws -> RedisNode {
        let slot = try await nodes[0].command("CLUSTER", "KEYSLOT", key)
        for node in nodes where try await node.command("CLUSTER", "COUNTKEYSINSLOT", slot) != "0" { return node }
        throw Failure("nobody has \(key)")
    }

    /// The slot of a key goes from its node to another one: it says ASK on the way, and MOVED afterwards.
    ///
    /// - Parameter check: called after each step.
    package func moveSlot(of key: String, _ check: () async throws -> Void = {}) async throws {
        let slot = try await nodes[0].command("CLUSTER", "KEYSLOT", key)
        let owner = try await owner(of: key)
        guard let target = nodes.first(where: { $0.port != owner.port }) else { throw Failure("there is one node") }
        let (from, to) = (try await owner.command("CLUSTER", "MYID"), try await target.command("CLUSTER", "MYID"))
        try await target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", from)
        try await owner.command("CLUSTER", "SETSLOT", slot, "MIGRATING", to)
        try await check()
        let keys = try await owner.command("CLUSTER", "GETKEYSINSLOT", slot, "100").split(separator: "\n")
        try await owner.command(
            ["MIGRATE", "127.0.0.1", "\(target.port)", "", "0", "60000", "AUTH", password, "KEYS"]
                + keys.map(String.init))
        try await check()
        for node in [target, owner] + nodes.filter({ $0.port != target.port && $0.port != owner.port }) {
            try await node.command("CLUSTER", "SETSLOT", slot, "NODE", to)
        }
        try await check()
    }

    package func remove() async {
        for node in nodes { await node.server.remove() }
    }
}
