import Foundation
import TestSupport
import Testing

/// authentication.md: `users`, `check-authentication`, and what ends the start.
@Suite struct UserCommandTests {
    @Test func `A running gateway goes by what the users command does at once`() async throws {
        let users = try BuiltInUsers()
        let settings = users.settings()
        try await users.withSite { site async throws in
            // A charge point that stays: the others come again and again.
            #expect(try await GatewayCommand(["users", "add", "CP-0"], input: "s3cr3t-zero\n", settings).code == 0)
            let (chargePoint, accepted) = try await site.open("CP-0", .basic("CP-0", "s3cr3t-zero"))
            #expect(accepted.status == 101)
            let shown = ShownCredentials.basic("CP-1", "s3cr3t-one")
            // Twice: a refusal that is remembered must not outlive the change.
            for _ in 0..<2 { #expect(try await site.answer("CP-1", shown).isUnknown) }
            let added = try await GatewayCommand(["users", "add", "CP-1"], input: "s3cr3t-one\n", settings)
            #expect(added.code == 0 && added.output == "added CP-1")
            #expect(try await site.status("CP-1", shown) == 101)
            let again = try await GatewayCommand(["users", "add", "CP-1"], input: "s3cr3t-two\n", settings)
            #expect(again.code == 1 && again.output == "user CP-1 is there already")
            #expect(try await GatewayCommand(["users", "list"], settings).output == "CP-0\nCP-1")

            let csv = "user_id,password,security_profile\nCP-1,s3cr3t-two,1\nCP-2,s3cr3t-three,2\n"
            let imported = try await GatewayCommand(["users", "import", "--override"], input: csv, settings)
            #expect(imported.code == 0 && imported.output == "2 rows: 1 added, 1 replaced, 0 skipped")
            #expect(try await site.answer("CP-1", shown).isUnauthorized)
            #expect(try await site.status("CP-1", .basic("CP-1", "s3cr3t-two")) == 101)
            #expect(try await site.answer("CP-2", .basic("CP-2", "s3cr3t-three")).isUnauthorized)

            let bad = "user_id,password\nCP-4,s3cr3t-four\n,s3cr3t-five\nCP-5,\n"
            let refused = try await GatewayCommand(["users", "import"], input: bad, settings)
            #expect(refused.code == 1 && refused.output.contains("2 (") && refused.output.contains("3 ("))
            #expect(try await site.answer("CP-4", .basic("CP-4", "s3cr3t-four")).isUnknown)

            let exported = try await GatewayCommand(["users", "export"], settings, showsSecrets: true)
            for field in exported.output.split(separator: "\n").dropFirst().flatMap({ $0.split(separator: ",") })
            where field.count >= 32 { Secrets.add(String(field)) }
            let elsewhere = try BuiltInUsers()
            let moved = try await GatewayCommand(
                ["users", "import", "--hash"], input: exported.output + "\n", elsewhere.settings())
            #expect(moved.output == "3 rows: 3 added, 0 replaced, 0 skipped")

            #expect(try await GatewayCommand(["users", "delete", "CP-1"], settings).code == 0)
            #expect(try await GatewayCommand(["users", "delete", "CP-1"], settings).code == 1)
            #expect(try await site.answer("CP-1", .basic("CP-1", "s3cr3t-two")).isUnknown)
            #expect(try await GatewayCommand(["users", "delete", "CP-0"], settings).code == 0)
            // Who is in stays in, also without being a user any more.
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
        }
    }

    /// Attack: 60 MB of line ends took 9 GB.
    @Test(arguments: ["\n", ","])
    func `An import needs little more memory than its file has bytes, whatever is in it`(piece: String) async throws {
        let users = try BuiltInUsers()
        let input = "user_id,password\nCP-1,s3cr3t-one\n" + String(repeating: piece, count: 24 << 20)
        let done = try await GatewayCommand(["users", "import"], input: input, users.settings(), megabytes: 1500)
        #expect(
            piece == ","
                ? done.code == 1 && done.output.contains("a row has more than 64 fields")
                : done.code == 0 && done.output == "1 rows: 1 added, 0 replaced, 0 skipped", "\(done)")
    }

