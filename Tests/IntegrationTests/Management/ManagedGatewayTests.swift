import TestSupport
import Testing

/// management.md, "Gateway".
@Suite struct ManagedGatewayTests {
    private static let listenerFields: Set<String> = [
        "id", "type", "name", "bind", "max_connections", "running", "status", "node_status",
    ]

    @Test func `The gateway is listed with EMQX's fields, under both names of the path`() async throws {
        try await withManagedSite(["BROKER_CLIENT_ID": "gw1"]) { managed in
            _ = try await managed.site.connectReady()
            for name in ["gateways", "gateway"] {
                let list = try await managed.viewer.json("/api/v5/\(name)")
                #expect(list.elements.count == 1)
                let gateway = list[0]
                #expect(gateway["name"] == "ocpp" && gateway["status"] == "running")
                #expect(gateway["current_connections"] == 1)
                let most = gateway["max_connections"]
                #expect(most.int ?? 0 > 0)
                #expect(
                    gateway["listeners"] == [
                        ["id": "ocpp:ws:default", "type": "ws", "name": "default", "running": true]
                    ])
                #expect(
                    gateway["node_status"] == [
                        ["node": "gw1", "status": "running", "max_connections": most, "current_connections": 1]
                    ])
                for time in ["created_at", "started_at"] {
                    #expect(gateway[time].string?.wholeMatch(of: Self.time) != nil)
                }
                #expect(try await managed.viewer.json("/api/v5/\(name)?status=running").elements.count == 1)
                for status in ["stopped", "unloaded"] {
                    #expect(try await managed.viewer.json("/api/v5/\(name)?status=\(status)") == [])
                }
                let other = try await managed.viewer.get("/api/v5/\(name)/stomp")
                #expect(other.status == 404 && other.code == "RESOURCE_NOT_FOUND")
            }
            #expect(try await managed.viewer.get("/api/v5/gateways?status=odd").status == 400)
        }
    }

    static var time: Regex<Substring> { /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/ }

    @Test func `The gateway has every key that EMQX has in its gateway.ocpp, filled in`() async throws {
        try await withManagedSite(["AUTHENTICATION_BACKEND": "built_in_database"]) { managed in
            let gateway = try await managed.viewer.json(".")
            #expect(
                gateway.keys.isSuperset(of: [
                    "name", "status", "created_at", "started_at", "listeners", "authentication", "mountpoint",
                    "default_heartbeat_interval", "heartbeat_checking_times_backoff", "upstream", "dnstream",
                    "message_format_checking", "idle_timeout", "enable_stats",
                ]))
            #expect(gateway["mountpoint"] == "ocpp/")
            #expect(gateway["upstream"].keys.isSuperset(of: ["topic", "reply_topic", "error_topic"]))
            #expect(gateway["dnstream"].keys == ["topic", "max_mqueue_len"])
            #expect(gateway["dnstream"]["max_mqueue_len"] == 100)
            #expect(gateway["listeners"][0].keys.isSuperset(of: Self.listenerFields))
            #expect(gateway["authentication"]["backend"] == "built_in_database")
            // What was answered may be sent back, without what has its own path.
            let answer = try await managed.management.get(".").body
            let back = try await managed.management.ask("PUT", ".", answer)
            #expect(back.status == 400 && back.message.contains("authentication"))
        }
    }

    /// EMQX's page about its OCPP gateway has these two calls.
    @Test(arguments: ["gateway", "gateways"])
    func `The two calls of EMQX's page work as they stand`(name: String) async throws {
        let port = try freePort()
        try await withManagedSite(bindingByFile: true) { managed in
            try await managed.management.change(
                "PUT", "/api/v5/\(name)/ocpp",
                #"""
                {
                  "name": "ocpp",
                  "enable": true,
                  "mountpoint": "ocpp/",
                  "listeners": [
                    {
                      "type": "ws",
                      "name": "default",
                      "bind": "\#(port)",
                      "websocket": {
                        "path": "/ocpp"
                      }
                    }
                  ]
                }
                """#, gives: 204)
            let client = try await ChargePointClient.connect(port: port, identity: "CP-1")
            #expect(OCPPText(try await client.call("Heartbeat")).type == 3)
            let created = try await managed.management.change(
                "POST", "/api/v5/\(name)/ocpp/authentication",
                #"""
                {
                  "backend": "built_in_database",
                  "mechanism": "password_based",
                  "password_hash_algorithm": {
                    "name": "sha256",
                    "salt_position": "suffix"
                  },
                  "user_id_type": "username"
                }
                """#, gives: 201)
            #expect(created["id"] == "password_based:built_in_database")
            let (stranger, answer) = try await ChargePointClient.open(port: port, identity: "CP-2")
            #expect(answer.status == 401 || answer.status == 404)
            await stranger.cut()
            #expect(client.isOpen)
        }
    }

    @Test func `Keys that are given change, null goes back, others stay`() async throws {
        let data = try DataFolder()
        try data.write("mountpoint: file/\nidle_timeout: 40s\n", to: "gateway.yaml")
        try await withManagedSite(["CONFIG_FILE": data.path("gateway.yaml")]) { managed in
            let management = managed.management
            try await management.change(
                "PUT", ".", #"{"mountpoint":"cp/","dnstream":{"max_mqueue_len":7}}"#, gives: 204)
            var gateway = try await management.json(".")
            #expect(gateway["mountpoint"] == "cp/" && gateway["idle_timeout"] == "40s")
            #expect(gateway["dnstream"]["max_mqueue_len"] == 7)
            try await management.change(
                "PUT", ".", #"{"mountpoint":null,"dnstream":{"max_mqueue_len":null}}"#, gives: 204)
            gateway = try await management.json(".")
            #expect(gateway["mountpoint"] == "file/" && gateway["dnstream"]["max_mqueue_len"] == 100)
            for body in [
                #"{"mountpont":"x"}"#, #"{"idle_timeout":"soon"}"#, #"{"authentication":{"backend":"http"}}"#, "[]",
                #"{"mountpoint":"new/","idle_timeout":"soon"}"#,
            ] {
                let refused = try await management.ask("PUT", ".", body)
                #expect(refused.status == 400 && refused.code == "BAD_REQUEST", "\(body)")
            }
            #expect(try await management.json(".")["mountpoint"] == "file/")
            let type = try await management.ask("PUT", ".", headers: ["Content-Type": "text/plain"], body: "{}")
            #expect(type.status == 415 && type.code == "UNSUPPORTED_MEDIA_TYPE")
            let method = try await management.ask("PATCH", ".", "{}")
            #expect(method.status == 405 && method.code == "METHOD_NOT_ALLOWED")
            #expect(method.headers["allow"] == "GET, PUT")
        }
    }

    @Test func `A gateway that is stopped closes sessions with 1001 and keeps its broker link, and starts again`()
        async throws
    {
        try await withManagedSite(["SHUTDOWN_DRAIN_TIME": "0s"]) { managed in
            let chargePoint = try await managed.site.connectReady()
            try await managed.management.change("PUT", "./enable/false", gives: 204)
            #expect(try await chargePoint.closing().code == 1001)
            var gateway = try await managed.management.json("/api/v5/gateways")[0]
            #expect(gateway["status"] == "stopped" && gateway["listeners"][0]["running"] == false)
            #expect(gateway["current_connections"] == 0)
            #expect(gateway.keys.contains("stopped_at") && !gateway.keys.contains("started_at"))
            let ready = try await managed.management.get("/readyz")
            #expect(ready.status == 503)
            let checks = try ready.json["checks"]
            #expect(checks == ["listeners": "down", "broker": "ok", "authentication": "ok", "draining": "no"])
            #expect(!(await accepts(port: managed.site.port)))
            try await managed.management.change("PUT", "./enable/true", gives: 204)
            gateway = try await managed.management.json("/api/v5/gateways")[0]
            #expect(gateway["status"] == "running")
            // A free port is another one now.
            let line = try await managed.gateway.log("the new address") {
                $0.message == "listening" && !$0.text.contains(":\(managed.site.port)\"")
            }
            let port = try #require(line.fields["address"]?.split(separator: ":").last.flatMap { Int($0) })
            let back = try await ChargePointClient.connect(port: port, identity: "CP-1")
            #expect(OCPPText(try await back.call("Heartbeat")).type == 3)
            #expect(try await managed.management.ask("PUT", "./enable/maybe").status == 400)
        }
    }
}
