import TestSupport
import Testing

/// `upstream.unrouted`: CALLs to whose topic nobody is subscribed, as MQTT 5 tells (behaviour.md, "The broker link").
@Suite struct UnroutedCallTests {
    /// Nobody in these tests is subscribed to it.
    private static let settings = ["UPSTREAM_TOPIC": "nowhere/${cid}", "STATS_INTERVAL": "200ms"]

    /// One line, which names the topic, and the count of all.
    private func expectTold(_ site: Site, calls: Int) async throws {
        let warning = try await site.gateway.log("the warning") {
            $0.message.hasPrefix("nobody subscribes to the topic of a CALL")
        }
        #expect(warning.fields["level"] == "warning" && warning.mentions("ocpp/nowhere/CP-1"))
        try await site.gateway.log("the count") {
            $0.message == "statistics" && $0.fields["unrouted_calls"] == "\(calls)"
        }
    }

    @Test func `A CALL that nobody subscribes to waits for its answer and a newcomer is told why none comes`()
        async throws
    {
        try await withSite(Self.settings) { site in
            let chargePoint = try await site.connect()
            for number in 1...3 { try await chargePoint.send(text: #"[2,"u\#(number)","Heartbeat",{}]"#) }
            try await expectTold(site, calls: 3)
            // A rule engine may have taken them: it needs no subscription.
            for number in 1...3 {
                try await site.central.send(#"{"MessageTypeId":3,"UniqueId":"u\#(number)","Payload":{}}"#, to: "CP-1")
                let answer = try await chargePoint.texts.take("the answer")
                #expect(answer == #"[3,"u\#(number)",{}]"#)
            }
            #expect(site.gateway.logLines.count { $0.message.hasPrefix("nobody subscribes") } == 1)
        }
    }

    @Test func `With unrouted on error it gets InternalError at once`() async throws {
        let settings = Self.settings.merging(["UPSTREAM_UNROUTED": "error", "UPSTREAM_ANSWER_TIMEOUT": "0"]) { $1 }
        try await withSite(settings) { site in
            let chargePoint = try await site.connect()
            let answer = OCPPText(try await chargePoint.call("Heartbeat", id: "u1"))
            #expect(answer.type == 4 && answer.errorCode == "InternalError", "\(answer)")
            try await expectTold(site, calls: 1)
        }
    }
}
