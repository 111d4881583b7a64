import Authentication
import Management
import OutsideNames
import Testing

@Suite struct `management.md, Authentication and users` {
    private static let authentication = "/api/v5/gateways/ocpp/authentication"
    private static let users = authentication + "/users"

    private func withUsers(
        _ body: @escaping @Sendable (RunningManagement, FakeUserStore) async throws -> Void
    ) async throws {
        let gateway = FakeGateway()
        _ = try await gateway.createAuthenticator(["mechanism": "password_based", "backend": "built_in_database"])
        let store = try #require(await gateway.userStore)
        try await withManagement(gateway) { management in try await body(management, store) }
    }

    @Test func `An authenticator is created, seen, replaced by another backend, and deleted`() async throws {
        try await withManagement { management async throws in
            let path = Self.authentication
            #expect(try await management.get(path).status == 204)
            #expect(try await management.request("PUT", path, json: #"{"backend":"http"}"#).status == 404)
            let created = try await management.request(
                "POST", path,
                json: #"{"mechanism":"password_based","backend":"mysql","enable":true,"password":"topsecret"}"#)
            #expect(created.status == 201)
            let seen = try await management.get(path)
            #expect(seen.json["id"] == "password_based:mysql")
            #expect(seen.json["chain_name"] == "ocpp:global")
            #expect(seen.json["status"] == "connected")
            #expect(seen.json["password"] == "******")
            #expect(!(created.body + seen.body).contains("topsecret"))
            #expect(try await management.request("POST", path, json: #"{"backend":"http"}"#).status == 400)
            // Sent back as it is, the secret stays.
            #expect(try await management.request("PUT", path, json: seen.body).status == 200)
            #expect(await management.gateway.authenticatorNow?["password"] == "topsecret")
            let other = try await management.request(
                "PUT", path, json: #"{"mechanism":"password_based","backend":"built_in_database"}"#)
            #expect(other.status == 200)
            #expect(other.json["id"] == "password_based:built_in_database")
            #expect(try await management.request("PUT", path, json: #"{"backend":"nonsense"}"#).code == "BAD_REQUEST")
            #expect(try await management.request("DELETE", path).status == 204)
            #expect(try await management.get(path).status == 204)
            #expect(try await management.request("DELETE", path).status == 404)
        }
    }

    @Test func `A user is added once, listed, changed and deleted, and its password never shown`() async throws {
        try await withUsers { management, _ async throws in
            let body = #"{"user_id":"CP1","password":"0123456789abcdef","is_superuser":false}"#
            let added = try await management.request("POST", Self.users, json: body)
            #expect(added.status == 201)
            #expect(added.body == #"{"user_id":"CP1","is_superuser":false}"#)
            let again = try await management.request("POST", Self.users, json: body)
            #expect(again.status == 409)
            #expect(again.code == "ALREADY_EXISTS")
            #expect(try await management.get(Self.users + "/CP1").body == added.body)
            let missing = try await management.get(Self.users + "/CP2")
            #expect(missing.status == 404)
            #expect(missing.code == "NOT_FOUND")
            let changed = try await management.request(
                "PUT", Self.users + "/CP1", json: #"{"password":"fedcba9876543210","is_superuser":true}"#)
            #expect(changed.body == #"{"user_id":"CP1","is_superuser":true}"#)
            #expect(try await management.request("DELETE", Self.users + "/CP1").status == 204)
            #expect(try await management.request("DELETE", Self.users + "/CP1").code == "NOT_FOUND")
            #expect(!management.log.all.contains { $0.contains("0123456789abcdef") || $0.contains("fedcba") })
        }
    }

    @Test func `The list pages, and filters by a part of the id and by is_superuser`() async throws {
        try await withUsers { management, store async throws in
            for number in 1...5 {
                _ = try await store.add(
                    NewUser(StoredUser(id: UserID("CP\(number)"), isSuperuser: number == 3), password: [1]))
            }
            let page = try await management.get(Self.users + "?page=2&limit=2")
            #expect(
                page.body
                    == #"{"data":[{"user_id":"CP3","is_superuser":true},{"user_id":"CP4","is_superuser":false}],"#
                    + #""meta":{"page":2,"limit":2,"count":5,"hasnext":true}}"#)
            #expect(try await management.get(Self.users + "?is_superuser=true").json["meta"]?["count"] == 1)
            #expect(try await management.get(Self.users + "?like_user_id=P5").json["meta"]?["count"] == 1)
            #expect(try await management.get(Self.users + "?page=3&limit=2").json["meta"]?["hasnext"] == false)
            #expect(try await management.get(Self.users + "?is_superuser=yes").status == 400)
        }
    }

    @Test func `Bad users are refused`() async throws {
        try await withUsers { management, _ async throws in
            for body in [
                "{}", #"{"user_id":"","password":"x"}"#, #"{"user_id":"CP1"}"#, #"{"user_id":"CP1","password":""}"#,
                #"{"user_id":"CP1","password":7}"#, #"{"user_id":"CP1","password":"x","is_superuser":"yes"}"#,
                #"{"user_id":"CP1","password":"x","security_profile":4}"#, #"{"user_id":"CP1","passwort":"x"}"#,
                #"{"user_id":"\#(String(repeating: "x", count: 256))","password":"x"}"#,
                // What no path can name, and what would be the mark of a secret and not one.
                #"{"user_id":"CP\u0000","password":"x"}"#, #"{"user_id":"C\u001bP","password":"x"}"#,
                #"{"user_id":"CP\u007f","password":"x"}"#, #"{"user_id":"CP1","password":"******"}"#,
            ] {
                let reply = try await management.request("POST", Self.users, json: body)
                #expect(reply.status == 400, "\(body)")
                #expect(reply.code == "BAD_REQUEST")
            }
        }
    }

    @Test func `A test of credentials says what a handshake would be told, and keep_previous keeps the old one`()
        async throws
    {
        try await withUsers { management, _ async throws in
            func result(_ password: String) async throws -> JSON {
                try await management.request(
                    "POST", Self.authentication + "/test",
                    json: #"{"clientid":"CP1","username":"CP1","password":"\#(password)"}"#
                ).json
            }
            #expect(try await result("one")["status"] == 404)
            _ = try await management.request("POST", Self.users, json: #"{"user_id":"CP1","password":"one"}"#)
            let wrong = try await result("two")
            #expect(wrong == ["result": "deny", "status": 401, "reason": "wrong password", "took_ms": 2])
            _ = try await management.request(
                "PUT", Self.users + "/CP1", json: #"{"password":"two","keep_previous":"10m"}"#)
            #expect(try await result("one")["result"] == "allow")
            #expect(try await result("two")["result"] == "allow")
            _ = try await management.request("PUT", Self.users + "/CP1", json: #"{"password":"three"}"#)
            #expect(try await result("one")["result"] == "deny")
        }
    }

    @Test func `Changing or deleting a user ends no session, unless it is asked for`() async throws {
        try await withUsers { management, store async throws in
            _ = try await store.add(NewUser(StoredUser(id: "CP1"), password: [1]))
            await management.gateway.connect("CP1", user: "CP1")
            await management.gateway.connect("CP2", user: "CP2")
            let path = Self.users + "/CP1"
            _ = try await management.request("PUT", path, json: #"{"password":"x"}"#)
            #expect(await management.gateway.sessions.count == 2)
            _ = try await management.request("DELETE", path + "?kick=true")
            #expect(await management.gateway.sessions.map(\.snapshot.entry.identity) == ["CP2"])
        }
    }

    @Test func `The cache is emptied`() async throws {
        try await withUsers { management, _ async throws in
            await management.gateway.update { $0.cachedVerdicts = 7 }
            #expect(try await management.request("DELETE", Self.authentication + "/cache").status == 204)
            #expect(await management.gateway.cachedVerdicts == 0)
        }
    }

    @Test func `Users of another backend are elsewhere`() async throws {
        try await withManagement { management async throws in
            #expect(try await management.get(Self.users).status == 404)
            _ = try await management.gateway.createAuthenticator(["backend": "redis"])
            let reply = try await management.get(Self.users)
            #expect(reply.status == 400)
            #expect(reply.message == "this backend keeps its users elsewhere")
        }
    }

    @Test func `Users come in as CSV, as JSON, and as the one file of a multipart body, and go out as CSV`()
        async throws
    {
        try await withUsers { management, store async throws in
            let path = Self.authentication + "/import_users"
            let csv = "user_id,password,is_superuser\nCP1,one,false\nCP2,two,false\nCP3,three,false\n"
            let first = try await management.request(
                "POST", path + "?type=plain", headers: ["Content-Type": "text/csv"], body: csv)
            #expect(first.body == #"{"total":3,"success":3,"override":0,"skipped":0,"failed":0}"#)
            let json = try await management.request(
                "POST", path + "?type=plain&override=true", json: #"[{"user_id":"CP1","password":"new"}]"#)
            #expect(json.body == #"{"total":1,"success":1,"override":1,"skipped":0,"failed":0}"#)
            let exported = try await management.get(Self.users + "/export")
            #expect(exported.headers["content-type"]?.hasPrefix("text/csv") == true)
            let noted = management.log.all.filter { $0.contains("GET \(Self.users)/export") }
            #expect(noted.count == 1)
            #expect(noted.allSatisfy { $0.contains("key=ops") && $0.contains("with their hashes") })
            #expect(
                exported.body == "user_id,password_hash,salt,is_superuser\nCP1,wen,,false\nCP2,owt,,false\n"
                    + "CP3,eerht,,false\n")
            for uid in ["CP1", "CP2"] { try await store.delete(UserID(uid)) }
            let multipart =
                "--b0undary\r\nContent-Disposition: form-data; name=\"filename\"; filename=\"users.csv\"\r\n"
                + "Content-Type: application/octet-stream\r\n\r\n\(exported.body)\r\n--b0undary--\r\n"
            let back = try await management.request(
                "POST", path, headers: ["Content-Type": "multipart/form-data; boundary=b0undary"], body: multipart)
            #expect(back.body == #"{"total":3,"success":2,"override":0,"skipped":1,"failed":0}"#)
            let bad = try await management.request(
                "POST", path, headers: ["Content-Type": "text/csv"], body: "user_id,password_hash\nCP9,x\nCP8\n")
            #expect(bad.status == 400)
            #expect(bad.message.contains("2"))
            #expect(await store.user("CP9") == nil)
            let type = try await management.request("POST", path, headers: ["Content-Type": "text/plain"], body: csv)
            #expect(type.status == 415)
        }
    }
}
