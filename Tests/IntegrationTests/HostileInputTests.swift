import Foundation
import NIOCore
import TestSupport
import Testing

/// Whatever comes, from either side: the gateway stays up, nothing disappears in silence, and what it passes on is JSON.
@Suite struct HostileInputTests {
    private static let fromChargePoints = [
        #"[2,"id-1","Heartbeat",{}]"#,
        #"[2,"id-2","DataTransfer",{"vendorId":"v","data":"a\"b\\cé"}]"#,
        #"[2,"id-3","MeterValues",{"connectorId":1,"meterValue":[{"n":1.50,"e":-2e3,"t":true,"z":null}]}]"#,
        #"[3,"command",{"status":"Accepted"}]"#, #"[4,"command","NotSupported","no",{"a":[1,2]}]"#,
        #"[9,"x",{}]"#, "[]", "",
    ]

    private static let fromTheBroker = [
        #"{"MessageTypeId":2,"UniqueId":"down-1","Action":"Reset","Payload":{"type":"Soft"}}"#,
        #"{"MessageTypeId":2,"UniqueId":"down-2","Action":"DataTransfer","Payload":{"vendorId":"é\"","n":[1.0,-2e3]}}"#,
        #"{"MessageTypeId":3,"UniqueId":"up-1","Payload":{"currentTime":"2026-01-01T00:00:00Z"}}"#,
        #"{"MessageTypeId":4,"UniqueId":"up-1","ErrorCode":"GenericError","ErrorDescription":"x","ErrorDetails":{}}"#,
        "[]", "{}", "",
    ]