    @Test func `What check-authentication says is what a handshake would hear`() async throws {
        let users = try BuiltInUsers()
        let csv = "user_id,password,security_profile\nCP-1,s3cr3t-one,1\nCP-3,s3cr3t-three,2\n"
        let settings = try users.settings(bootstrap: csv)
        let elsewhere = ["--listener", "ocpp:wss:default"]
        for (arguments, input, code, words) in [
            (["CP-1"], "CP-1\ns3cr3t-one\n", Int32(0), "let in"), (["CP-1"], "CP-1\ns3cr3t-two\n", 77, "401 in"),
            (["CP-2"], "CP-2\ns3cr3t-one\n", 77, "404 in"), (["CP-2"], "CP-1\ns3cr3t-one\n", 77, "not the identity"),
            (["CP-1"], "", 77, "no credentials"), (["CP-1"], "CP-1\n", 64, "password on the next"),
            (["CP-3"], "CP-3\ns3cr3t-three\n", 77, "security profile 2 needs TLS"),
            (["CP-3"] + elsewhere, "CP-3\ns3cr3t-three\n", 0, "let in"),
        ] {
            let outcome = try await GatewayCommand(["check-authentication"] + arguments, input: input, settings)
            #expect(outcome.code == code, "\(input): \(outcome.output)")
            #expect(outcome.output.contains(words), "\(outcome.output)")
        }
        let hexadecimal = try await GatewayCommand(
            ["check-authentication", "CP-1", "--hex"], input: "CP-1\n7333637233742D6F6E65\n", settings)
        #expect(hexadecimal.code == 0, "\(hexadecimal.output)")
        let port = try freePort()
        let away = ["AUTHENTICATION_BACKEND": "http", "AUTHENTICATION_URL": "http://127.0.0.1:\(port)/"]
        let unasked = try await GatewayCommand(["check-authentication", "CP-1"], input: "CP-1\ns3cr3t-one\n", away)
        #expect(unasked.code == 75 && unasked.output.hasPrefix("503 in"), "\(unasked.output)")
        #expect(unasked.output.lowercased().contains("refused"), "why: \(unasked.output)")
        let broken = try await GatewayCommand(
            ["check-authentication", "CP-1"], ["AUTHENTICATION_BACKEND": "nobody"])
        #expect(broken.code == 78)
    }

