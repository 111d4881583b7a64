import Foundation
import TestSupport
import Testing

/// authentication.md, "Outcomes" and "Keys for all backends", with the gateway's own database.
@Suite struct BuiltInUserTests {
    private static let password = "s3cr3t-of-CP-1"
    private static let csv = "user_id,password\nCP-1,\(password)\nCP-2,s3cr3t-of-CP-2\n"

    @Test func `Each outcome has its status headers body and log line`() async throws {
        try await BuiltInUsers().withSite(bootstrap: Self.csv) { site async throws in
            let (chargePoint, accepted) = try await site.open("CP-1", .basic("CP-1", Self.password))
            #expect(accepted.status == 101)
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            try await site.gateway.log("who it is") {
                $0.message == "charge point connected" && $0.fields["user"] == "CP-1"
            }
            for (identity, shown, reason) in [
                ("CP-1", ShownCredentials.basic("CP-1", "s3cr3t-wrong"), "wrong password"),
                ("CP-2", .none, "no credentials"),
                ("CP-3", .header("Basic ???"), "no credentials"), ("CP-4", .header("Digest x"), "no credentials"),
                ("CP-5", .basic("CP-1", Self.password), "the user name is not the identity"),
                ("CP-6", .basic("", Self.password), "no user name"),
            ] {
                #expect(try await site.answer(identity, shown).isUnauthorized, "\(identity)")
                let line = try await site.refusal(of: identity, 401)
                #expect(line["reason"] == reason && line["listener"] == "default", "\(line)")
                #expect(line["remote"]?.hasPrefix("127.0.0.1:") == true)
                #expect(line["backend"] == "built_in_database" && Int(line["ms"] ?? "") != nil, "\(line)")
            }
            #expect(try await site.answer("nobody", .basic("nobody", "s3cr3t")).isUnknown)
            #expect(try await site.refusal(of: "nobody", 404)["user"] == "nobody")
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
        }
    }

    @Test func `What identities exist is told to nobody where that is wished`() async throws {
        try await BuiltInUsers().withSite(
            bootstrap: Self.csv, ["AUTHENTICATION_UNKNOWN_IDENTITY": "401"]
        ) { site async throws in
            let unknown = try await site.answer("nobody", .basic("nobody", "s3cr3t"))
            let wrong = try await site.answer("CP-1", .basic("CP-1", "s3cr3t-wrong"))
            #expect(unknown.isUnauthorized)
            #expect(Set(unknown.headers.keys) == Set(wrong.headers.keys))
            #expect(try await site.status("CP-1", .basic("CP-1", Self.password)) == 101)
        }
    }

    @Test func `Shared user names come in where they are allowed and an unknown one is never told of`() async throws {
        try await BuiltInUsers().withSite(
            bootstrap: Self.csv, ["AUTHENTICATION_USERNAME_IS_IDENTITY": "false"]
        ) { site async throws in
            try await site.gateway.log("the warning") { $0.mentions("opens every identity") }
            #expect(try await site.status("CP-9", .basic("CP-1", Self.password)) == 101)
            #expect(try await site.answer("CP-9", .basic("fleet", Self.password)).isUnauthorized)
            #expect(try await site.answer("fleet", .basic("fleet", Self.password)).isUnknown)
        }
    }

    @Test func `A user may be found by the identity alone`() async throws {
        let settings = ["AUTHENTICATION_USER_ID_TYPE": "clientid"]
        try await BuiltInUsers().withSite(bootstrap: Self.csv, settings) { site async throws in
            #expect(try await site.status("CP-1", .basic("", Self.password)) == 101)
            #expect(try await site.answer("CP-1", .basic("CP-2", "s3cr3t-of-CP-2")).isUnauthorized)
        }
    }

    @Test(arguments: [["AUTHENTICATION_ENABLE": "false"], ["LISTENERS_WS_DEFAULT_ENABLE_AUTHN": "false"]])
    func `Nobody is asked where that is switched off`(settings: [String: String]) async throws {
        try await BuiltInUsers().withSite(bootstrap: Self.csv, settings) { site async throws in
            for shown in [ShownCredentials.none, .basic("CP-2", "s3cr3t-wrong")] {
                #expect(try await site.status("CP-1", shown) == 101)
            }
        }
    }

