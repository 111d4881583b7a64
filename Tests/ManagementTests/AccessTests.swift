import Management
import TestSupport
import Testing

@Suite struct `management.md, Who may ask` {
    @Test func `No key, another scheme and a wrong secret are 401, each with its code`() async throws {
        try await withManagement { management async throws in
            let none = try await management.get("/api/v5/gateways", key: nil)
            #expect(none.status == 401)
            #expect(none.code == "AUTHORIZATION_HEADER_ERROR")
            #expect(none.headers["www-authenticate"]?.hasPrefix("Basic") == true)
            let bearer = try await management.request(
                "GET", "/api/v5/gateways", key: nil, headers: ["Authorization": "Bearer abc"])
            #expect(bearer.code == "AUTHORIZATION_HEADER_ERROR")
            for key in ["ops:wrong", "nobody:secret-1", "ops:", ":", "eyes:secret-1"] {
                let wrong = try await management.get("/api/v5/gateways", key: key)
                #expect(wrong.status == 401)
                #expect(wrong.code == "BAD_API_KEY_OR_SECRET")
                #expect(wrong.headers["www-authenticate"]?.hasPrefix("Basic") == true)
            }
            #expect(try await management.get("/api/v5/gateways").status == 200)
        }
    }

    @Test func `whoami tells key and role`() async throws {
        try await withManagement { management async throws in
            #expect(try await management.get("/api/v5/whoami").body == #"{"key":"ops","role":"administrator"}"#)
            let viewer = try await management.get("/api/v5/whoami", key: RunningManagement.viewer)
            #expect(viewer.body == #"{"key":"eyes","role":"viewer"}"#)
        }
    }

    @Test func `A viewer that changes something is 403 UNAUTHORIZED_ROLE, and nothing is changed`() async throws {
        try await withManagement { management async throws in
            await management.gateway.connect("CP1")
            for (method, path) in [
                ("DELETE", "/api/v5/gateways/ocpp/clients/CP1"), ("PUT", "/api/v5/gateways/ocpp"),
                ("PUT", "/api/v5/gateways/ocpp/enable/false"), ("POST", "/api/v5/gateways/ocpp/listeners"),
                ("POST", "/api/v5/gateways/ocpp/listeners/ocpp:ws:default/stop"), ("PUT", "/api/v5/configs"),
                ("POST", "/api/v5/gateways/ocpp/clients/CP1/calls"), ("POST", "/api/v5/trace"),
                ("GET", "/api/v5/gateways/ocpp/authentication/users/export"),
            ] {
                let reply = try await management.request(method, path, key: RunningManagement.viewer, json: "{}")
                #expect(reply.status == 403, "\(method) \(path)")
                #expect(reply.code == "UNAUTHORIZED_ROLE")
            }
            #expect(await management.gateway.sessions.count == 1)
            #expect(await management.gateway.isRunning)
            let seen = try await management.get("/api/v5/gateways/ocpp/clients", key: RunningManagement.viewer)
            #expect(seen.status == 200)
        }
    }

    @Test func `Ten failures in a minute are 429 for that address, right keys too, each a log line`() async throws {
        try await withManagement { management async throws in
            for _ in 1...10 {
                #expect(try await management.get("/api/v5/gateways", key: "ops:guess").status == 401)
            }
            let blocked = try await management.get("/api/v5/gateways")
            #expect(blocked.status == 429)
            #expect(blocked.code == "TOO_MANY_REQUESTS")
            #expect(blocked.headers["retry-after"] == "60")
            #expect(try await management.get("/healthz", key: nil).status == 200)
            let lines = management.log.all.filter { $0.contains("wrong key or secret") }
            #expect(lines.count == 10)
            #expect(lines.allSatisfy { $0.contains("remote=127.0.0.1") && !$0.contains("guess") })
        }
    }

