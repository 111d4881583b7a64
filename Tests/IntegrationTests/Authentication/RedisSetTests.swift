import TestSupport
import Testing

/// authentication.md, `redis_type`: a whole gateway before servers that take over from each other, under 200 handshakes.
@Suite struct RedisSetTests {
    private typealias Password = TestDatabase.Password

    private static let serverPassword = "s3cr3t-backend"
    private static let sentinelPassword = "s3cr3t-of-the-sentinels"
    private static let commands = (["CP-1"] + (1...200).map { "N-\($0)" }).map {
        "HSET mqtt_user:\($0) password_hash \(Password.old.hash) salt \(Password.salt)"
    }

    private static func settings(_ servers: [Int], _ own: [String: String]) -> [String: String] {
        [
            "AUTHENTICATION_BACKEND": "redis", "AUTHENTICATION_PASSWORD": serverPassword,
            "AUTHENTICATION_SERVERS": servers.map { "127.0.0.1:\($0)" }.joined(separator: ","),
        ].merging(PatientTimes.database) { $1 }.merging(own) { $1 }
    }

    private static let shown: Site.Shown = { name, isRight in
        .basic(name, isRight ? Password.old.text : "s3cr3t-wrong")
    }

    /// - Parameter outage: what happens to the servers; there are handshakes of `N-1` to `N-200` for it.
    private func check(_ settings: [String: String], _ outage: @escaping @Sendable (Site) async throws -> Void)
        async throws
    {
        try await withSite(settings) { site async throws in
            let right = Self.shown("CP-1", true)
            let first = try await site.verdict("CP-1", right)
            #expect(first.status == 101)
            #expect(try await site.verdict("CP-1", Self.shown("CP-1", false)).isUnauthorized)
            #expect(try await site.answer("CP-1", .none).isUnauthorized)
            #expect(try await site.verdict("nobody", Self.shown("nobody", true)).isUnknown)
            let (chargePoint, accepted) = try await site.open("CP-1", right)
            #expect(accepted.status == 101)
            try await outage(site)
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            #expect(chargePoint.isOpen)
            try await site.settle(1...200, Self.shown)
            #expect(try await site.verdict("nobody", Self.shown("nobody", true)).isUnknown)
        }
    }

    @Test func `When the master ends its replica decides and nobody is let in wrongly`() async throws {
        let set = try await RedisSentinelSet(
            password: Self.serverPassword, sentinelPassword: Self.sentinelPassword, commands: Self.commands)
        let settings = Self.settings(
            set.sentinels.map(\.port),
            [
                "AUTHENTICATION_REDIS_TYPE": "sentinel", "AUTHENTICATION_SENTINEL": RedisSentinelSet.name,
                "AUTHENTICATION_SENTINEL_PASSWORD": Self.sentinelPassword,
            ])
        try await check(settings) { site in
            let old = try await set.master()
            try await site.knock(1...100, Self.shown) { await old.server.kill() }
            try await site.knock(101...150, Self.shown) {
                try await eventually("another master", within: .seconds(240)) {
                    try await set.master().port != old.port
                }
            }
            try await site.settle(1...4, Self.shown)
            // What is stored in the new master alone counts.
            let new = try await set.master()
            try await new.command(
                "HSET", "mqtt_user:CP-NEW", "password_hash", Password.new.hash, "salt", Password.salt)
            #expect(try await site.verdict("CP-NEW", .basic("CP-NEW", Password.new.text)).status == 101)
            // A sentinel that ends is nothing, and the old master is a replica when it is back.
            await set.sentinels[0].kill()
            try await site.knock(151...200, Self.shown) { try await old.server.start() }
            #expect(try await site.verdict("CP-NEW", .basic("CP-NEW", Password.new.text)).status == 101)
        }
        await set.remove()
    }

    @Test func `In a cluster moved slots are followed and the end of a node lets nobody in wrongly`() async throws {
        let cluster = try await RedisCluster(password: Self.serverPassword)
        try await cluster.nodes[0].commands(Self.commands)
        // One is enough to find the others.
        let settings = Self.settings([cluster.nodes[2].port], ["AUTHENTICATION_REDIS_TYPE": "cluster"])
        try await check(settings) { site in
            for name in ["N-2", "N-3"] {
                let isRight = name == "N-2"
                try await site.knock(1...100, Self.shown) {
                    try await cluster.moveSlot(of: "mqtt_user:\(name)") {
                        let heard = try await site.verdict(name, Self.shown(name, isRight))
                        #expect(isRight ? heard.status == 101 : heard.isUnauthorized, "\(heard)")
                    }
                }
            }
            let gone = try await cluster.owner(of: "mqtt_user:N-2")
            try await site.knock(101...150, Self.shown) { await gone.server.kill() }
            #expect(try await site.answer("N-2", Self.shown("N-2", true)).isUnavailable)
            try await site.knock(151...200, Self.shown) {
                try await gone.server.start()
                try await cluster.waitUntilComplete()
            }
        }
        await cluster.remove()
    }
}
