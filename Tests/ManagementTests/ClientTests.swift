import Management
import OutsideNames
import TestSupport
import Testing

@Suite struct `management.md, Clients` {
    private static let clients = "/api/v5/gateways/ocpp/clients"

    @Test func `A client has EMQX's fields, then ours`() async throws {
        try await withManagement { management async throws in
            let key = await management.gateway.connect("CP1", user: "CP1", vendor: "V")
            let reply = try await management.get(Self.clients + "/CP1")
            #expect(reply.status == 200)
            let expected = """
                {"node":"gw1","clientid":"CP1","username":"CP1","proto_name":"OCPP","proto_ver":"1.6",\
                "ip_address":"203.0.113.7","port":5123,"mountpoint":"ocpp/","connected":true,\
                "connected_at":"2027-01-15T08:00:00.000Z","created_at":"2027-01-15T08:00:00.000Z",\
                "disconnected_at":null,"keepalive":300,"clean_start":true,"expiry_interval":0,"is_bridge":false,\
                "subscriptions_cnt":1,"subscriptions_max":1,"inflight_cnt":0,"inflight_max":1,"mqueue_len":0,\
                "mqueue_max":100,"mqueue_dropped":0,"awaiting_rel_cnt":0,"awaiting_rel_max":0,"recv_oct":5120,\
                "recv_cnt":44,"recv_pkt":44,"recv_msg":44,"send_oct":4210,"send_cnt":43,"send_pkt":43,"send_msg":43,\
                "heap_size":0,"mailbox_len":0,"reductions":0,"listener":"ocpp:ws:default","session":"\(key.session)",\
                "last_seen_at":"2027-01-15T08:00:01.000Z","open_calls_up":0,"bad_messages":0,"last_bad_message":null,\
                "security_profile":2,"boot":{"vendor":"V","model":"M","firmware":"1.2"}}
                """
            #expect(reply.body == expected)
        }
    }

    @Test func `Somebody who is not here is 404, with who has claimed it`() async throws {
        try await withManagement { management async throws in
            let nobody = try await management.get(Self.clients + "/CP1")
            #expect(nobody.status == 404)
            #expect(nobody.code == "RESOURCE_NOT_FOUND")
            await management.gateway.update { $0.claims["CP1"] = "gw2" }
            #expect(try await management.get(Self.clients + "/CP1").message.hasSuffix(", claimed by gw2"))
        }
    }

    @Test func `Identities are bytes: encoded slashes, and letters that only look the same`() async throws {
        try await withManagement { management async throws in
            await management.gateway.connect("a/b c")
            await management.gateway.connect("\u{212A}")
            #expect(try await management.get(Self.clients + "/a%2Fb%20c").json["clientid"] == "a/b c")
            #expect(try await management.get(Self.clients + "/K").status == 404)
            #expect(try await management.get(Self.clients + "?clientid=K").json["meta"]?["count"] == 0)
            #expect(try await management.get(Self.clients + "?clientid=%E2%84%AA").json["meta"]?["count"] == 1)
        }
    }

    @Test func `The list is sorted and paged, and every filter counts`() async throws {
        try await withManagement { management async throws in
            let gateway = management.gateway
            await gateway.connect("B", user: "u-b", address: "10.0.0.2", version: "2.0.1", at: 1_800_000_100_000)
            await gateway.connect("A", user: "u-a", address: "10.0.0.1", at: 1_800_000_000_000, vendor: "Acme")
            await gateway.connect("C", user: "u-c", address: "10.0.0.1", listener: "site2", at: 1_800_000_200_000)
            func found(_ query: String) async throws -> String {
                let reply = try await management.get(Self.clients + "?" + query)
                #expect(reply.status == 200, "\(query): \(reply.body)")
                let names = (reply.json["data"]?.elements ?? []).compactMap { $0["clientid"]?.string }
                #expect(reply.json["meta"]?["count"]?.integer ?? -1 >= names.count)
                return names.joined()
            }
            for (query, expected) in [
                ("", "ABC"), ("page=2&limit=2", "C"), ("clientid=B", "B"), ("username=u-c", "C"),
                ("ip_address=10.0.0.1", "AC"), ("conn_state=connected", "ABC"), ("conn_state=disconnected", ""),
                ("proto_ver=2.0.1", "B"), ("like_username=u-", "ABC"), ("like_clientid=C", "C"), ("node=gw1", "ABC"),
                ("node=gw2", ""), ("listener=ocpp:ws:site2", "C"), ("vendor=Acme", "A"),
                ("gte_connected_at=2027-01-15T08:01:40Z", "BC"),
                ("lte_created_at=2027-01-15T09:01:40.000%2B01:00", "AB"),
                ("gte_created_at=1800000200000", "C"), ("ip_address=10.0.0.1&listener=ocpp:ws:default", "A"),
            ] {
                #expect(try await found(query) == expected, "\(query)")
            }
            #expect(try await management.get(Self.clients + "?conn_state=tired").status == 400)
            #expect(try await management.get(Self.clients + "?gte_connected_at=yesterday").status == 400)
            let meta = try await management.get(Self.clients + "?limit=2").json["meta"]
            #expect(meta == ["page": 1, "limit": 2, "count": 3, "hasnext": true])
        }
    }