    @Test func `Every bad message of a charge point is answered or passed on or logged and nothing else`() async throws
    {
        let settings = ["LIMITS_BAD_MESSAGES": "0", "UPSTREAM_INVALID_TOPIC": "cp/${cid}/Invalid"]
        try await withSite(settings, weight: Slots.all) { site in
            let chargePoint = try await site.connect()
            var hostile = HostileTexts(seed: 20_260_101, mutating: Self.fromChargePoints)
            let count = 10_000
            var relayed = 0
            var ignored = 0
            var results = 0
            // The same CALL once more while it is open would be a retry, and swallowed.
            var said: Set<[UInt8]> = []
            for number in 0..<count {
                var text = hostile.nextText()
                while Self.messageType(text) ?? "2" == "2", !said.insert(Array(text.utf8)).inserted {
                    text = hostile.nextText()
                }
                if number % 1000 == 0 {
                    try await site.central.sendCall("Reset", id: "command", to: "CP-1")
                }
                try await chargePoint.send(text: text)
                try await chargePoint.send(WebSocketFrame(.ping, Array("\(number)".utf8)))
                _ = try await chargePoint.texts.first("the pong after \(text)") { $0 == "(opcode 10) \(number)" }
                // What the gateway itself answers is there before the pong.
                let answers = chargePoint.texts.takeAll().map { OCPPText($0) }
                results += answers.count { $0.type == 3 }
                if !answers.contains(where: { $0.type == 4 }) {
                    if let type = Self.messageType(text), type != "2" {
                        ignored += 1
                    } else {
                        relayed += 1
                    }
                }
                if number % 100 == 99 {
                    try await settle(site, relayed: relayed)
                }
            }
            try await settle(site, relayed: relayed)
            while results < relayed {
                if OCPPText(try await chargePoint.texts.take("answer \(results + 1)")).type == 3 {
                    results += 1
                }
            }
            let refused = site.central.received.all.count { $0.topic.hasSuffix("/Invalid") }
            let answers = site.central.received.all.count {
                $0.topic.hasSuffix("/Reply") && $0.uniqueID == "command"
            }
            #expect(
                relayed > 300 && ignored > 1000 && count - relayed - ignored > 1000,
                "the mix is too thin: \(relayed) relayed, \(ignored) ignored of \(count)")
            #expect(refused + relayed + answers >= count)
            expectJSON(site)
            #expect(OCPPText(try await chargePoint.call("Heartbeat", id: "end")).type == 3)
        }
    }

    /// What was neither refused nor may be ignored went up, once.
    private func settle(_ site: Site, relayed: Int) async throws {
        let count = { site.central.received.all.count { $0.type == 2 && !$0.topic.hasSuffix("/Invalid") } }
        try await eventually("\(relayed) CALLs went up") { count() >= relayed }
        try #require(count() == relayed, "a CALL went up that should have been refused")
    }

    /// The first element as it stands in the text, when it is a number.
    private static func messageType(_ text: String) -> String? {
        guard let match = text.prefixMatch(of: /[ \t\r\n]*\[[ \t\r\n]*(-?[0-9.eE+-]+)/) else {
            return nil
        }
        return String(match.1)
    }

    @Test func `Bytes that are no text close the connection and nothing more`() async throws {
        try await withSite(["LIMITS_BAD_MESSAGES": "0"]) { site in
            var hostile = HostileTexts(seed: 7, mutating: Self.fromChargePoints)
            var closed = 0
            while closed < 100 {
                let bytes = hostile.nextBytes()
                guard String(validating: bytes, as: UTF8.self) == nil else {
                    continue
                }
                let chargePoint = try await site.connect("CP-\(closed)")
                try await chargePoint.send(WebSocketFrame(.text, bytes))
                #expect(try await chargePoint.closing().code == 1007, "\(bytes)")
                closed += 1
            }
            _ = try await site.connectReady()
        }
    }

    @Test func `Every bad message from the broker is delivered or reported or logged`() async throws {
        let settings = ["DNSTREAM_MAX_MQUEUE_LEN": "20000"]
        try await withSite(settings, weight: Slots.all) { site in
            let chargePoint = try await site.connectReady()
            let delivered = Mailbox<String>("CALLs down")
            chargePoint.onCall { text in
                delivered.append(text)
                return OCPPText(text).uniqueID.map { #"[3,\#(json($0)),{}]"# }
            }
            var hostile = HostileTexts(seed: 42, mutating: Self.fromTheBroker)
            let published = 10_000
            var count = 0
            for number in 0..<published {
                let bytes = number % 2 == 0 ? hostile.nextBytes() : Array(hostile.nextText().utf8)
                // An empty one is nothing: somebody clears a retained message.
                if !bytes.isEmpty { count += 1 }
                try await site.central.publish(MQTTMessage(topic: "ocpp/cs/CP-1", payload: bytes))
            }
            @Sendable func outcomes() -> (delivered: Int, reported: Int, logged: Int) {
                let lines = site.gateway.logLines.filter {
                    $0.mentions("duplicate CALL not delivered") || $0.mentions("answer to no open CALL not delivered")
                }
                // Beyond ten in ten seconds one line stands for many.
                let logged = lines.reduce(0) { $0 + (Int($1.fields["more"] ?? "") ?? 1) }
                let reported = site.central.received.all.count { $0.source == "gateway" }
                return (delivered.all.count, reported, logged)
            }
            let expected = count
            try await eventually("an outcome for every message") {
                let outcomes = outcomes()
                return outcomes.delivered + outcomes.reported + outcomes.logged >= expected
            }
            let end = outcomes()
            #expect(end.delivered + end.reported + end.logged == expected, "\(end)")
            #expect(end.delivered > 50 && end.reported > 1000 && end.logged > 100, "the mix is too thin: \(end)")
            for text in delivered.all {
                #expect(OCPPText(text).action != nil, "no CALL: \(text)")
            }
            expectJSON(site)
            #expect(OCPPText(try await chargePoint.call("Heartbeat", id: "end")).type == 3)
            #expect(chargePoint.texts.all.isEmpty)
        }
    }

    /// Everything that reached the broker is one JSON object.
    private func expectJSON(_ site: Site) {
        for message in site.central.received.all where !message.isWellFormed {
            Issue.record("not JSON: \(message)")
        }
    }
}