    @Test func `Behind a trusted proxy the forwarded address fails, and nobody else is kept out`() async throws {
        try await withManagement(FakeGateway()) {
            $0.isTrustedProxy = { $0 == "127.0.0.1" || $0 == "10.0.0.1" }
        } _: { management async throws in
            let attacker = ["X-Forwarded-For": "198.51.100.9, 10.0.0.1"]
            for _ in 1...10 {
                _ = try await management.request("GET", "/api/v5/whoami", key: "ops:guess", headers: attacker)
            }
            #expect(try await management.request("GET", "/api/v5/whoami", headers: attacker).status == 429)
            let other = ["X-Forwarded-For": "198.51.100.10"]
            #expect(try await management.request("GET", "/api/v5/whoami", headers: other).status == 200)
        }
    }

    @Test func `IPv4 addresses that are written as IPv6 are as many, and each is the one without`() async throws {
        try await withManagement(FakeGateway()) {
            $0.isTrustedProxy = { $0 == "127.0.0.1" }
        } _: { management async throws in
            func status(_ address: String, key: String = RunningManagement.administrator) async throws -> Int {
                let headers = ["X-Forwarded-For": address]
                return try await management.request("GET", "/api/v5/whoami", key: key, headers: headers).status
            }
            for _ in 1...10 { _ = try await status("::ffff:198.51.100.9", key: "ops:guess") }
            #expect(try await status("198.51.100.9") == 429)
            #expect(try await status("::ffff:198.51.100.10") == 200)
            #expect(management.log.all.contains { $0.contains("wrong key") && $0.contains("remote=198.51.100.9") })
        }
    }

    @Test func `A key file may not have the name of management api_key`() throws {
        let folder = try TestFolder()
        try folder.write("ops:secret-2:viewer\n", to: "keys")
        var configuration = ManagementConfiguration()
        configuration.key = APIKey(name: "ops", secret: Password(Array("secret-1".utf8)), role: .administrator)
        configuration.keysFile = folder.path("keys")
        do {
            _ = try ManagementServer(
                configuration: configuration, operations: FakeGateway(), logger: LogLines().logger)
            Issue.record("it was taken")
        } catch let fault as ManagementFault {
            #expect(fault.problems.count == 1)
            #expect(fault.description.contains("line 1") && fault.description.contains("management.api_key,"))
            #expect(!fault.description.contains("secret-"))
        }
    }

    @Test func `A forwarded address of somebody who is no trusted proxy counts for nothing`() async throws {
        try await withManagement { management async throws in
            for number in 1...10 {
                _ = try await management.request(
                    "GET", "/api/v5/whoami", key: "ops:guess", headers: ["X-Forwarded-For": "198.51.100.\(number)"])
            }
            #expect(try await management.get("/api/v5/whoami").status == 429)
        }
    }

    @Test func `A request of a foreign page is 403, whatever it brings`() async throws {
        try await withManagement { management async throws in
            let port = management.address.port ?? 0
            for origin in [
                "http://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1:\(port).evil.example",
                "file://127.0.0.1:\(port)", "http://127.0.0.1:\(port)/",
            ] {
                let reply = try await management.request("GET", "/metrics", headers: ["Origin": origin])
                #expect(reply.status == 403, "\(origin)")
                #expect(reply.code == "FOREIGN_ORIGIN")
            }
            let own = try await management.request(
                "GET", "/api/v5/whoami", headers: ["Origin": "http://127.0.0.1:\(port)"])
            #expect(own.status == 200)
        }
    }

    @Test func `A name that was made to point to loopback is foreign too`() async throws {
        try await withManagement { management async throws in
            let headers = ["Host": "evil.example:33080", "Origin": "http://evil.example:33080"]
            #expect(try await management.request("GET", "/metrics", headers: headers).code == "FOREIGN_ORIGIN")
            let plain = ["Host": "evil.example"]
            #expect(try await management.request("GET", "/metrics", headers: plain).code == "FOREIGN_ORIGIN")
            let local = ["Host": "localhost:\(management.address.port ?? 0)"]
            #expect(try await management.request("GET", "/metrics", headers: local).status == 200)
        }
    }