    @Test func `One listener asks and another does not`() async throws {
        let settings = [
            "LISTENERS": "ws:default,ws:open", "LISTENERS_WS_OPEN_BIND": "127.0.0.1:0",
            "LISTENERS_WS_OPEN_ENABLE_AUTHN": "false",
        ]
        try await BuiltInUsers().withSite(bootstrap: Self.csv, settings) { site async throws in
            let open = try await site.gateway.port(listener: "open")
            #expect(try await site.status("CP-1", .none, port: open) == 101)
            #expect(try await site.answer("CP-1", .none).isUnauthorized)
        }
    }

    @Test func `A charge point that comes in by less than its security profile stays outside`() async throws {
        let files = try CertificateFolder()
        let tls = files.settings(["VERIFY": "verify_peer", "CACERTFILE": files.path("ca.pem")])
        let users = """
            [{"user_id":"PY-1","password":"\(Self.password)","security_profile":3},
             {"user_id":"CP-2","password":"\(Self.password)","security_profile":2},
             {"user_id":"CP-1","password":"\(Self.password)","security_profile":1}]
            """
        try await BuiltInUsers().withSite(bootstrap: users, name: "users.json", tls) { site async throws in
            let port = try await site.gateway.port(listener: "wss:tls")
            let (plain, certified) = try (files.client(), files.client(as: "PY-1"))
            for (identity, onWS, onWSS) in [("CP-1", 101, 101), ("CP-2", 401, 101), ("PY-1", 401, 401)] {
                let shown = ShownCredentials.basic(identity, Self.password)
                #expect(try await site.status(identity, shown) == onWS, "\(identity)")
                #expect(try await site.status(identity, shown, port: port, tls: plain) == onWSS, "\(identity)")
                #expect(try await site.status(identity, shown, port: port, tls: certified) == 101, "\(identity)")
            }
            #expect(try await site.refusal(of: "CP-2", 401)["reason"] == "security profile 2 needs TLS (wss)")
        }
    }

    /// authentication.md, "Passwords": the vector of the hexadecimal key, stored from its bytes and from its capitals.
    @Test func `An authorization key is good in every form that it travels in`() async throws {
        let salt = "f3a1c2d4e5b60718293a4b5c6d7e8f90"
        let ofBytes = "bfd0686982617044d6c94f80903723d4df10532317b1bd7f29d8c9aaa26307e5"
        let ofCapitals = "80441069b631fd837e945a8455b6b7356c4276519e501dec5398e94e17b492b3"
        Secrets.add(salt, ofBytes, ofCapitals)
        let key: [UInt8] = Array(0...7) + Array(repeating: 0xFF, count: 12)
        let capitals = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"
        let bootstrap = "user_id,password_hash,salt\nAL1000,\(ofBytes),\(salt)\nAL2000,\(ofCapitals),\(salt)\n"
        let users = try BuiltInUsers()
        let hashes = ["AUTHENTICATION_BOOTSTRAP_TYPE": "hash"]
        try await users.withSite(bootstrap: bootstrap, hashes) { site async throws in
            // As the page has it.
            #expect(try await site.status("AL1000", .header("Basic QUwxMDAwOgABAgMEBQYH////////////////")) == 101)
            for identity in ["AL1000", "AL2000"] {
                #expect(try await site.status(identity, .basic(identity, key)) == 101)
                #expect(try await site.status(identity, .basic(identity, capitals)) == 101)
                #expect(try await site.status(identity, .basic(identity, capitals.lowercased())) == 101)
                #expect(try await site.answer(identity, .basic(identity, key.reversed())).isUnauthorized)
                #expect(try await site.answer(identity, .basic(identity, capitals + "0")).isUnauthorized)
            }
        }
        let exact = hashes.merging(["AUTHENTICATION_PASSWORD_FORMS": "exact"]) { $1 }
        try await users.withSite(bootstrap: bootstrap, exact) { site async throws in
            #expect(try await site.status("AL1000", .basic("AL1000", key)) == 101)
            #expect(try await site.status("AL2000", .basic("AL2000", capitals)) == 101)
            #expect(try await site.answer("AL1000", .basic("AL1000", capitals)).isUnauthorized)
            #expect(try await site.answer("AL2000", .basic("AL2000", key)).isUnauthorized)
            #expect(try await site.answer("AL2000", .basic("AL2000", capitals.lowercased())).isUnauthorized)
        }
    }

