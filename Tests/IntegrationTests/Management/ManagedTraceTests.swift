import Foundation
import TestSupport
import Testing

/// management.md, "Events and traces": EMQX's log traces.
@Suite struct ManagedTraceTests {
    /// The whole file, read as EMQX's page reads it.
    private func log(_ name: String, _ managed: ManagedSite, piece: Int = 400) async throws -> String {
        var (text, position) = ("", 0)
        while true {
            let part = try await managed.viewer.json("/api/v5/trace/\(name)/log?position=\(position)&bytes=\(piece)")
            guard let items = part["items"].string, !items.isEmpty else { return text }
            text += items
            position = part["meta"]["position"].int ?? 0
        }
    }

    @Test func `A trace has every line about its charge point, nobody else's, and the log stays as it is`()
        async throws
    {
        try await withManagedSite(["BROKER_CLIENT_ID": "gw1"]) { managed in
            let management = managed.management
            let added = try await management.change(
                "POST", "/api/v5/trace",
                #"{"name":"t1","type":"clientid","clientid":"CP-1","formatter":"json"}"#, gives: 200)
            #expect(
                added.keys == ["name", "type", "clientid", "formatter", "start_at", "end_at", "status", "log_size"])
            #expect(added["status"] == "running" && added["log_size"] == ["gw1": 0])
            // One day, if no end is named.
            let times = try ["start_at", "end_at"].map {
                try Date(added[$0].string ?? "", strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            }
            #expect(abs(times[1].timeIntervalSince(times[0]) - 86_400) < 0.01)
            let chargePoint = try await managed.site.connectReady()
            let other = try await managed.site.connectReady("CP-2")
            _ = try await chargePoint.call("Authorize", #"{"idTag":"SECRET-TAG"}"#, id: "a1")
            _ = try await other.call("Heartbeat", id: "of-another")
            await chargePoint.close()
            try await eventually("the end is in the trace") {
                try await log("t1", managed).contains("charge point disconnected")
            }
            #expect(
                try await management.change("PUT", "/api/v5/trace/t1/stop", gives: 200)
                    == ["name": "t1", "enable": false])
            let lines = try await log("t1", managed).split(separator: "\n").map { try JSONValue(String($0)) }
            let messages = lines.compactMap { $0["message"].string }
            #expect(messages.first == "charge point connected")
            #expect(messages.contains("frame received") && messages.contains("frame sent"))
            #expect(lines.allSatisfy { $0["metadata"]["cid"] == "CP-1" || $0["cid"] == "CP-1" })
            let text = try await log("t1", managed)
            #expect(text.contains("a1") && !text.contains("SECRET-TAG") && !text.contains("of-another"))
            let download = try await managed.viewer.get("/api/v5/trace/t1/download")
            #expect(download.status == 200 && download.body == text)
            #expect(download.headers["content-type"] == "application/octet-stream")
            let list = try await managed.viewer.json("/api/v5/trace")
            #expect(list[0]["status"] == "stopped" && list[0]["log_size"]["gw1"].int == text.utf8.count)
            #expect(managed.data.text("data/traces/t1.log") == text)
            #expect(!managed.gateway.logLines.contains { $0.message.hasPrefix("frame") })
            // What is stopped stays so.
            _ = try await managed.site.connectReady()
            #expect(try await log("t1", managed) == text)
            try await management.change("DELETE", "/api/v5/trace/t1", gives: 204)
            #expect(try await managed.viewer.json("/api/v5/trace") == [])
            #expect(managed.data.text("data/traces/t1.log") == nil)
        }
    }

    @Test func `A trace of an address has the frames of all who come from it, and their refusals`() async throws {
        try await withManagedSite { managed in
            try await managed.management.change(
                "POST", "/api/v5/trace", #"{"name":"t2","type":"ip_address","ip_address":"127.0.0.9"}"#, gives: 200)
            var settings = ChargePointClient.Settings()
            settings.localHost = "127.0.0.9"
            for identity in ["CP-1", "CP-2"] {
                let client = try await ChargePointClient.connect(
                    port: managed.site.port, identity: identity, settings: settings)
                _ = try await client.call("Heartbeat", id: "of-\(identity)")
                await client.close()
            }
            _ = try await managed.site.connectReady("CP-3")
            settings.path = "/nowhere/"
            _ = try await ChargePointClient.open(port: managed.site.port, identity: "CP-4", settings: settings)
            try await eventually("the refusal is in the trace") {
                try await log("t2", managed).contains("handshake refused")
            }
            let text = try await log("t2", managed)
            #expect(text.contains("of-CP-1") && text.contains("of-CP-2"))
            #expect(!text.contains("CP-3"))
        }
    }

    @Test func `Names, times and numbers are bounded, and thirty traces are the most`() async throws {
        try await withManagedSite { managed in
            let (management, path) = (managed.management, "/api/v5/trace")
            for body in [
                #"{"name":"a/../b","type":"clientid","clientid":"CP-1"}"#, #"{"name":"","type":"clientid"}"#,
                #"{"name":"a","type":"topic","topic":"x"}"#, #"{"name":"a","type":"clientid"}"#,
                #"{"name":"a","type":"ip_address","ip_address":"nowhere!"}"#,
                #"{"name":"a","type":"clientid","clientid":"CP-1","end_at":"2001-01-01T00:00:00Z"}"#,
                #"{"name":"a","type":"clientid","clientid":"CP-1","formatter":"xml"}"#,
            ] {
                let refused = try await management.ask("POST", path, body)
                #expect(refused.status == 400 && refused.code == "BAD_REQUEST", "\(body)")
            }
            for number in 1...30 {
                try await management.change(
                    "POST", path, #"{"name":"t\#(number)","type":"clientid","clientid":"CP-\#(number)"}"#, gives: 200)
            }
            let more = try await management.ask("POST", path, #"{"name":"t31","type":"clientid","clientid":"CP-31"}"#)
            #expect(more.status == 400)
            let twice = try await management.ask("POST", path, #"{"name":"t1","type":"clientid","clientid":"CP-1"}"#)
            #expect(twice.status == 409 && twice.code == "ALREADY_EXISTS")
            #expect(try await managed.viewer.ask("DELETE", path).status == 403)
            for path in ["\(path)/nobody/log", "\(path)/nobody/download", "\(path)/..%2Fusers/log"] {
                let gone = try await managed.viewer.get(path)
                #expect(gone.status == 404 && gone.code == "RESOURCE_NOT_FOUND", "\(path)")
            }
            #expect(try await managed.viewer.get("\(path)/t1/log?bytes=0").status == 400)
            try await management.change("DELETE", path, gives: 204)
            #expect(try await managed.viewer.json(path) == [])
        }
    }
}