    @Test(arguments: [
        (["AUTHENTICATION_BAKCEND": "http"], ["AUTHENTICATION_BAKCEND", "AUTHENTICATION_BACKEND"]),
        (
            ["AUTHENTICATION_BACKEND": "built_in_database", "AUTHENTICATION_SERVER": "127.0.0.1:1"],
            ["AUTHENTICATION_SERVER", "belongs to backend mongodb, mysql, postgresql, redis"]
        ),
        (["AUTHENTICATION_URL": "http://127.0.0.1/"], ["AUTHENTICATION_URL", "belongs to backend http"]),
        (
            ["AUTHENTICATION_BACKEND": "http", "AUTHENTICATION_URL": "http://127.0.0.1/${nobody}"],
            ["AUTHENTICATION_URL", "nobody"]
        ),
        (["AUTHENTICATION_BACKEND": "http"], ["AUTHENTICATION_URL", "expected a value"]),
        (
            [
                "AUTHENTICATION_BACKEND": "mysql", "AUTHENTICATION_DATABASE": "d",
                "AUTHENTICATION_QUERY": "SELECT password_hash FROM u WHERE p = ${password}",
            ], ["authentication.query", "it would find the same for everybody"]
        ),
        (
            [
                "AUTHENTICATION_BACKEND": "mongodb", "AUTHENTICATION_DATABASE": "d", "AUTHENTICATION_COLLECTION": "c",
                "AUTHENTICATION_FILTER": "{}",
            ], ["authentication.filter"]
        ),
        (["AUTHENTICATION_BACKEND": "redis", "AUTHENTICATION_CMD": "GET ${username}"], ["authentication.cmd"]),
        (
            ["AUTHENTICATION_BACKEND": "built_in_database", "AUTHENTICATION_PASSWORD_HASH_ALGORITHM_NAME": "pbkdf2"],
            ["password_hash_algorithm.mac_fun", "password_hash_algorithm.iterations"]
        ),
        (
            [
                "AUTHENTICATION_BACKEND": "jwt", "AUTHENTICATION_SECRET": "s3cr3t-key",
                "AUTHENTICATION_MECHANISM": "password_based",
            ],
            ["AUTHENTICATION_MECHANISM", "expected jwt"]
        ),
        (["AUTHENTICATION_MECHANISM": "jwt"], ["AUTHENTICATION_MECHANISM", "expected authentication.backend: jwt"]),
        (["AUTHENTICATION_BACKEND": "broker"], ["AUTHENTICATION_BACKEND", "broker.sessions: per_charge_point"]),
        (
            ["AUTHENTICATION_BACKEND": "built_in_database", "BROKER_SESSIONS": "per_charge_point"],
            ["AUTHENTICATION_BACKEND", "expected broker or none"]
        ),
    ])
    func `A slip of the pen ends the start with all that is wrong`(
        settings: [String: String], words: [String]
    ) async throws {
        for arguments in [[], ["--check-config"]] {
            let folder = try BuiltInUsers()
            let data = [
                "DATA_DIR": folder.folder.path, "LISTENERS_WS_DEFAULT_BIND": "127.0.0.1:0", "MANAGEMENT_BIND": "",
            ]
            let outcome = try await GatewayCommand(arguments, settings.merging(data) { $1 })
            #expect(outcome.code == 78, "\(outcome.output)")
            for word in words { #expect(outcome.output.contains(word), "\(outcome.output)") }
        }
    }

    @Test(arguments: [
        ("user_id,password\nCP-1,s3cr3t-one\n,s3cr3t-two\nCP-3,s3cr3t-three\n,s3cr3t-four\n", ["2 (", "4 ("]),
        ("user_id\nCP-1\n", ["password"]), (#"[{"user_id": "CP-1"}]"#, ["1 ("]), ("no table", ["user_id"]),
    ])
    func `A bootstrap file that is wrong ends the start with its rows`(text: String, words: [String]) async throws {
        let users = try BuiltInUsers()
        let settings = try users.settings(
            bootstrap: text, ["LISTENERS_WS_DEFAULT_BIND": "127.0.0.1:0", "MANAGEMENT_BIND": ""])
        for arguments in [[], ["--check-config"]] {
            let outcome = try await GatewayCommand(arguments, settings)
            #expect(outcome.code == 78)
            for word in words + ["AUTHENTICATION_BOOTSTRAP_FILE", users.folder.path] {
                #expect(outcome.output.contains(word), "\(outcome.output)")
            }
        }
        let list = try await GatewayCommand(["users", "list"], users.settings())
        #expect(list.output.isEmpty, "nobody is added by a file with a bad row")
    }

    @Test func `A bootstrap file that is missing ends the start and a good one never overwrites`() async throws {
        let users = try BuiltInUsers()
        let missing = users.settings([
            "AUTHENTICATION_BOOTSTRAP_FILE": users.folder.appending(path: "none.csv").path,
            "LISTENERS_WS_DEFAULT_BIND": "127.0.0.1:0", "MANAGEMENT_BIND": "",
        ])
        for arguments in [[], ["--check-config"]] {
            let outcome = try await GatewayCommand(arguments, missing)
            #expect(outcome.code == 78 && outcome.output.contains("none.csv"), "\(outcome.output)")
        }
        #expect(try await GatewayCommand(["users", "add", "CP-1"], input: "s3cr3t-new\n", users.settings()).code == 0)
        let file = "password,user_id\ns3cr3t-old,CP-1\ns3cr3t-two,CP-2\n"
        try await users.withSite(bootstrap: file) { site async throws in
            try await site.gateway.log("who was added") {
                $0.message == "users added from the bootstrap file" && $0.fields["count"] == "1"
            }
            #expect(try await site.status("CP-1", .basic("CP-1", "s3cr3t-new")) == 101)
            #expect(try await site.answer("CP-1", .basic("CP-1", "s3cr3t-old")).isUnauthorized)
            #expect(try await site.status("CP-2", .basic("CP-2", "s3cr3t-two")) == 101)
        }
        let database = users.folder.appending(path: "data/users.sqlite3").path
        let mode = try FileManager.default.attributesOfItem(atPath: database)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }
}
