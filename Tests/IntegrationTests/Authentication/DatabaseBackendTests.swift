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

    private static let hostileTexts = [
        "'", "' OR '1'='1", "'; DROP TABLE mqtt_user; --", "\\", "\\' OR 1=1 -- ", "*", "%", "_", "$ne", "{$ne:1}",
        "[N]-1",
        "CP-1\r\nGET CP-1", "CP-1\0", "\0", "CP-1 ", " CP-1", "cp-1", "CP-1*", "${username}", "$1", "?", "é\u{301}",
        String(repeating: "A", count: 11_000),
    ]

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

            try await site.restart(database.server, again: { try await database.startAgain() }) { name, isRight in
                .basic(name, isRight ? Password.old.text : "s3cr3t-wrong")
            }
            let down = try await site.gateway.log("the loss") { $0.message == "authentication backend down" }
            #expect(down.fields["backend"] == backend)
            #expect(down.fields["server"] == "127.0.0.1:\(database.server.port)")
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            #expect(chargePoint.isOpen)
            #expect(try await site.verdict("CP-1", right).status == 101)
            #expect(try await site.verdict("CP-1", .basic("CP-1", "s3cr3t-other")).isUnauthorized)
        }
        try await checkHostileNames(database)
        try await checkWrongQuestion(database)
        await database.server.remove()
    }

    /// Under a user name that need not be the identity: that goes to the database as it comes.
    private func checkHostileNames(_ database: TestDatabase) async throws {
        let own = ["AUTHENTICATION_USERNAME_IS_IDENTITY": "false", "LOG_LEVEL": "trace"]
        try await withSite(database.settings.merging(own) { $1 }) { site async throws in
            #expect(try await site.status("CP-H", .basic("CP-1", Password.old.text)) == 101)
            for text in Self.hostileTexts {
                let unknown = try await site.answer("CP-H", .basic(text, Password.old.text))
                #expect(unknown.isUnauthorized, "\(text.debugDescription): \(unknown)")
                let wrong = try await site.answer("CP-H", .basic("CP-1", "s3cr3t" + text))
                #expect(wrong.isUnauthorized, "\(text.debugDescription) as the password: \(wrong)")
            }
            // More than a handshake may hold: 431, or hung up upon while it still sends.
            let (name, password) = (String(repeating: "A", count: 65_536), String(repeating: "s3cr3t", count: 11_000))
            for shown in [ShownCredentials.basic(name, "s3cr3t"), .basic("CP-1", password)] {
                let status = try? await site.status("CP-H", shown)
                #expect(status == nil || status == 431)
            }
            #expect(try await site.status("CP-H", .basic("CP-1", Password.old.text)) == 101)
            #expect(!site.hasLogged("authentication backend cannot answer"))
        }
    }

    /// What it is asked, or who we are, is wrong: it answers all the same.
    private func checkWrongQuestion(_ database: TestDatabase) async throws {
        for wrong in [database.wrongQuestion, ["AUTHENTICATION_PASSWORD": "s3cr3t-not-ours"]] {
            try await withSite(database.settings.merging(wrong) { $1 }) { site async throws in
                // As often as would make the server count as down, had it not answered.
                for number in 1...4 {
                    let name = "CP-\(number)"
                    #expect(try await site.answer(name, .basic(name, Password.old.text)).isUnavailable)
                }
                let line = try await site.gateway.log("why") { $0.message == "authentication backend cannot answer" }
                #expect(line.fields["level"] == "error", "\(line)")
                #expect(!site.hasLogged("authentication backend down"))
            }
        }
    }

    /// Issue: all at once, eight connections. What it costs an open session is measured by deploy/bench-handshakes.py.
    @Test func `2000 handshakes at once go over eight connections and each has the verdict that it deserves`()
        async throws
    {
        let salt = Password.salt
        let database = try await TestDatabase.postgreSQL(
            """
            INSERT INTO mqtt_user SELECT 'S-' || n, encode(sha256(convert_to('\(salt)s3cr3t-' || n, 'UTF8')), 'hex'), '\(salt)'
                FROM generate_series(1, 2000) n;
            CREATE INDEX ON mqtt_user (username);
            """)
        let own = [
            "LISTENERS_WS_DEFAULT_MAX_CONN_RATE": "100000",
            "AUTHENTICATION_TIMEOUT": "500s", "IDLE_TIMEOUT": "600s",
        ]
        try await withSite(database.settings.merging(own) { $1 }, weight: Slots.all) { site async throws in
            let (chargePoint, accepted) = try await site.open("CP-1", .basic("CP-1", Password.old.text))
            #expect(accepted.status == 101)
            try await withThrowingTaskGroup(of: (number: Int, status: Int).self) { group in
                for number in 1...2000 {
                    group.addTask {
                        // A third each: right, another's password, unknown.
                        let name = number % 3 == 2 ? "X-\(number)" : "S-\(number)"
                        let password = "s3cr3t-\(number % 3 == 1 ? number + 1 : number)"
                        let (client, answer) = try await site.open(
                            name, .basic(name, password), within: .seconds(600))
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
