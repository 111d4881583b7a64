import TestSupport
import Testing

/// management.md, "Events and traces", and the frames of one charge point.
@Suite struct ManagedEventTests {
    @Test func `What happens is told as it happens, by type and by charge point`() async throws {
        let settings = [
            "MESSAGE_FORMAT_CHECKING": "all", "LISTENERS_WS_DEFAULT_WEBSOCKET_FAIL_IF_NO_SUBPROTOCOL": "true",
        ]
        try await withManagedSite(settings) { managed in
            let all = try await managed.viewer.watch("./events")
            let one = try await managed.viewer.watch("./events?types=bad_message&clientid=CP-1")
            let other = try await managed.site.connect("CP-2")
            let first = try await all.next("connected")
            #expect(first["cid"] == "CP-2" && first["version"] == "1.6", "\(first)")
            try await other.send(text: #"[2,"x","Heartbeat",{"odd":1}]"#)
            let chargePoint = try await managed.site.connectReady()
            let connected = try await all.next("connected")
            #expect(connected["cid"] == "CP-1" && connected["event"] == "connected", "\(connected)")
            #expect(connected["session"].string?.isEmpty == false)

            try await chargePoint.send(text: #"[2,"7","Authorize",{"idTag":"SECRET-TAG","odd":1}]"#)
            let bad = try await one.next("bad_message")
            #expect(bad["clientid"] == "CP-1")
            #expect(bad["reason"] == "schema" && bad["error"] == "FormationViolation")
            #expect(bad["description"] == "/odd: unknown field")
            #expect(!"\(bad)".contains("SECRET-TAG"))

            var silent = ChargePointClient.Settings()
            silent.subprotocols = []
            let (_, refusal) = try await ChargePointClient.open(
                port: managed.site.port, identity: "CP-3", settings: silent)
            let refused = try await all.next("refused")
            #expect(refused["status"].int == refusal.status)
            #expect(refused["clientid"] == "CP-3" && refused["ip_address"] == "127.0.0.1")
            #expect(refused["listener"] == "ocpp:ws:default" && refused["path"] == "/ocpp/CP-3")
            #expect(refused["reason"].string?.isEmpty == false)
            #expect(refused["time"].string?.wholeMatch(of: ManagedGatewayTests.time) != nil)

            try await managed.central.sendCall("NoSuchAction", id: "c1", to: "CP-1")
            let report = try await all.next("report")
            #expect(report["clientid"] == "CP-1" && report["UniqueId"] == "c1")

            let statistics = try await all.next("stats")
            #expect(statistics["sessions"] == 2 && statistics["pending"].int != nil)
            #expect(statistics["up_per_s"].double != nil && statistics["down_per_s"].double != nil)

            await chargePoint.close()
            let disconnected = try await all.next("disconnected")
            #expect(disconnected["cid"] == "CP-1" && disconnected["session"] == connected["session"])
            await managed.broker.kill()
            #expect(try await all.next("broker")["status"] == "down")
            try await managed.broker.start()
            #expect(try await all.next("broker")["status"] == "up")
            // Nothing of that is told to those who come later.
            let late = try await managed.viewer.watch("./events?types=connected,disconnected,refused,bad_message")
            let last = try await managed.site.connect("CP-4")
            #expect(try await late.next()?.data["cid"] == "CP-4")
            await last.close()
            late.close()
            let odd = try await managed.viewer.get("./events?types=connected,odd")
            #expect(odd.status == 400 && odd.code == "BAD_REQUEST")
            for stream in [all, one] { stream.close() }
        }
    }

    @Test func `Frames of one charge point come both ways with what identifies people hidden, until it goes`()
        async throws
    {
        try await withManagedSite { managed in
            let chargePoint = try await managed.site.connectReady()
            let other = try await managed.site.connectReady("CP-2")
            chargePoint.acceptEveryCall()
            let frames = try await managed.viewer.watch("./clients/CP-1/messages")
            _ = try await other.call("Heartbeat", id: "other")
            _ = try await chargePoint.call("Authorize", #"{"idTag":"SECRET-TAG"}"#, id: "a1")
            let up = try await frames.next("message")
            #expect(up["direction"] == "up" && up["frame"].string?.hasPrefix(#"[2,"a1","Authorize""#) == true)
            #expect(up["frame"].string?.contains("SECRET-TAG") == false)
            #expect(up["time"].string?.wholeMatch(of: ManagedGatewayTests.time) != nil)
            let down = try await frames.next("message")
            #expect(down["direction"] == "down" && down["frame"].string?.hasPrefix(#"[3,"a1""#) == true)
            try await managed.central.sendCall("ClearCache", id: "c1", to: "CP-1")
            #expect(try await frames.next("message")["frame"] == #"[2,"c1","ClearCache",{}]"#)
            #expect(try await frames.next("message")["frame"] == #"[3,"c1",{"status":"Accepted"}]"#)
            await chargePoint.close()
            #expect(try await frames.next() == nil)
            #expect(try await managed.viewer.get("./clients/CP-1/messages").status == 404)
        }
    }

    @Test func `With log_frames nothing is hidden from those who watch`() async throws {
        try await withManagedSite(["LOG_FRAMES": "true"]) { managed in
            let chargePoint = try await managed.site.connectReady()
            let frames = try await managed.viewer.watch("./clients/CP-1/messages")
            _ = try await chargePoint.call("Authorize", #"{"idTag":"SECRET-TAG"}"#)
            #expect(try await frames.next("message")["frame"].string?.contains("SECRET-TAG") == true)
            frames.close()
        }
    }
}
