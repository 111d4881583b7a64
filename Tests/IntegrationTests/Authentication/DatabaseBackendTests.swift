import Foundation
import NIOCore
import TestSupport
import Testing

/// A whole gateway before each of the database servers: in, wrong, unknown; the server killed, and back.
@Suite struct DatabaseBackendTests {
    private typealias Password = TestDatabase.Password

    @Test func `PostgreSQL decides who is let in and its end touches no session`() async throws {
        try await check(try await .postgreSQL())
    }

    @Test func `MariaDB decides who is let in and its end touches no session`() async throws {
        try await check(try await .mySQL())
    }

    @Test func `Redis decides who is let in and its end touches no session`() async throws {
        try await check(try await .redis())
    }

    @Test func `MongoDB decides who is let in and its end touches no session`() async throws {
        try await check(try await .mongoDB())
    }

    private func check(_ database: TestDatabase) async throws {
        let backend = try #require(database.settings["AUTHENTICATION_BACKEND"])
        // Who has nothing to hide shows most.
        let settings = database.settings.merging(["LOG_LEVEL": "trace"]) { $1 }
        try await withSite(settings) { site async throws in
            let right = ShownCredentials.basic("CP-1", Password.old.text)
            let (chargePoint, accepted) = try await site.open("CP-1", right)
            #expect(accepted.status == 101)
            for wrong in [ShownCredentials.basic("CP-1", Password.new.text), .basic("CP-1", Password.old.hash), .none] {
                #expect(try await site.answer("CP-1", wrong).isUnauthorized)
            }
            #expect(try await site.answer("nobody", .basic("nobody", Password.old.text)).isUnknown)
            let hostile = try await site.status("CP-1'%20OR%20'1'%3D'1", .basic("CP-1' OR '1'='1", Password.old.text))
            #expect(hostile == 404)
            if database.hasTwoRows {
                for either in [Password.old, .new] {
                    #expect(try await site.status("CP-2", .basic("CP-2", either.text)) == 101)
                }
                #expect(try await site.answer("CP-2", .basic("CP-2", "s3cr3t-third")).isUnauthorized)
            }
            #expect(try await site.answer("CP-BROKEN", .basic("CP-BROKEN", "")).isUnauthorized)
            try await site.gateway.log("what is wrong") {
                $0.message == "authentication data is wrong" && $0.mentions("CP-BROKEN")
            }

            await database.server.kill()
            let tries = Counter()
            try await eventually("its children's end") {
                let name = "GONE-\(tries.next())"
                return try await site.status(name, .basic(name, "s3cr3t")) == 503
            }
            for number in 1...4 {
                let name = "CP-\(number)"
                #expect(try await site.answer(name, .basic(name, "s3cr3t")).isUnavailable, "\(name)")
            }
            let down = try await site.gateway.log("the loss") { $0.message == "authentication backend down" }
            #expect(down.fields["backend"] == backend)
            #expect(down.fields["server"] == "127.0.0.1:\(database.server.port)")
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)

            try await database.startAgain()
            try await site.gateway.log("the return", within: 60) { $0.message == "authentication backend up" }
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            #expect(chargePoint.isOpen)
            #expect(try await site.status("CP-1", right) == 101)
            #expect(try await site.answer("CP-1", .basic("CP-1", "s3cr3t-other")).isUnauthorized)
        }
        await database.server.remove()
    }

    /// Issue: all at once, eight connections. What it costs an open session is measured by deploy/bench-handshakes.py.
    @Test func `2000 handshakes at once go over eight connections and each has the verdict that it deserves`()
        async throws
    {
        let salt = Password.salt
        let database = try await TestDatabase.postgreSQL(
            """
            INSERT INTO mqtt_user SELECT 'N-' || n, encode(sha256(convert_to('\(salt)s3cr3t-' || n, 'UTF8')), 'hex'), '\(salt)'
                FROM generate_series(1, 2000) n;
            CREATE INDEX ON mqtt_user (username);
            """)
        let own = [
            "LISTENERS_WS_DEFAULT_MAX_CONN_RATE": "100000", "LISTENERS_WS_DEFAULT_HANDSHAKE_TIMEOUT": "240s",
            "AUTHENTICATION_TIMEOUT": "200s", "IDLE_TIMEOUT": "300s", "LOG_LEVEL": "error",
        ]
        try await withSite(database.settings.merging(own) { $1 }, weight: Slots.all) { site async throws in
            let (chargePoint, accepted) = try await site.open("CP-1", .basic("CP-1", Password.old.text))
            #expect(accepted.status == 101)
            try await withThrowingTaskGroup(of: (number: Int, status: Int).self) { group in
                for number in 1...2000 {
                    group.addTask {
                        // A third each: right, another's password, unknown.
                        let name = number % 3 == 2 ? "X-\(number)" : "N-\(number)"
                        let password = "s3cr3t-\(number % 3 == 1 ? number + 1 : number)"
                        let (client, answer) = try await site.open(
                            name, .header("Basic \(Data("\(name):\(password)".utf8).base64EncodedString())"))
                        if answer.status != 101 { await client.cut() }
                        return (number, answer.status)
                    }
                }
                var verdicts = 0
                for try await (number, status) in group {
                    verdicts += 1
                    #expect(status == [101, 401, 404][number % 3], "number \(number)")
                    guard verdicts.isMultiple(of: 200) else { continue }
                    #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
                    let open = try await database.sql([
                        "-c", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'gateway'",
                    ])
                    #expect((1...8).contains(Int(open) ?? 0), "\(open) connections")
                }
                #expect(verdicts == 2000)
            }
            #expect(chargePoint.isOpen)
        }
        await database.server.remove()
    }
}
