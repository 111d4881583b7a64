import Foundation

/// A Redis master, its replica, and sentinels that make the replica the master when the master ends.
///
/// A machine that stands still for a moment looks like a master that is away: who is master is asked, never assumed.
package struct RedisSentinelSet: Sendable {
    /// The master's name.
    package static let name = "ours"

    package let nodes: [RedisNode]
    package let sentinels: [TestServer]
    private let sentinelPassword: String

    /// Running, and complete: all know each other.
    ///
    /// - Parameter commands: fill the master, and by it the replica.
    package init(
        password: String, sentinelPassword: String, sentinels count: Int = 3, commands: [String]
    ) async throws {
        let master = try await RedisNode(password: password)
        try await master.commands(commands)
        let replica = try await RedisNode(password: password, ["--replicaof", "127.0.0.1 \(master.port)"])
        nodes = [master, replica]
        try await eventually("the replica's copy", within: .seconds(240)) {
            try await master.command("WAIT", "1", "1000") == "1"
        }
        let configuration = """
            port $PORT
            bind 127.0.0.1
            requirepass "\(sentinelPassword)"
            sentinel sentinel-pass "\(sentinelPassword)"
            sentinel monitor \(Self.name) 127.0.0.1 \(master.port) \(count / 2 + 1)
            sentinel auth-pass \(Self.name) "\(password)"
            sentinel down-after-milliseconds \(Self.name) 2000
            sentinel failover-timeout \(Self.name) 3000

            """
        var sentinels: [TestServer] = []
        for _ in 0..<count {
            sentinels.append(
                try await .started(
                    "redis-sentinel", ["$FOLDER/sentinel.conf"], environment: ["REDISCLI_AUTH": sentinelPassword],
                    files: ["sentinel.conf": configuration]))
        }
        self.sentinels = sentinels
        self.sentinelPassword = sentinelPassword
        for sentinel in sentinels {
            try await eventually("a sentinel that knows all", within: .seconds(240)) {
                guard let quorum = try? await Self.ask(sentinel, "CKQUORUM"), quorum.hasPrefix("OK \(count) usable")
                else { return false }
                return (try? await Self.ask(sentinel, "REPLICAS"))?.contains("\(replica.port)") == true
            }
        }
    }

    private static func ask(_ sentinel: TestServer, _ question: String) async throws -> String {
        try await sentinel.run("redis-cli", ["-e", "-p", "$PORT", "SENTINEL", question, name])
    }

    /// By the sentinels' word and its own.
    package func master() async throws -> RedisNode {
        var found: RedisNode?
        // A sentinel that finds that it has stood still does nothing for half a minute.
        try await eventually("a master", within: .seconds(240)) {
            var named: Set<String> = []
            for sentinel in sentinels {
                let answer = (try? await Self.ask(sentinel, "GET-MASTER-ADDR-BY-NAME")) ?? ""
                named.insert(answer.split(separator: "\n").last.map(String.init) ?? "")
            }
            guard named.count == 1, let node = nodes.first(where: { named.contains("\($0.port)") }),
                let role = try? await node.command("ROLE"), role.hasPrefix("master")
            else { return false }
            found = node
            return true
        }
        guard let found else { throw Failure("no master") }
        return found
    }

    package func remove() async {
        for server in sentinels + nodes.map(\.server) { await server.remove() }
    }
}
