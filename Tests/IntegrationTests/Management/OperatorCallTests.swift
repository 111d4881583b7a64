import Synchronization
import TestSupport
import Testing

/// management.md, "Clients": a command by HTTP.
@Suite struct OperatorCallTests {
    private static let calls = "./clients/CP-1/calls"

    @Test func `A call is answered with what the charge point answers, and goes to nobody else`() async throws {
        try await withManagedSite { managed in
            let chargePoint = try await managed.site.connectReady()
            chargePoint.acceptEveryCall()
            let answer = try await managed.management.change(
                "POST", Self.calls, #"{"action":"Reset","payload":{"type":"Soft"},"timeout":"30s"}"#, gives: 200)
            let id = try #require(answer["unique_id"].string)
            #expect(id.hasPrefix("gw-"))
            #expect(answer == ["unique_id": .string(id), "result": ["status": "Accepted"]])
            try await managed.gateway.log("the call") {
                $0.message == "management" && $0.mentions("Reset sent to CP-1, answered")
            }
            chargePoint.onCall { text in
                #"[4,"\#(OCPPText(text).uniqueID ?? "")","NotSupported","no \"such\" thing",{"a":1}]"#
            }
            let error = try await managed.management.change(
                "POST", Self.calls, #"{"action":"ClearCache","payload":{}}"#, gives: 200)
            #expect(
                error["error"] == ["code": "NotSupported", "description": "no \"such\" thing", "details": ["a": 1]])
            #expect(!error.keys.contains("result"))
            // The central system's own go on in the same queue.
            chargePoint.acceptEveryCall()
            #expect(try await managed.central.call("ClearCache", to: "CP-1").type == 3)
            #expect(managed.central.received.all.allSatisfy { $0.uniqueID?.hasPrefix("gw-") != true })
            let client = try await managed.viewer.json("./clients/CP-1")
            #expect(client["inflight_cnt"] == 0 && client["mqueue_len"] == 0)
        }
    }

    @Test func `What cannot be sent is 400, nobody is 404, and a viewer may not`() async throws {
        try await withManagedSite { managed in
            let chargePoint = try await managed.site.connectReady()
            chargePoint.acceptEveryCall()
            for body in [
                #"{"action":"Reset","payload":{"type":"Softly"}}"#, #"{"action":"Reset","payload":{}}"#,
                #"{"action":"Heartbeat","payload":{}}"#, #"{"action":"NoSuchAction","payload":{}}"#, "{}", "[]", "{",
                #"{"action":"Reset","payload":[]}"#, #"{"action":"ClearCache","payload":{},"timeout":"0s"}"#,
                #"{"action":"ClearCache","payload":{},"timeout":"soon"}"#, #"{"action":"ClearCache","odd":1}"#,
            ] {
                let refused = try await managed.management.ask("POST", Self.calls, body)
                #expect(refused.status == 400 && refused.code == "BAD_REQUEST", "\(body) \(refused.body)")
            }
            let nobody = try await managed.management.ask(
                "POST", "./clients/CP-2/calls", #"{"action":"ClearCache","payload":{}}"#)
            #expect(nobody.status == 404 && nobody.code == "RESOURCE_NOT_FOUND")
            #expect(try await managed.viewer.ask("POST", Self.calls, #"{"action":"ClearCache"}"#).status == 403)
            #expect(chargePoint.texts.all.isEmpty)
        }
    }

    @Test func `An answer that does not come is 504, a full queue 409, and a charge point that goes 409`()
        async throws
    {
        try await withManagedSite(["DNSTREAM_MAX_MQUEUE_LEN": "1"]) { managed in
            let management = managed.management
            let chargePoint = try await managed.site.connectReady()
            chargePoint.onCall { _ in nil }
            let patient = #"{"action":"ClearCache","payload":{},"timeout":"60s"}"#
            async let first = management.ask("POST", Self.calls, patient)
            try await eventually("the first is on its way") {
                try await managed.viewer.json("./clients/CP-1")["inflight_cnt"] == 1
            }
            async let second = management.ask("POST", Self.calls, patient)
            try await eventually("the second waits") {
                try await managed.viewer.json("./clients/CP-1")["mqueue_len"] == 1
            }
            let third = try await management.ask("POST", Self.calls, patient)
            #expect(third.status == 409 && third.code == "QUEUE_FULL")
            await chargePoint.cut()
            for reply in [try await first, try await second] {
                #expect(reply.status == 409 && reply.code == "DISCONNECTED")
            }
            let silent = try await managed.site.connectReady()
            silent.onCall { _ in nil }
            let late = try await management.ask(
                "POST", Self.calls, #"{"action":"ClearCache","payload":{},"timeout":"200ms"}"#)
            #expect(late.status == 504 && late.code == "TIMEOUT")
        }
    }

    @Test func `Schemas say what may be sent`() async throws {
        try await withManagedSite { managed in
            let actions = try await managed.viewer.json("./schemas/1.6")
            #expect(actions.elements.contains("Reset") && !actions.elements.contains("Heartbeat"))
            let schema = try await managed.viewer.json("./schemas/1.6/Reset")
            #expect(schema["properties"]["type"] != nil)
            for path in ["./schemas/1.7", "./schemas/1.6/Heartbeat", "./schemas/1.6/..%2F..%2Fetc%2Fpasswd"] {
                #expect(try await managed.viewer.get(path).status == 404, "\(path)")
            }
            for version in ["2.0.1", "2.1"] {
                let reply = try await managed.viewer.get("./schemas/\(version)/Reset")
                #expect(reply.status == 200, "\(version)")
            }
        }
    }
}