    /// authentication.md, "Test vectors".
    @Test(arguments: [
        (["NAME": "plain", "SALT_POSITION": "disable"], "secret-0123456789"),
        (["NAME": "md5", "SALT_POSITION": "suffix"], "2f3795cdb9fc09cf5f4bfad97a3ba9ce"),
        (["NAME": "sha"], "5b2ecf5a81e067660711a33a9029129d92b8f9e9"),
        (["NAME": "sha256"], "244254b6b6eac2d7e2f8463ebcb25017e33cd4c0f9eea2a0384370906bb3ccd6"),
        (
            ["NAME": "sha512", "SALT_POSITION": "suffix"],
            "4106e2aacb14eba22f5247e2668b6c4f4ea90c86af4e01441e8a5ea81cb8672015556756331c50c27aaf36e33c821de7ff297aca2073f70ef7b3cf2ef2b83705"
        ),
        (
            ["NAME": "pbkdf2", "MAC_FUN": "sha256", "ITERATIONS": "4096", "DK_LENGTH": "20"],
            "e488a00547df65a72d41f5241ca6ee4d91549070"
        ),
        (["NAME": "bcrypt"], "$2b$05$abcdefghijklmnopqrstuupyWtYudXiKLu/YwWqTM.s0Uenvk/GJC"),
    ])
    func `A stored hash of each kind lets its password in and no other`(
        algorithm: [String: String], hash: String
    ) async throws {
        let (password, salt) = ("secret-0123456789", "f3a1c2d4e5b60718293a4b5c6d7e8f90")
        Secrets.add(password, salt, hash)
        var own = ["AUTHENTICATION_BOOTSTRAP_TYPE": "hash"]
        for (key, value) in algorithm { own["AUTHENTICATION_PASSWORD_HASH_ALGORITHM_\(key)"] = value }
        let hasSalt = algorithm["NAME"] != "bcrypt" && algorithm["SALT_POSITION"] != "disable"
        let row = #"[{"user_id":"CP-1","password_hash":"\#(hash)","salt":"\#(hasSalt ? salt : "")"}]"#
        try await BuiltInUsers().withSite(bootstrap: row, name: "users.json", own) { site async throws in
            #expect(try await site.status("CP-1", .basic("CP-1", password)) == 101)
            #expect(try await site.status("CP-1", .basic("CP-1", password)) == 101)
            #expect(try await site.answer("CP-1", .basic("CP-1", "secret-0123456788")).isUnauthorized)
            #expect(try await site.answer("CP-1", .basic("CP-1", hash)).isUnauthorized == (hash != password))
            #expect(try await site.answer("CP-2", .basic("CP-2", password)).isUnknown)
        }
    }

    @Test func `A hash of another kind is an error line and lets nobody in`() async throws {
        let users = try BuiltInUsers()
        try await users.withSite(bootstrap: Self.csv) { site async throws in
            #expect(try await site.status("CP-1", .basic("CP-1", Self.password)) == 101)
        }
        let bcrypt = ["AUTHENTICATION_PASSWORD_HASH_ALGORITHM_NAME": "bcrypt"]
        try await users.withSite(bcrypt) { site async throws in
            #expect(try await site.answer("CP-1", .basic("CP-1", Self.password)).isUnauthorized)
            let line = try await site.gateway.log("what is wrong") { $0.message == "authentication data is wrong" }
            #expect(line.fields["level"]?.lowercased() == "error" && line.fields["identity"] == "CP-1")
            #expect(
                line.fields["reason"]?.hasPrefix("the stored hash is not of its algorithm's form") == true, "\(line)")
        }
    }
}
