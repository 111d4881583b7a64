import Foundation
import TestSupport
import Testing

/// management.md, "Listeners".
@Suite struct ManagedListenerTests {
    private static let fields: Set<String> = [
        "id", "type", "name", "bind", "max_connections", "running", "status", "node_status",
    ]

    /// A listener `site2` on a port of its own, with a central system behind it.
    private func withSecondListener(
        _ settings: [String: String] = [:],
        _ body: @escaping @Sendable (ManagedSite, _ added: JSONValue, _ port: Int) async throws -> Void
    ) async throws {
        let settings = ["BROKER_CLIENT_ID": "gw1", "SHUTDOWN_DRAIN_TIME": "0s"].merging(settings) { _, own in own }
        try await withManagedSite(settings) { managed in
            let central = try await CentralSystem.connect(
                port: managed.broker.port, mountpoint: "site2/", clientID: "site2")
            let port = try freePort()
            let added = try await managed.management.change(
                "POST", "./listeners",
                #"{"type":"ws","name":"site2","bind":"127.0.0.1:\#(port)","mountpoint":"site2/","max_connections":2,"#
                    + #""websocket":{"path":"/ocpp"}}"#, gives: 201)
            try await body(managed, added, port)
            await central.stop()
        }
    }

    private func answers(_ chargePoint: ChargePointClient) async throws -> Bool {
        OCPPText(try await chargePoint.call("Heartbeat")).type == 3
    }

    @Test func `A listener is added and shown in EMQX's form`() async throws {
        try await withSecondListener { managed, added, port in
            #expect(added["id"] == "ocpp:ws:site2" && added["running"] == true)
            #expect(added["bind"] == .string("127.0.0.1:\(port)") && added["mountpoint"] == "site2/")
            #expect(added["websocket"]["path"] == "/ocpp")
            let chargePoint = try await ChargePointClient.connect(port: port, identity: "CP-1")
            #expect(try await answers(chargePoint))
            let list = try await managed.viewer.json("./listeners")
            #expect(list.elements.map { $0["id"] } == ["ocpp:ws:default", "ocpp:ws:site2"])
            for listener in list.elements { #expect(listener.keys.isSuperset(of: Self.fields)) }
            let status: JSONValue = ["running": true, "max_connections": 2, "current_connections": 1]
            let one = try await managed.viewer.json("./listeners/ocpp:ws:site2")
            #expect(one["status"] == status)
            #expect(one["node_status"] == [["node": "gw1", "status": status]])
            // The same identity at another mountpoint is another charge point.
            _ = try await managed.site.connectReady()
            #expect(try await managed.viewer.json("./clients?clientid=CP-1")["meta"]["count"] == 2)
            let there = try await managed.viewer.json("./clients?listener=ocpp:ws:site2")
            #expect(there["data"].elements.map { $0["mountpoint"] } == ["site2/"])
        }
    }

    @Test func `A name or address that is taken, and whatever else cannot be, is 400 and changes nothing`()
        async throws
    {
        try await withSecondListener { managed, _, _ in
            let free = try freePort()
            for (body, word) in [
                (#"{"type":"ws","name":"site2","bind":"127.0.0.1:\#(free)"}"#, "already"),
                (#"{"type":"ws","name":"site3","bind":"127.0.0.1:\#(managed.broker.port)"}"#, "in use"),
                (#"{"type":"tcp","name":"site3"}"#, "type"), (#"{"type":"ws","bind":"1"}"#, "name"),
                (#"{"type":"ws","name":"site3","bind":"abc"}"#, "bind"),
                (#"{"type":"ws","name":"a/b","bind":"127.0.0.1:\#(free)"}"#, "name"),
                (#"{"type":"wss","name":"site3","bind":"127.0.0.1:\#(free)"}"#, "certfile"),
                (#"{"type":"ws","name":"site3","bind":"127.0.0.1:\#(free)","no_such_key":1}"#, "no_such_key"),
            ] {
                let refused = try await managed.management.ask("POST", "./listeners", body)
                #expect(refused.status == 400 && refused.code == "BAD_REQUEST", "\(body) \(refused.body)")
                #expect(refused.message.contains(word), "\(refused.body)")
            }
            #expect(try await managed.management.json("./listeners").elements.count == 2)
            #expect(managed.data.text("data/changes.yaml")?.contains("site3") == false)
            for body in [#"{"name":"site4"}"#, #"{"type":"wss"}"#, #"{"bind":"127.0.0.1:\#(managed.broker.port)"}"#] {
                let refused = try await managed.management.ask("PUT", "./listeners/ocpp:ws:site2", body)
                #expect(refused.status == 400 && refused.code == "BAD_REQUEST", "\(body) \(refused.body)")
            }
            for id in ["ocpp:ws:nobody", "mqtt:ws:default", "nonsense"] {
                for method in ["GET", "PUT", "DELETE"] {
                    let gone = try await managed.management.ask(method, "./listeners/\(id)", "{}")
                    #expect(gone.status == 404 && gone.code == "RESOURCE_NOT_FOUND", "\(method) \(id)")
                }
            }
        }
    }

    @Test func `A changed listener is open at its new address and keeps its sessions, a deleted one closes them`()
        async throws
    {
        try await withSecondListener { managed, _, port in
            let chargePoint = try await ChargePointClient.connect(port: port, identity: "CP-1")
            #expect(try await answers(chargePoint))
            let other = try freePort()
            let changed = try await managed.management.change(
                "PUT", "./listeners/ocpp:ws:site2", #"{"bind":"127.0.0.1:\#(other)","max_connections":5}"#, gives: 200)
            #expect(changed["bind"] == .string("127.0.0.1:\(other)") && changed["mountpoint"] == "site2/")
            #expect(changed["max_connections"] == 5)
            #expect(try await answers(chargePoint))
            #expect(!(await accepts(port: port)))
            let moved = try await ChargePointClient.connect(port: other, identity: "CP-2")
            #expect(try await answers(moved))
            try await managed.management.change("DELETE", "./listeners/ocpp:ws:site2", gives: 204)
            for client in [chargePoint, moved] { #expect(try await client.closing().code == 1001) }
            #expect(!(await accepts(port: other)))
            #expect(try await managed.management.get("./listeners/ocpp:ws:site2").status == 404)
        }
    }

    @Test func `A listener is stopped, which closes its sessions, started, and started anew, which does not`()
        async throws
    {
        try await withSecondListener { managed, _, port in
            let (id, management) = ("ocpp:ws:site2", managed.management)
            let chargePoint = try await ChargePointClient.connect(port: port, identity: "CP-1")
            #expect(try await answers(chargePoint))
            try await management.change("POST", "./listeners/\(id)/restart", gives: 200)
            #expect(try await answers(chargePoint))
            try await management.change("POST", "./listeners/\(id)/stop", gives: 200)
            #expect(try await chargePoint.closing().code == 1001)
            #expect(!(await accepts(port: port)))
            let stopped = try await managed.viewer.json("./listeners/\(id)")
            #expect(stopped["running"] == false && stopped["status"]["running"] == false)
            #expect(stopped["status"]["current_connections"] == 0)
            try await management.change("POST", "./listeners/\(id)/start", gives: 200)
            #expect(try await managed.viewer.json("./listeners/\(id)")["running"] == true)
            let back = try await ChargePointClient.connect(port: port, identity: "CP-1")
            #expect(try await answers(back))
            for command in ["start", "stop", "restart"] {
                #expect(try await managed.viewer.ask("POST", "./listeners/\(id)/\(command)").status == 403)
                #expect(try await management.ask("POST", "./listeners/ocpp:ws:nobody/\(command)").status == 404)
            }
            #expect(try await management.ask("POST", "./listeners/\(id)/pause").status == 404)
        }
    }

    @Test func `The sessions of a listener that is stopped end spread over the drain's time`() async throws {
        try await withSecondListener(["SHUTDOWN_DRAIN_TIME": "4s"]) { managed, _, _ in
            let busy = try await BusyChargePoints.connect(30, to: managed.site)
            _ = try await busy.callOnce()
            try await managed.management.change("POST", "./listeners/ocpp:ws:default/stop", gives: 200)
            for client in busy.clients { #expect(try await client.closing().code == 1001) }
            let ends = managed.gateway.logLines.filter { $0.message == "charge point disconnected" }
            try #require(ends.count == 30)
            // By the gateway's own clock.
            let times = try ends.map { try Date($0.fields["time"] ?? "", strategy: Self.time) }.sorted()
            #expect(times[29].timeIntervalSince(times[0]) > 2, "\(times)")
        }
    }

    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}
