import BackendTestSupport
import CredentialChecking
import Foundation
import Testing

@testable import RedisAuthenticator

/// A sentinel set and a cluster, of real servers.
@Suite(.serialized) struct RedisTopologyTests {
    @Test func `Sentinels say who is master, and are asked again after a failover`() async throws {
        let master = try RedisServer()
        let replica = try RedisServer(["--replicaof", "127.0.0.1 \(master.port)"])
        try master.fill()
        try wait { try replica.command("EXISTS", "mqtt_user:CP-TEXT").hasPrefix("1") }
        let port = try BackendServer.freePort()
        let directory = try BackendServer.newDirectory("sentinel")
        try """
        port \(port)
        bind 127.0.0.1
        requirepass of the sentinels
        sentinel monitor ours 127.0.0.1 \(master.port) 1
        sentinel auth-pass ours "\(RedisServer.password)"
        sentinel down-after-milliseconds ours 2000
        sentinel failover-timeout ours 3000

        """.replacing("requirepass of the sentinels", with: "requirepass \"of the sentinels\"")
            .write(toFile: directory + "/sentinel.conf", atomically: true, encoding: .utf8)
        let sentinel = BackendServer(
            command: ["redis-sentinel", directory + "/sentinel.conf"], directory: directory, port: port)
        try sentinel.start()
        defer { for server in [sentinel, master.server, replica.server] { server.kill() } }
        // It finds the replica by the master.
        try wait {
            try BackendServer.run(
                ["redis-cli", "-p", "\(port)", "SENTINEL", "replicas", "ours"],
                environment: ["REDISCLI_AUTH": "of the sentinels"]
            ).contains("\(replica.port)")
        }
        let nobody = try BackendServer.freePort()
        let source = try RedisSource(
            RedisConfiguration(
                topology: .sentinel(master: "ours", userName: nil, password: "of the sentinels"),
                server: "127.0.0.1:\(nobody),127.0.0.1:\(port)", password: RedisServer.password,
                limits: PoolLimits(size: 2)))
        #expect(await Outcome.of("CP-1", from: source) { $0.hashes != nil }.hashes == ["hash-1"])
        master.server.kill()
        #expect(await Outcome(of: "CP-1", from: source).failure?.kind == .unreachable)
        try wait { try replica.command("ROLE").hasPrefix("master") }
        try replica.command("HSET", "mqtt_user:CP-NEW", "password_hash", "hash-new")
        let new = await Outcome.of("CP-NEW", from: source) { $0.hashes == ["hash-new"] }
        #expect(new.hashes == ["hash-new"])
        await source.close()
    }

    @Test func `A master that the sentinels do not know is nonsense`() async throws {
        let port = try BackendServer.freePort()
        let directory = try BackendServer.newDirectory("sentinel")
        try "port \(port)\nbind 127.0.0.1\n"
            .write(toFile: directory + "/sentinel.conf", atomically: true, encoding: .utf8)
        let sentinel = BackendServer(
            command: ["redis-sentinel", directory + "/sentinel.conf"], directory: directory, port: port)
        try sentinel.start()
        defer { sentinel.kill() }
        let source = try RedisSource(
            RedisConfiguration(
                topology: .sentinel(master: "theirs", userName: nil, password: nil), server: "127.0.0.1:\(port)"))
        #expect(await Outcome(of: "CP-1", from: source).failure?.kind == .nonsense)
        await source.close()
    }

    @Test func `In a cluster each key's node is asked, also after its slot has moved`() async throws {
        let nodes = try (0..<3).map { _ in try RedisServer(["--cluster-enabled", "yes"], port: clusterPort()) }
        defer { for node in nodes { node.server.kill() } }
        try BackendServer.run(
            ["redis-cli", "--no-auth-warning", "--cluster-yes", "--cluster", "create"]
                + nodes.map { "127.0.0.1:\($0.port)" },
            environment: ["REDISCLI_AUTH": RedisServer.password])
        for node in nodes { try wait { try node.command("CLUSTER", "INFO").contains("cluster_state:ok") } }
        let names = (0..<30).map { "CP-\($0)" }
        for name in names { try nodes[0].command("HSET", "mqtt_user:\(name)", "password_hash", "hash of \(name)") }
        let source = try RedisSource(
            RedisConfiguration(
                topology: .cluster, server: "127.0.0.1:\(nodes[1].port)", password: RedisServer.password,
                limits: PoolLimits(size: 2)))
        for name in names { #expect(await Outcome(of: name, from: source).hashes == ["hash of \(name)"]) }
        #expect(await Outcome(of: "nobody", from: source) == .unknown)

        // The slot of one key goes from its node to another: ASK on the way, MOVED afterwards.
        let slot = RedisSlots.slot(of: Array("mqtt_user:CP-0".utf8))
        let ids = try nodes.map { try $0.command("CLUSTER", "MYID").trimmingCharacters(in: .whitespacesAndNewlines) }
        let owner = try #require(
            nodes.indices.first {
                (try? nodes[$0].command("CLUSTER", "COUNTKEYSINSLOT", "\(slot)").hasPrefix("0")) == false
            })
        let target = (owner + 1) % 3
        try nodes[target].command("CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", ids[owner])
        try nodes[owner].command("CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", ids[target])
        #expect(await Outcome(of: "CP-0", from: source).hashes == ["hash of CP-0"])
        try nodes[owner].command(
            "MIGRATE", "127.0.0.1", "\(nodes[target].port)", "mqtt_user:CP-0", "0", "5000", "AUTH", RedisServer.password
        )
        #expect(await Outcome(of: "CP-0", from: source).hashes == ["hash of CP-0"])
        for node in nodes { try node.command("CLUSTER", "SETSLOT", "\(slot)", "NODE", ids[target]) }
        #expect(await Outcome(of: "CP-0", from: source).hashes == ["hash of CP-0"])

        nodes[target].server.kill()
        #expect(await Outcome(of: "CP-0", from: source).failure?.kind == .unreachable)
        try nodes[target].server.start()
        let back = await Outcome.of("CP-0", from: source) { $0.hashes != nil }
        #expect(back.hashes == ["hash of CP-0"])
        await source.close()
    }

    /// The nodes talk to each other on the port 10,000 above.
    private func clusterPort() throws -> Int {
        while true {
            let port = try BackendServer.freePort()
            if port < 55_536, !BackendServer.takesConnections(port + 10_000) { return port }
        }
    }

    /// For what the servers tell each other in their own time. A sentinel that finds that it has stood still does
    /// nothing for half a minute.
    private func wait(until isSo: () throws -> Bool) throws {
        let end = Date().addingTimeInterval(120)
        while try !isSo() {
            guard Date() < end else { throw BackendServer.Failure(description: "the servers do not get there") }
            usleep(50_000)
        }
    }
}
