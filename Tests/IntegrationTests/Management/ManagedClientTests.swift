import Foundation
import TestSupport
import Testing

/// management.md, "Clients": who is connected, and the end of it.
@Suite struct ManagedClientTests {
    private static let fields: Set<String> = [
        "node", "clientid", "username", "proto_name", "proto_ver", "ip_address", "port", "mountpoint", "connected",
        "connected_at", "created_at", "disconnected_at", "keepalive", "clean_start", "expiry_interval", "is_bridge",
        "subscriptions_cnt", "subscriptions_max", "inflight_cnt", "inflight_max", "mqueue_len", "mqueue_max",
        "mqueue_dropped", "awaiting_rel_cnt", "awaiting_rel_max", "recv_oct", "recv_cnt", "recv_pkt", "recv_msg",
        "send_oct", "send_cnt", "send_pkt", "send_msg", "heap_size", "mailbox_len", "reductions", "listener",
        "session", "last_seen_at", "open_calls_up", "bad_messages", "last_bad_message", "security_profile", "boot",
    ]

    private func ids(_ managed: ManagedSite, _ query: String) async throws -> [String] {
        let list = try await managed.viewer.json("./clients?\(query)")
        #expect(list["meta"]["count"].int == list["data"].elements.count, "\(query)")
        return list["data"].elements.compactMap { $0["clientid"].string }
    }

    @Test func `A client has EMQX's fields and ours, with what it has done`() async throws {
        try await withManagedSite(["BROKER_CLIENT_ID": "gw1"]) { managed in
            let chargePoint = try await managed.site.connect()
            let boot = #"{"chargePointVendor":"V","chargePointModel":"M","firmwareVersion":"1.2"}"#
            _ = try await chargePoint.call("BootNotification", boot)
            try await chargePoint.send(text: "[2,\"1\"")
            _ = try await chargePoint.call("Heartbeat")
            let client = try await managed.viewer.json("./clients/CP-1")
            #expect(client.keys == Self.fields)
            for (field, value) in [
                ("node", "gw1"), ("clientid", "CP-1"), ("username", nil), ("proto_name", "OCPP"), ("proto_ver", "1.6"),
                ("ip_address", "127.0.0.1"), ("mountpoint", "ocpp/"), ("connected", true), ("disconnected_at", nil),
                ("keepalive", 300), ("subscriptions_cnt", 1), ("subscriptions_max", 1), ("inflight_cnt", 0),
                ("inflight_max", 1), ("mqueue_len", 0), ("mqueue_max", 100), ("listener", "ocpp:ws:default"),
                ("open_calls_up", 0), ("bad_messages", 1), ("heap_size", 0),
            ] as [(String, JSONValue)] {
                #expect(client[field] == value, "\(field)")
            }
            #expect(client["boot"] == ["vendor": "V", "model": "M", "firmware": "1.2"])
            #expect(client["last_bad_message"].string?.isEmpty == false)
            #expect(client["recv_msg"].int ?? 0 >= 2 && client["send_msg"].int ?? 0 >= 2)
            #expect(client["recv_oct"].int ?? 0 >= boot.utf8.count)
            for time in ["connected_at", "created_at", "last_seen_at"] {
                #expect(client[time].string?.wholeMatch(of: ManagedGatewayTests.time) != nil, "\(time)")
            }
            let list = try await managed.viewer.json("./clients")
            #expect(list["data"].elements.count == 1 && list["data"][0].keys == Self.fields)
            #expect(list["meta"] == ["page": 1, "limit": 100, "count": 1, "hasnext": false])
            let nobody = try await managed.viewer.get("./clients/CP-2")
            #expect(nobody.status == 404 && nobody.code == "RESOURCE_NOT_FOUND")
        }
    }

