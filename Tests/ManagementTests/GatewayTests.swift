import Management
import Testing

@Suite struct `management.md, Gateway and Listeners` {
    private static let base = "/api/v5/gateways/ocpp"
    private static let listener = base + "/listeners/ocpp:ws:default"

    @Test func `The list has the one gateway, under both names of the path`() async throws {
        try await withManagement { management async throws in
            let expected = """
                [{"name":"ocpp","status":"running","created_at":"2027-01-15T08:00:00.000Z",\
                "started_at":"2027-01-15T08:00:00.000Z","max_connections":1024000,"current_connections":0,\
                "listeners":[{"id":"ocpp:ws:default","type":"ws","name":"default","running":true}],\
                "node_status":[{"node":"gw1","status":"running","max_connections":1024000,"current_connections":0}]}]
                """
            for path in ["/api/v5/gateways", "/api/v5/gateway", "/api/v5/gateways?status=running"] {
                #expect(try await management.get(path).body == expected)
            }
            #expect(try await management.get("/api/v5/gateways?status=stopped").body == "[]")
            #expect(try await management.get("/api/v5/gateways?status=unloaded").body == "[]")
            #expect(try await management.get("/api/v5/gateways?status=tired").status == 400)
        }
    }

    @Test func `The gateway shows its keys, listeners and authenticator, and no secret`() async throws {
        try await withManagement { management async throws in
            _ = try await management.gateway.createAuthenticator(["backend": "mysql", "password": "topsecret"])
            for path in [Self.base, "/api/v5/gateway/ocpp"] {
                let reply = try await management.get(path)
                #expect(reply.status == 200)
                #expect(reply.json["name"] == "ocpp")
                #expect(reply.json["mountpoint"] == "ocpp/")
                #expect(reply.json["listeners"]?.elements?[0]["bind"] == "0.0.0.0:33033")
                #expect(reply.json["authentication"]?["backend"] == "mysql")
                #expect(!reply.body.contains("topsecret"))
            }
        }
    }