    @Test func `Ten thousand come whole, in pieces, while others are answered`() async throws {
        try await withManagement { management async throws in
            await management.gateway.update { gateway in
                for number in 0..<10_000 { gateway.connect("CP\(number)") }
            }
            let list = try await HTTPConnection(to: management.address)
            defer { list.close() }
            // A reader that takes nothing holds up nobody.
            try await list.setReading(false)
            try await list.send(management.text("GET", Self.clients + "?limit=10000"))
            for _ in 1...3 { #expect(try await management.get("/healthz", key: nil).status == 200) }
            try await list.setReading(true)
            let reply = try await list.reply()
            #expect(reply.headers["transfer-encoding"] == "chunked")
            let names = (reply.json["data"]?.elements ?? []).compactMap { $0["clientid"]?.string }
            #expect(names.count == 10_000)
            #expect(names == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
            #expect(reply.json["meta"]?["count"] == 10_000)
        }
    }

    @Test func `A kick is answered once the client is gone from the list`() async throws {
        try await withManagement { management async throws in
            await management.gateway.connect("CP1")
            #expect(try await management.get(Self.clients).json["meta"]?["count"] == 1)
            #expect(try await management.request("DELETE", Self.clients + "/CP1").status == 204)
            #expect(try await management.get(Self.clients).json["meta"]?["count"] == 0)
            #expect(try await management.request("DELETE", Self.clients + "/CP1").status == 404)
        }
    }

    @Test func `Subscriptions are shown and cannot be changed`() async throws {
        try await withManagement { management async throws in
            await management.gateway.connect("CP1")
            let path = Self.clients + "/CP1/subscriptions"
            #expect(
                try await management.get(path).body
                    == #"[{"topic":"ocpp/cs/CP1","qos":1,"nl":0,"rap":0,"rh":0,"sub_props":{}}]"#)
            #expect(try await management.request("POST", path, json: #"{"topic":"a"}"#).status == 400)
            #expect(try await management.request("DELETE", path + "/a").code == "BAD_REQUEST")
        }
    }

    @Test func `A call is answered with the charge point's answer, and its payload goes as it came`() async throws {
        try await withManagement { management async throws in
            await management.gateway.connect("CP1")
            await management.gateway.connect("CP2", behaviour: .refuses)
            let result = try await call(
                management, "CP1", #"{"action":"Reset","payload": {"type" : "Soft"},"timeout":"30s"}"#)
            #expect(result.status == 200)
            #expect(result.body == #"{"unique_id":"gw-1","result":{"status":"Accepted"}}"#)
            let sent = await management.gateway.sessions[0].calls[0]
            #expect(String(buffer: sent.payload) == #"{"type" : "Soft"}"#)
            #expect(sent.timeout == .seconds(30))
            let error = try await call(management, "CP2", #"{"action":"Reset","payload":{"type":"Soft"}}"#)
            #expect(
                error.body
                    == #"{"unique_id":"gw-1","error":{"code":"NotSupported","description":"","details":{}}}"#)
            #expect(
                management.log.all.contains { $0.contains("changed=Reset sent to CP2, answered with NotSupported") })
        }
    }

    @Test func `A call that cannot be is 400, 404, 409 or 504, each with its code`() async throws {
        try await withManagement { management async throws in
            let good = #"{"action":"Reset","payload":{"type":"Soft"}}"#
            for (name, behaviour, status, code) in [
                ("full", FakeSession.Behaviour.queueIsFull, 409, "QUEUE_FULL"), ("away", .leaves, 409, "DISCONNECTED"),
                ("silent", .silent, 504, "TIMEOUT"),
            ] {
                await management.gateway.connect(name, behaviour: behaviour)
                let reply = try await call(management, name, good)
                #expect(reply.status == status)
                #expect(reply.code == code)
            }
            #expect(try await call(management, "nobody", good).status == 404)
            for body in [
                #"{"action":"Reset"}"#, #"{"action":"Boot","payload":{}}"#, #"{"payload":{}}"#,
                #"{"action":"Reset","payload":[]}"#, #"{"action":"Reset","payload":{"type":"Soft"},"timeout":"soon"}"#,
                #"{"action":"Reset","payload":{"type":"Soft"},"timeout":0}"#,
                #"{"action":"Reset","payload":{"type":"Soft","type":"Hard"}}"#,
            ] {
                #expect(try await call(management, "silent", body).status == 400, "\(body)")
            }
        }
    }

    private func call(_ management: RunningManagement, _ client: String, _ body: String) async throws -> Reply {
        try await management.request("POST", Self.clients + "/\(client)/calls", json: body)
    }

    @Test func `Schemas are listed by version and given by action`() async throws {
        try await withManagement { management async throws in
            let schemas = "/api/v5/gateways/ocpp/schemas"
            #expect(try await management.get(schemas + "/1.6").body == #"["ChangeConfiguration","Reset"]"#)
            #expect(try await management.get(schemas + "/1.6/Reset").json["title"] == "ResetRequest")
            #expect(try await management.get(schemas + "/3.0").status == 404)
            #expect(try await management.get(schemas + "/1.6/BootNotification").status == 404)
        }
    }
}