    @Test func `Every filter counts, and pages are sorted by identity`() async throws {
        try await withManagedSite(["AUTHENTICATION_BACKEND": "built_in_database"]) { managed in
            let users = (1...7).map { "CP-\($0),0123456789abcdef,false\n" }.joined()
            let imported = try await managed.management.ask(
                "POST", "./authentication/import_users?type=plain", headers: ["Content-Type": "text/csv"],
                body: "user_id,password,is_superuser\n\(users)")
            #expect(imported.status == 200)
            var clients: [ChargePointClient] = []
            for number in [7, 3, 1, 5, 2, 6, 4] {
                var settings = ChargePointClient.Settings()
                settings.localHost = number == 3 ? "127.0.0.3" : nil
                settings.subprotocols = [number == 4 ? "ocpp2.0.1" : "ocpp1.6"]
                let credentials = Data("CP-\(number):0123456789abcdef".utf8).base64EncodedString()
                settings.headers = [("Authorization", "Basic \(credentials)")]
                let client = try await ChargePointClient.connect(
                    port: managed.site.port, identity: "CP-\(number)", settings: settings)
                let payload =
                    number == 4
                    ? #"{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"W"}}"#
                    : #"{"chargePointVendor":"V","chargePointModel":"M"}"#
                _ = try await client.call("BootNotification", payload)
                clients.append(client)
            }
            let all = (1...7).map { "CP-\($0)" }
            #expect(try await ids(managed, "limit=10") == all)
            #expect(try await ids(managed, "clientid=CP-2") == ["CP-2"])
            #expect(try await ids(managed, "like_clientid=P-") == all)
            #expect(try await ids(managed, "like_clientid=-7") == ["CP-7"])
            #expect(try await ids(managed, "username=CP-5") == ["CP-5"])
            #expect(try await ids(managed, "like_username=-5") == ["CP-5"])
            #expect(try await ids(managed, "ip_address=127.0.0.3") == ["CP-3"])
            #expect(try await ids(managed, "proto_ver=2.0.1") == ["CP-4"])
            #expect(try await ids(managed, "vendor=W") == ["CP-4"])
            #expect(try await ids(managed, "conn_state=connected") == all)
            #expect(try await ids(managed, "conn_state=disconnected") == [])
            #expect(try await ids(managed, "listener=ocpp:ws:default") == all)
            #expect(try await ids(managed, "listener=ocpp:ws:other") == [])
            #expect(try await ids(managed, "node=\(managed.gateway.clientID)") == all)
            #expect(try await ids(managed, "node=elsewhere") == [])
            let last = try #require(try await managed.viewer.json("./clients/CP-4")["connected_at"].string)
            for key in ["connected_at", "created_at"] {
                #expect(try await ids(managed, "gte_\(key)=\(last)").contains("CP-4"))
                #expect(try await ids(managed, "lte_\(key)=\(last)") == all)
                #expect(try await ids(managed, "gte_\(key)=2999-01-01T00:00:00Z") == [])
                #expect(try await ids(managed, "lte_\(key)=1999-01-01T00:00:00%2B02:00") == [])
            }
            #expect(try await ids(managed, "proto_ver=1.6&ip_address=127.0.0.3&vendor=V") == ["CP-3"])
            let second = try await managed.viewer.json("./clients?page=2&limit=3")
            #expect(second["data"].elements.map { $0["clientid"] } == ["CP-4", "CP-5", "CP-6"])
            #expect(second["meta"] == ["page": 2, "limit": 3, "count": 7, "hasnext": true])
            let beyond = try await managed.viewer.json("./clients?page=9&limit=3")
            #expect(beyond["data"] == [] && beyond["meta"]["count"] == 7 && beyond["meta"]["hasnext"] == false)
            for query in ["page=0", "limit=10001", "limit=x"] {
                let bad = try await managed.viewer.get("./clients?\(query)")
                #expect(bad.status == 400 && bad.code == "INVALID_PARAMETER", "\(query)")
            }
            for query in ["conn_state=odd", "gte_connected_at=yesterday"] {
                let bad = try await managed.viewer.get("./clients?\(query)")
                #expect(bad.status == 400 && bad.code == "BAD_REQUEST", "\(query)")
            }
        }
    }

    @Test func `A kick closes with 1008, is answered once the client is gone, and it may come back`() async throws {
        try await withManagedSite { managed in
            let chargePoint = try await managed.site.connectReady()
            #expect(try await managed.viewer.ask("DELETE", "./clients/CP-1").status == 403)
            try await managed.management.change("DELETE", "./clients/CP-1", gives: 204)
            #expect(try await managed.viewer.get("./clients/CP-1").status == 404)
            #expect(try await chargePoint.closing() == .init(code: 1008, reason: "kicked by an operator"))
            let again = try await managed.management.ask("DELETE", "./clients/CP-1")
            #expect(again.status == 404 && again.code == "RESOURCE_NOT_FOUND")
            _ = try await managed.site.connectReady()
            #expect(try await managed.viewer.get("./clients/CP-1").status == 200)
            try await managed.gateway.log("the kick") {
                $0.message == "charge point disconnected" && $0.mentions("kicked")
            }
        }
    }

    @Test func `An identity is its bytes, with slashes and spaces in them`() async throws {
        try await withManagedSite { managed in
            let chargePoint = try await managed.site.connect("CP%201")
            _ = try await chargePoint.call("Heartbeat")
            #expect(try await managed.viewer.json("./clients/CP%201")["clientid"] == "CP 1")
            #expect(try await ids(managed, "clientid=CP+1") == ["CP 1"])
        }
    }

    @Test func `Subscriptions are shown, and cannot be changed`() async throws {
        try await withManagedSite { managed in
            _ = try await managed.site.connectReady()
            let path = "./clients/CP-1/subscriptions"
            #expect(
                try await managed.viewer.json(path) == [
                    ["topic": "ocpp/cs/CP-1", "qos": 1, "nl": 0, "rap": 0, "rh": 0, "sub_props": [:]]
                ])
            #expect(try await managed.viewer.get("./clients/CP-2/subscriptions").status == 404)
            for (method, path) in [("POST", path), ("DELETE", path), ("DELETE", path + "/ocpp%2Fcs%2FCP-1")] {
                let refused = try await managed.management.ask(method, path, #"{"topic":"a","qos":1}"#)
                #expect(refused.status == 400 && refused.code == "BAD_REQUEST", "\(method) \(path)")
                #expect(refused.message.contains("unsupported"))
            }
        }
    }

    @Test func `Who is connected to another gateway is named with it`() async throws {
        try await withManagedSite { managed in
            let other = try await GatewayProcess.start([
                "BROKER_URL": "mqtt://127.0.0.1:\(managed.broker.port)", "BROKER_CLIENT_ID": "gw2",
            ])
            let here = try await managed.site.connectReady()
            let there = try await ChargePointClient.connect(port: try await other.port(), identity: "CP-1")
            _ = try await there.call("Heartbeat")
            _ = try await here.closing()
            let gone = try await managed.viewer.get("./clients/CP-1")
            #expect(gone.status == 404 && gone.message.hasSuffix(", claimed by gw2"), "\(gone.body)")
            await other.child.end()
        }
    }
}