    @Test func `Keys that are given change, null goes back, listeners are added, authentication is elsewhere`()
        async throws
    {
        try await withManagement { management async throws in
            let change = try await management.request(
                "PUT", "/api/v5/gateway/ocpp",
                json: #"{"mountpoint":"cp/","listeners":[{"type":"ws","name":"site2","bind":"33034"}]}"#)
            #expect(change.status == 204)
            #expect(change.body.isEmpty)
            #expect(try await management.get(Self.base).json["mountpoint"] == "cp/")
            #expect(try await management.get(Self.base + "/listeners/ocpp:ws:site2").json["bind"] == "33034")
            // What was answered may be sent back.
            var back = try #require(try await management.get(Self.base).json.members)
            back.removeAll { $0.key == "authentication" }
            #expect(
                try await management.request("PUT", Self.base, json: JSON.object(back).compactText).status == 204)
            #expect(try await management.request("PUT", Self.base, json: #"{"mountpoint":null}"#).status == 204)
            #expect(try await management.get(Self.base).json["mountpoint"] == "ocpp/")
            let elsewhere = try await management.request("PUT", Self.base, json: #"{"authentication":{}}"#)
            #expect(elsewhere.status == 400)
            #expect(try await management.request("PUT", Self.base, json: #"{"mount":"x"}"#).status == 400)
        }
    }

    @Test func `The gateway is stopped and started`() async throws {
        try await withManagement { management async throws in
            #expect(try await management.request("PUT", Self.base + "/enable/false").status == 204)
            #expect(try await management.get(Self.base).json["status"] == "stopped")
            #expect(try await management.get("/api/v5/gateways").json.elements?[0]["started_at"] == nil)
            #expect(try await management.request("PUT", Self.base + "/enable/true").status == 204)
            #expect(try await management.get(Self.base).json["status"] == "running")
            #expect(try await management.request("PUT", Self.base + "/enable/perhaps").status == 400)
        }
    }

    @Test func `A listener is seen in EMQX's form`() async throws {
        try await withManagement { management async throws in
            let expected = """
                {"id":"ocpp:ws:default","type":"ws","name":"default","bind":"0.0.0.0:33033",\
                "max_connections":1024000,"websocket":{"path":"/ocpp"},"running":true,\
                "status":{"running":true,"max_connections":1024000,"current_connections":0},\
                "node_status":[{"node":"gw1","status":{"running":true,"max_connections":1024000,\
                "current_connections":0}}]}
                """
            #expect(try await management.get(Self.listener).body == expected)
            #expect(try await management.get(Self.base + "/listeners").body == "[\(expected)]")
            for id in ["ocpp:ws:other", "ocpp:tcp:default", "default", "stomp:ws:default"] {
                #expect(try await management.get(Self.base + "/listeners/\(id)").status == 404)
            }
        }
    }

    @Test func `A listener is added once, changed, and deleted`() async throws {
        try await withManagement { management async throws in
            let body =
                #"{"type":"ws","name":"site2","bind":"33034","mountpoint":"site2/","websocket":{"path":"/ocpp"}}"#
            let added = try await management.request("POST", Self.base + "/listeners", json: body)
            #expect(added.status == 201)
            #expect(added.json["id"] == "ocpp:ws:site2")
            #expect(added.json["running"] == true)
            #expect(try await management.request("POST", Self.base + "/listeners", json: body).status == 400)
            let sameAddress = #"{"type":"ws","name":"site3","bind":"33034"}"#
            #expect(try await management.request("POST", Self.base + "/listeners", json: sameAddress).status == 400)
            for bad in ["{}", #"{"type":"tcp","name":"x"}"#, #"{"type":"ws"}"#] {
                #expect(try await management.request("POST", Self.base + "/listeners", json: bad).status == 400)
            }
            let path = Self.base + "/listeners/ocpp:ws:site2"
            let changed = try await management.request("PUT", path, json: #"{"bind":"33035"}"#)
            #expect(changed.status == 200)
            #expect(changed.json["bind"] == "33035")
            #expect(changed.json["mountpoint"] == "site2/")
            #expect(try await management.request("PUT", path, json: changed.body).status == 200)
            let wrong = try await management.request("PUT", path, json: #"{"bind":"abc"}"#)
            #expect(wrong.status == 400)
            #expect(wrong.message == #"Bad config value "abc" for "bind": expected an address and port"#)
            #expect(try await management.request("PUT", path, json: #"{"name":"other"}"#).status == 400)
            #expect(try await management.request("DELETE", path).status == 204)
            #expect(try await management.request("DELETE", path).status == 404)
        }
    }

    @Test func `A listener is stopped, started, and started anew`() async throws {
        try await withManagement { management async throws in
            for (command, isRunning) in [("stop", false), ("start", true), ("stop", false), ("restart", true)] {
                #expect(try await management.request("POST", Self.listener + "/\(command)").status == 200)
                #expect(try await management.get(Self.listener).json["running"] == .bool(isRunning))
            }
            #expect(try await management.request("POST", Self.listener + "/pause").status == 404)
        }
    }

    @Test func `A listener's secrets are hidden, and stay when they are sent back`() async throws {
        try await withManagement { management async throws in
            let secret = #"{"ssl_options":{"password":"topsecret","certfile":"/a"}}"#
            let changed = try await management.request("PUT", Self.listener, json: secret)
            #expect(changed.json["ssl_options"] == ["password": "******", "certfile": "/a"])
            let stored = await management.gateway.listenersNow[0].settings["ssl_options"]
            #expect(stored?["password"] == "topsecret")
            let sentBack = #"{"max_connections":5,"password":"******"}"#
            _ = try await management.request("PUT", Self.listener, json: sentBack)
            #expect(await management.gateway.listenersNow[0].settings["password"] == nil)
            #expect(!management.log.all.contains { $0.contains("topsecret") })
        }
    }
}