    @Test func `Key files are read again, and the old keys open nothing any more`() async throws {
        let folder = try TestFolder()
        try folder.write("first:one:administrator\n", to: "more")
        try await withManagement(FakeGateway()) {
            $0.keysFile = folder.path("more")
        } _: { management async throws in
            #expect(try await management.get("/api/v5/whoami", key: "first:one").status == 200)
            try folder.write("second:two:viewer\n\nthird:three\n", to: "more")
            management.server.reload()
            #expect(try await management.get("/api/v5/whoami", key: "first:one").status == 401)
            #expect(try await management.get("/api/v5/whoami", key: "second:two").json["role"] == "viewer")
            #expect(try await management.get("/api/v5/whoami", key: "third:three").json["role"] == "administrator")
            try folder.write("second:two:owner\n", to: "more")
            management.server.reload()
            #expect(try await management.get("/api/v5/whoami", key: "second:two").status == 200)
            #expect(management.log.all.contains { $0.contains("not reloaded") && $0.contains("line 1") })
            let path = folder.path("more")
            #expect(management.log.all.contains("notice management: API keys reloaded files=\(path)"))
            #expect(management.server.reload(), "it has said so")
        }
    }

    @Test func `Without any key only health and metrics answer`() async throws {
        try await withManagement(FakeGateway()) {
            $0.key = nil
            $0.keysFile = nil
        } _: { management async throws in
            #expect(try await management.get("/healthz", key: nil).status == 200)
            #expect(try await management.get("/metrics", key: nil).status == 200)
            #expect(try await management.get("/api/v5/gateways", key: "ops:secret-1").status == 401)
        }
    }

    @Test func `read_only refuses every change of configuration, and lets clients and users be managed`() async throws {
        let gateway = FakeGateway()
        await gateway.connect("CP1")
        _ = try await gateway.createAuthenticator(["backend": "built_in_database"])
        try await withManagement(gateway) {
            $0.isReadOnly = true
        } _: { management async throws in
            let base = "/api/v5/gateways/ocpp"
            for (method, path) in [
                ("PUT", base), ("PUT", base + "/enable/false"), ("POST", base + "/listeners"),
                ("DELETE", base + "/listeners/ocpp:ws:default"), ("POST", base + "/listeners/ocpp:ws:default/stop"),
                ("POST", base + "/authentication"), ("DELETE", base + "/authentication"), ("PUT", "/api/v5/configs"),
                ("DELETE", "/api/v5/configs/log.level"),
            ] {
                let reply = try await management.request(method, path, json: "{}")
                #expect(reply.status == 403, "\(method) \(path)")
                #expect(reply.code == "READ_ONLY")
            }
            let user = #"{"user_id":"CP1","password":"0123456789abcdef"}"#
            #expect(try await management.request("POST", base + "/authentication/users", json: user).status == 201)
            #expect(try await management.request("DELETE", base + "/clients/CP1").status == 204)
        }
    }

    @Test func `Every change is a log line with who, whence, what and no secret`() async throws {
        try await withManagement { management async throws in
            await management.gateway.connect("CP1")
            _ = try await management.request("DELETE", "/api/v5/gateways/ocpp/clients/CP1")
            _ = try await management.request(
                "POST", "/api/v5/gateways/ocpp/authentication",
                json: #"{"backend":"mysql","password":"topsecret","username":"gw"}"#)
            _ = try await management.request("DELETE", "/api/v5/gateways/ocpp/clients/CP2")
            _ = try await management.get("/api/v5/gateways")
            let lines = management.log.all.filter { $0.hasPrefix("info management ") }
            #expect(lines.count == 3)
            #expect(
                lines[0].contains("changed=CP1 kicked") && lines[0].contains("key=ops")
                    && lines[0].contains("remote=127.0.0.1") && lines[0].contains("status=204")
                    && lines[0].contains("request=DELETE /api/v5/gateways/ocpp/clients/CP1"))
            #expect(lines[1].contains(#""username":"gw""#))
            #expect(!lines[1].contains("topsecret"))
            #expect(lines[2].contains("status=404"))
        }
    }
}
