import BackendTestSupport
import CredentialChecking
import Foundation
import TestSupport
import Testing

@testable import RedisAuthenticator

/// A sentinel set and a cluster, of real servers.
@Suite(.serialized) struct RedisTopologyTests {
    @Test func `Sentinels say who is master, and are asked again after a failover`() async throws {
        let fill = #"HSET mqtt_user:CP-1 password_hash hash-1"#
        let set = try await RedisSentinelSet(
            password: RedisServer.password, sentinelPassword: "of the sentinels", sentinels: 1, commands: [fill])
        let nobody = try freePort()
        let source = try RedisSource(
            RedisConfiguration(
                topology: .sentinel(master: RedisSentinelSet.name, userName: nil, password: "of the sentinels"),
                server: "127.0.0.1:\(nobody),127.0.0.1:\(set.sentinels[0].port)", password: RedisServer.password,
                limits: .patient(size: 2)))
        #expect(await Outcome.of("CP-1", from: source) { $0.hashes != nil }.hashes == ["hash-1"])
        let old = try await set.master()
        await old.server.kill()
        var new = old
        try await eventually("another master", within: .seconds(240)) {
            new = try await set.master()
            return new.port != old.port
        }
        try await new.command("HSET", "mqtt_user:CP-NEW", "password_hash", "hash-new")
        let outcome = await Outcome.of("CP-NEW", from: source) { $0.hashes == ["hash-new"] }
        #expect(outcome.hashes == ["hash-new"])
        await source.close()
        await set.remove()
    }

    @Test func `A master that the sentinels do not know is nonsense`() async throws {
        let sentinel = try await TestServer.started(
            "redis-sentinel", ["$FOLDER/sentinel.conf"], files: ["sentinel.conf": "port $PORT\nbind 127.0.0.1\n"])
        let source = try RedisSource(
            RedisConfiguration(
                topology: .sentinel(master: "theirs", userName: nil, password: nil),
                server: "127.0.0.1:\(sentinel.port)", limits: .patient(size: 2)))
        #expect(await Outcome(of: "CP-1", from: source).failure?.kind == .nonsense)
        await source.close()
        await sentinel.remove()
    }

    @Test func `In a cluster each key's node is asked, also after its slot has moved`() async throws {
        let cluster = try await RedisCluster(password: RedisServer.password)
        let names = (0..<30).map { "CP-\($0)" }
        try await cluster.nodes[0].commands(
            names.map { #"HSET mqtt_user:\#($0) password_hash "hash of \#($0)""# })
        let source = try RedisSource(
            RedisConfiguration(
                topology: .cluster, server: "127.0.0.1:\(cluster.nodes[1].port)", password: RedisServer.password,
                limits: .patient(size: 2)))
        for name in names { #expect(await Outcome(of: name, from: source).hashes == ["hash of \(name)"]) }
        #expect(await Outcome(of: "nobody", from: source) == .unknown)

        // ASK on the way, MOVED afterwards.
        try await cluster.moveSlot(of: "mqtt_user:CP-0") {
            #expect(await Outcome(of: "CP-0", from: source).hashes == ["hash of CP-0"])
        }
        let owner = try await cluster.owner(of: "mqtt_user:CP-0")
        await owner.server.kill()
        #expect(await Outcome(of: "CP-0", from: source).failure?.kind == .unreachable)
        try await owner.server.start()
        try await cluster.waitUntilComplete()
        let back = await Outcome.of("CP-0", from: source) { $0.hashes != nil }
        #expect(back.hashes == ["hash of CP-0"])
        await source.close()
        await cluster.remove()
    }
}
