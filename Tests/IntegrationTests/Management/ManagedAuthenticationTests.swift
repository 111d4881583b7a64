import Foundation
import TestSupport
import Testing

/// management.md, "Authentication and users".
@Suite struct ManagedAuthenticationTests {
    private static let database = #"""
        {"backend":"built_in_database","mechanism":"password_based",
         "password_hash_algorithm":{"name":"sha256","salt_position":"suffix"},"user_id_type":"username"}
        """#

    /// The status of a handshake with Basic credentials.
    private func knock(_ identity: String, _ password: String?, at managed: ManagedSite) async throws -> Int {
        var settings = ChargePointClient.Settings()
        if let password {
            let credentials = Data("\(identity):\(password)".utf8).base64EncodedString()
            settings.headers = [("Authorization", "Basic \(credentials)")]
        }
        let (client, answer) = try await ChargePointClient.open(
            port: managed.site.port, identity: identity, settings: settings)
        await client.cut()
        return answer.status
    }

    private func connect(
        _ identity: String, _ password: String, at managed: ManagedSite
    ) async throws -> ChargePointClient {
        var settings = ChargePointClient.Settings()
        let credentials = Data("\(identity):\(password)".utf8).base64EncodedString()
        settings.headers = [("Authorization", "Basic \(credentials)")]
        return try await ChargePointClient.connect(port: managed.site.port, identity: identity, settings: settings)
    }

    @Test func `An authenticator is created, shown in EMQX's form, replaced by another backend, and deleted`()
        async throws
    {
        try await withManagedSite { managed in
            let (management, path) = (managed.management, "./authentication")
            #expect(try await managed.viewer.get(path).status == 204)
            #expect(try await management.ask("DELETE", path).status == 404)
            #expect(try await management.ask("PUT", path, Self.database).status == 404)
            let open = try await managed.site.connectReady("CP-OPEN")
            let created = try await management.change("POST", path, Self.database, gives: 201)
            for (field, value) in [
                ("mechanism", "password_based"), ("backend", "built_in_database"), ("user_id_type", "username"),
                ("id", "password_based:built_in_database"), ("chain_name", "ocpp:global"), ("status", "connected"),
            ] as [(String, JSONValue)] {
                #expect(created[field] == value)
            }
            #expect(created["enable"] == true)
            #expect(created["password_hash_algorithm"] == ["name": "sha256", "salt_position": "suffix"])
            #expect(try await managed.viewer.json(path) == created)
            let again = try await management.ask("POST", path, Self.database)
            #expect(again.status == 400 && again.code == "BAD_REQUEST")
            #expect(try await knock("CP-1", "0123456789abcdef", at: managed) == 404)
            #expect(open.isOpen)
            try await management.change(
                "POST", "./authentication/users", #"{"user_id":"CP-1","password":"0123456789abcdef"}"#, gives: 201)
            #expect(try await knock("CP-1", "0123456789abcdef", at: managed) == 101)
            let port = try freePort()
            let replaced = try await management.change(
                "PUT", path,
                #"{"mechanism":"password_based","backend":"http","method":"post","url":"http://127.0.0.1:\#(port)/"}"#,
                gives: 200)
            #expect(replaced["backend"] == "http" && replaced["id"] == "password_based:http")
            #expect(replaced["method"] == "post" && !replaced.keys.contains("user_id_type"))
            #expect(try await knock("CP-1", "0123456789abcdef", at: managed) == 503)
            let elsewhere = try await management.get("./authentication/users")
            #expect(elsewhere.status == 400 && elsewhere.message == "this backend keeps its users elsewhere")
            try await management.change("DELETE", path, gives: 204)
            #expect(try await managed.viewer.get(path).status == 204)
            #expect(try await knock("CP-1", nil, at: managed) == 101)
            #expect(open.isOpen)
            for body in [
                #"{"backend":"paper"}"#, "{}", #"{"backend":"none"}"#, #"{"backend":"http"}"#,
                #"{"backend":"built_in_database","no_such_key":1}"#,
            ] {
                let refused = try await management.ask("POST", path, body)
                #expect(refused.status == 400 && refused.code == "BAD_REQUEST", "\(body) \(refused.body)")
            }
            #expect(try await managed.viewer.get(path).status == 204)
        }
    }

    @Test func `Credentials are tried without a charge point, and a cache is emptied`() async throws {
        try await withManagedSite(["AUTHENTICATION_BACKEND": "built_in_database"]) { managed in
            let management = managed.management
            func test(_ body: String) async throws -> JSONValue {
                try await management.change("POST", "./authentication/test", body, gives: 200)
            }
            try await management.change(
                "POST", "./authentication/users", #"{"user_id":"CP1","password":"0123456789abcdef"}"#, gives: 201)
            let right = try await test(#"{"clientid":"CP1","username":"CP1","password":"0123456789abcdef"}"#)
            #expect(right["result"] == "allow" && right["took_ms"].int != nil && right["status"] == 101)
            let wrong = try await test(#"{"clientid":"CP1","username":"CP1","password":"0123456789abcdeX"}"#)
            #expect(wrong["result"] == "deny" && wrong["status"] == 401)
            #expect(wrong["reason"].string?.isEmpty == false)
            let unknown = try await test(#"{"clientid":"CP9","username":"CP9","password":"0123456789abcdef"}"#)
            #expect(unknown["result"] != "allow" && [401, 404].contains(unknown["status"].int))
            #expect(wrong.keys == ["result", "status", "reason", "took_ms"])
            #expect(try await management.ask("POST", "./authentication/test", #"{"user":"x"}"#).status == 400)
            #expect(try await managed.viewer.ask("POST", "./authentication/test", "{}").status == 403)
            try await management.change("DELETE", "./authentication/cache", gives: 204)
            #expect(try await managed.viewer.ask("DELETE", "./authentication/cache").status == 403)
            #expect(!managed.gateway.child.output.contains("0123456789abcde"))
        }
    }

    @Test func `A user is added once, listed, changed with the old password kept for a while, and deleted`()
        async throws
    {
        try await withManagedSite(["AUTHENTICATION_BACKEND": "built_in_database"]) { managed in
            let (management, users) = (managed.management, "./authentication/users")
            let added = try await management.change(
                "POST", users, #"{"user_id":"CP-1","password":"0123456789abcdef","is_superuser":false}"#, gives: 201)
            #expect(added == ["user_id": "CP-1", "is_superuser": false])
            let twice = try await management.ask("POST", users, #"{"user_id":"CP-1","password":"0123456789abcdef"}"#)
            #expect(twice.status == 409 && twice.code == "ALREADY_EXISTS")
            #expect(try await managed.viewer.json("\(users)/CP-1") == added)
            for method in ["GET", "PUT", "DELETE"] {
                let nobody = try await management.ask(method, "\(users)/CP-9", #"{"password":"0123456789abcdef"}"#)
                #expect(nobody.status == 404 && nobody.code == "NOT_FOUND", "\(method)")
            }
            try await management.change(
                "PUT", "\(users)/CP-1", #"{"password":"fedcba9876543210","keep_previous":"10m"}"#, gives: 200)
            #expect(try await knock("CP-1", "fedcba9876543210", at: managed) == 101)
            let old = try await connect("CP-1", "0123456789abcdef", at: managed)
            _ = try await old.call("Heartbeat")
            try await management.change("PUT", "\(users)/CP-1", #"{"password":"aaaaaaaaaaaaaaaa"}"#, gives: 200)
            #expect(old.isOpen)
            #expect(try await knock("CP-1", "fedcba9876543210", at: managed) == 401)
            // A change ends no session, unless it is asked for.
            let now = try await connect("CP-1", "aaaaaaaaaaaaaaaa", at: managed)
            _ = try await now.call("Heartbeat")
            try await management.change("DELETE", "\(users)/CP-1?kick=true", gives: 204)
            #expect(try await now.closing() == .init(code: 1008, reason: "kicked by an operator"))
            #expect(try await management.get("\(users)/CP-1").status == 404)
            for body in [
                #"{"user_id":"","password":"0123456789abcdef"}"#, #"{"user_id":"CP-2"}"#,
                #"{"user_id":"\#(String(repeating: "x", count: 256))","password":"0123456789abcdef"}"#,
                #"{"user_id":"CP-2","password":"0123456789abcdef","security_profile":9}"#,
            ] {
                #expect(try await management.ask("POST", users, body).status == 400, "\(body)")
            }
        }
    }

    @Test func `Users come by page, by a part of the id, and by is_superuser`() async throws {
        try await withManagedSite(["AUTHENTICATION_BACKEND": "built_in_database"]) { managed in
            let users = "./authentication/users"
            let csv = (1...25).map { "CP-\($0 + 10),0123456789abcdef,\($0 % 5 == 0)" }.joined(separator: "\n")
            let imported = try await managed.management.ask(
                "POST", "./authentication/import_users?type=plain", headers: ["Content-Type": "text/csv"],
                body: "user_id,password,is_superuser\n\(csv)\n")
            #expect(imported.status == 200, "\(imported.body)")
            let second = try await managed.viewer.json("\(users)?page=2&limit=10")
            #expect(second["data"].elements.map { $0["user_id"].string } == (21...30).map { "CP-\($0)" })
            #expect(second["meta"] == ["page": 2, "limit": 10, "count": 25, "hasnext": true])
            #expect(try await managed.viewer.json("\(users)?page=3&limit=10")["meta"]["hasnext"] == false)
            #expect(try await managed.viewer.json("\(users)?like_user_id=P-2")["meta"]["count"] == 10)
            #expect(try await managed.viewer.json("\(users)?is_superuser=true")["meta"]["count"] == 5)
            for query in ["page=0", "limit=0", "limit=10001", "page=x"] {
                let bad = try await managed.viewer.get("\(users)?\(query)")
                #expect(bad.status == 400 && bad.code == "INVALID_PARAMETER", "\(query)")
            }
        }
    }

    @Test func `Users are imported as EMQX's scripts do it, all or none, and exported for another gateway`()
        async throws
    {
        try await withManagedSite(["AUTHENTICATION_BACKEND": "built_in_database"]) { managed in
            let path = "./authentication/import_users"
            let (management, files) = (managed.management, managed.data)
            let header = "user_id,password,is_superuser\n"
            try files.write(header + "CP-1,0123456789abcdef,false\nCP-2,0123456789abcdef,true\n", to: "users.csv")
            func curl(_ query: String, _ file: String) async throws -> String {
                try await run(
                    "curl",
                    [
                        "-s", "-S", "-u", ManagementClient.administrator, "-X", "POST", "-H",
                        "Content-Type: multipart/form-data", "-F", "filename=@\(files.path(file))", "-w",
                        " %{http_code}",
                        "http://127.0.0.1:\(management.port)/api/v5/gateways/ocpp/authentication/import_users\(query)",
                    ])
            }
            let first = try await curl("?type=plain", "users.csv")
            #expect(first == #"{"total":2,"success":2,"override":0,"skipped":0,"failed":0} 200"#)
            #expect(try await knock("CP-1", "0123456789abcdef", at: managed) == 101)
            let again = try await curl("?type=plain", "users.csv")
            #expect(again.hasPrefix(#"{"total":2,"success":0,"override":0,"skipped":2"#), "\(again)")
            try files.write(
                #"[{"user_id":"CP-1","password":"another-password!","is_superuser":false},"#
                    + #"{"user_id":"CP-3","password":"0123456789abcdef"}]"#, to: "users.json")
            let over = try await curl("?type=plain&override=true", "users.json")
            #expect(over.hasPrefix(#"{"total":2,"success":1,"override":1"#), "\(over)")
            #expect(try await knock("CP-1", "0123456789abcdef", at: managed) == 401)
            #expect(try await knock("CP-1", "another-password!", at: managed) == 101)
            // A bad row, and nothing is changed.
            let bad = try await management.ask(
                "POST", "\(path)?type=plain", headers: ["Content-Type": "text/csv"],
                body: header + "CP-4,0123456789abcdef,false\n,0123456789abcdef,false\nCP-5,,false\n")
            #expect(bad.status == 400 && bad.code == "BAD_REQUEST")
            #expect(bad.message.contains("2") && bad.message.contains("3"), "\(bad.message)")
            #expect(try await management.get("./authentication/users/CP-4").status == 404)
            let type = try await management.ask("POST", path, headers: ["Content-Type": "text/plain"], body: "x")
            #expect(type.status == 415)
            // Hashes go out, and come in at another gateway; the passwords work there.
            #expect(try await managed.viewer.get("./authentication/users/export").status == 403)
            let export = try await management.get("./authentication/users/export")
            #expect(export.status == 200 && export.headers["content-type"]?.hasPrefix("text/csv") == true)
            #expect(export.body.hasPrefix("user_id,password_hash,salt,is_superuser"))
            #expect(!export.body.contains("another-password!"))
            for user in ["CP-1", "CP-2", "CP-3"] {
                try await management.change("DELETE", "./authentication/users/\(user)", gives: 204)
            }
            let imported = try await management.ask(
                "POST", path, headers: ["Content-Type": "text/csv"], body: export.body)
            #expect(imported.status == 200, "\(imported.body)")
            #expect(try imported.json["success"] == 3)
            #expect(try await knock("CP-1", "another-password!", at: managed) == 101)
        }
    }
}
