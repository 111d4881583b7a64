import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// operations.md, "Traces": with a collector of the tests' own, and with one that is away.
@Suite struct TracingTests {
    private static let traceID = "0af7651916cd43dd8448eb211c80319c"
    private static let parent = "b7ad6b7169203331"

    private func withTraces(
        _ settings: [String: String] = [:],
        _ body: @escaping @Sendable (Site, TraceCollector) async throws -> Void
    ) async throws {
        let collector = try await TraceCollector.start()
        var settings = settings
        settings["TRACING_OTLP_ENDPOINT"] = collector.endpoint
        settings["TRACING_SAMPLE_RATIO"] = settings["TRACING_SAMPLE_RATIO"] ?? "1"
        settings["LOG_LEVEL"] = "debug"
        try await withSite(settings) { site in try await body(site, collector) }
        await collector.stop()
    }

    private static func nanoseconds() -> UInt64 { UInt64(Date().timeIntervalSince1970 * 1e9) }

    /// A message to CP-1, with this traceparent.
    private static func downstream(_ text: String, _ traceparent: String?) -> MQTTMessage {
        var message = MQTTMessage(topic: "ocpp/cs/CP-1", text: text)
        message.userProperties = traceparent.map { ["traceparent": $0] } ?? [:]
        return message
    }

    private static func reset(_ id: String) -> String {
        #"{"MessageTypeId":2,"UniqueId":"\#(id)","Action":"Reset","Payload":{"type":"Soft"}}"#
    }

    @Test func `A CALL of a charge point: the back end gets its traceparent, answers, and the span has both ends`()
        async throws
    {
        try await withTraces { site, collector in
            let chargePoint = try await site.connectReady()
            site.central.onCall { _ in .none }
            let began = Self.nanoseconds()
            try await chargePoint.send(text: #"[2,"up-1","Heartbeat",{}]"#)
            let call = try await site.central.upstreamCall("Heartbeat", id: "up-1", of: "CP-1")
            let traceparent = try #require(call.mqtt.userProperties["traceparent"])
            let parts = traceparent.split(separator: "-").map(String.init)
            try #require(parts.count == 4 && parts[0] == "00" && parts[3] == "01", "\(traceparent)")
            let properties = call.mqtt.userProperties.keys.sorted()
            #expect(properties == ["action", "ocpp-version", "traceparent"])

            let answer = #"{"MessageTypeId":3,"UniqueId":"up-1","Payload":{"currentTime":"2026-01-01T00:00:00Z"}}"#
            let answered = Self.nanoseconds()
            try await site.central.publish(Self.downstream(answer, traceparent))
            _ = try await chargePoint.texts.take("the answer") { $0.hasPrefix(#"[3,"up-1""#) }
            let ended = Self.nanoseconds()

            let span = try await collector.span(ofCall: "up-1")
            #expect(span.traceID == parts[1] && span.spanID == parts[2] && span.parent == nil)
            #expect(span.name == "Heartbeat" && span.kind == 3 && span.status == nil && span.links.isEmpty)
            // The clocks of two processes are one, but not to the nanosecond.
            let slack: UInt64 = 50_000_000
            #expect(span.start + slack >= began && span.start <= answered + slack)
            #expect(span.end + slack >= answered && span.end <= ended + slack)
            #expect(span.attributes["ocpp.identity"] == "CP-1" && span.attributes["ocpp.version"] == "1.6")
            #expect(span.attributes["ocpp.action"] == "Heartbeat" && span.attributes["ocpp.direction"] == "up")
            #expect(span.attributes["messaging.destination.name"] == "ocpp/cp/CP-1")
            #expect(span.resource["service.name"] == "ocpp-gateway")
            #expect(span.resource["service.instance.id"] == site.gateway.clientID)
            #expect(collector.requests.all.allSatisfy { $0 == "POST /v1/traces application/json" })
            try await site.gateway.log("the CALL's trace") {
                $0.message == "CALL is traced" && $0.fields["id"] == "up-1" && $0.fields["trace_id"] == parts[1]
            }
        }
    }

    @Test func `An error of the back end is in the span of the CALL, and the trace that it has begun is tied to it`()
        async throws
    {
        try await withTraces { site, collector in
            let chargePoint = try await site.connectReady()
            site.central.onCall { _ in .none }
            try await chargePoint.send(text: #"[2,"error","Heartbeat",{}]"#)
            _ = try await site.central.upstreamCall("Heartbeat", id: "error", of: "CP-1")
            let answer =
                #"{"MessageTypeId":4,"UniqueId":"error","ErrorCode":"InternalError","#
                + #""ErrorDescription":"a secret","ErrorDetails":{}}"#
            try await site.central.publish(Self.downstream(answer, "00-\(Self.traceID)-\(Self.parent)-01"))
            let failed = try await collector.span(ofCall: "error")
            #expect(failed.status == 2 && failed.attributes["ocpp.error_code"] == "InternalError")
            #expect(failed.links == ["\(Self.traceID)-\(Self.parent)"])
            #expect(!failed.attributes.values.contains("a secret"))
        }
    }

    @Test func `A CALL of a charge point that nobody answers ends its span, and its log line names the trace`()
        async throws
    {
        try await withTraces(["UPSTREAM_ANSWER_TIMEOUT": "1s"]) { site, collector in
            let chargePoint = try await site.connect()
            site.central.onCall { _ in .none }
            try await chargePoint.send(text: #"[2,"silence","Heartbeat",{}]"#)
            let silent = try await collector.span(ofCall: "silence")
            #expect(silent.status == 2 && silent.attributes["ocpp.reason"] == "answer_timeout")
            let line = try await site.gateway.log("the time-out") { $0.message == "CALL without an answer" }
            #expect(line.fields["trace_id"] == silent.traceID)
            #expect(silent.end - silent.start >= 1_000_000_000)
        }
    }

    @Test func `A CALL of the back end is a part of its trace, and so is the answer`() async throws {
        // Nothing but what others have begun.
        try await withTraces(["TRACING_SAMPLE_RATIO": "0"]) { site, collector in
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall()
            let traceparent = "00-\(Self.traceID)-\(Self.parent)-01"
            // Not wanted by who began it, not well-formed, none.
            let unsampled = "00-\(Self.traceID)-\(Self.parent)-00"
            for (id, traceparent) in [("unsampled", unsampled), ("upper", traceparent.uppercased()), ("none", nil)] {
                try await site.central.publish(Self.downstream(Self.reset(id), traceparent))
                let reply = try await site.central.reply(to: id, of: "CP-1")
                #expect(reply.mqtt.userProperties["traceparent"] == nil, "\(id)")
            }
            try await site.central.publish(Self.downstream(Self.reset("down"), traceparent))
            let reply = try await site.central.reply(to: "down", of: "CP-1")
            let span = try await collector.span(ofCall: "down")
            #expect(span.traceID == Self.traceID && span.parent == Self.parent && span.kind == 2)
            #expect(span.status == nil && span.events == ["sent to the charge point"] && span.end > span.start)
            #expect(span.name == "Reset" && span.attributes["ocpp.direction"] == "down")
            #expect(span.attributes["messaging.destination.name"] == "ocpp/cs/CP-1")
            #expect(reply.mqtt.userProperties["traceparent"] == "00-\(Self.traceID)-\(span.spanID)-01")
            // They are exported in order, so the others are none.
            #expect(collector.spans.all.map(\.uniqueID) == ["down"])
        }
    }

    @Test func `What becomes of a CALL of the back end that has no answer is in its span and in the log`() async throws
    {
        try await withTraces(["DNSTREAM_CALL_TIMEOUT": "500ms", "TRACING_SAMPLE_RATIO": "0"]) { site, collector in
            let chargePoint = try await site.connectReady()
            chargePoint.onCall { _ in nil }
            let traceparent = "00-\(Self.traceID)-\(Self.parent)-01"
            try await site.central.publish(Self.downstream(Self.reset("late"), traceparent))
            let late = try await collector.span(ofCall: "late")
            #expect(late.status == 2 && late.attributes["ocpp.reason"] == "call_timeout" && late.parent == Self.parent)
            let report = try await site.central.reply(to: "late", of: "CP-1")
            #expect(report.mqtt.userProperties["traceparent"] == "00-\(Self.traceID)-\(late.spanID)-01")

            var refused = Self.downstream(Self.reset("refused"), traceparent)
            refused.userProperties["ocpp-version"] = "2.0.1"
            try await site.central.publish(refused)
            let version = try await collector.span(ofCall: "refused")
            #expect(version.status == 2 && version.attributes["ocpp.reason"] == "version")
            for id in ["late", "refused"] {
                let line = try await site.gateway.log("the report of \(id)") {
                    $0.message == "downstream message not delivered" && $0.fields["id"] == id
                }
                #expect(line.fields["trace_id"] == Self.traceID)
            }

        }
    }

    @Test func `The span of a CALL that waits for the charge point ends where its connection does`() async throws {
        try await withTraces(["TRACING_SAMPLE_RATIO": "0"]) { site, collector in
            let chargePoint = try await site.connectReady()
            try await site.central.publish(
                Self.downstream(Self.reset("cut"), "00-\(Self.traceID)-\(Self.parent)-01"))
            _ = try await chargePoint.texts.take("the CALL") { $0.contains(#""cut""#) }
            await chargePoint.cut()
            let cut = try await collector.span(ofCall: "cut")
            #expect(cut.status == 2 && cut.attributes["ocpp.reason"] == "disconnected" && cut.parent == Self.parent)
        }
    }

    @Test func `A handshake is a span, whether it comes to its end or not`() async throws {
        try await withTraces { site, collector in
            _ = try await site.connectReady()
            let accepted = try await collector.spans.first("the handshake") { $0.name == "handshake" }
            #expect(accepted.attributes["http.response.status_code"] == "101" && accepted.status == nil)
            #expect(
                accepted.attributes["ocpp.identity"] == "CP-1" && accepted.attributes["client.address"] == "127.0.0.1")
            #expect(accepted.kind == 2 && accepted.parent == nil && accepted.end >= accepted.start)
            let line = try await site.gateway.log("the session") { $0.message == "charge point connected" }
            #expect(line.fields["trace_id"] == accepted.traceID)

            await #expect(throws: (any Error).self) { try await site.connect("CP/2") }
            let refused = try await collector.spans.first("the refused one") {
                $0.name == "handshake" && $0.status == 2
            }
            let told = try await site.gateway.log("the refusal") { $0.message == "handshake refused" }
            #expect(told.fields["trace_id"] == refused.traceID)
            #expect(refused.attributes["http.response.status_code"] == told.fields["status"])
        }
    }

    @Test func `When the gateway stops, what has ended meanwhile is exported`() async throws {
        try await withTraces { site, collector in
            let chargePoint = try await site.connectReady()
            site.central.onCall { _ in .none }
            try await chargePoint.send(text: #"[2,"open","Heartbeat",{}]"#)
            _ = try await site.central.upstreamCall("Heartbeat", id: "open", of: "CP-1")
            #expect(try await site.gateway.stop() == 0)
            let span = try await collector.span(ofCall: "open")
            #expect(span.status == 2 && span.attributes["ocpp.reason"] == "going_away")
        }
    }

    @Test(arguments: ["nobody listens", "nobody answers"])
    func `A collector that is away or silent holds up nothing, not even the end`(how: String) async throws {
        let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: try freePort()).get()
        let port = how == "nobody answers" ? silent.localAddress?.port ?? 0 : try freePort()
        let settings = [
            "TRACING_OTLP_ENDPOINT": "http://127.0.0.1:\(port)", "TRACING_SAMPLE_RATIO": "1",
            "SHUTDOWN_DRAIN_TIME": "0s",
        ]
        try await withSite(settings) { site in
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall()
            for number in 0..<50 { _ = try await chargePoint.call("Heartbeat", id: "up-\(number)") }
            #expect(try await site.central.call("Reset", #"{"type":"Soft"}"#, to: "CP-1").type == 3)
            if how == "nobody listens" {
                try await site.gateway.log("that it takes nothing") { $0.message == "the collector takes no spans" }
            }
            #expect(try await site.gateway.stop() == 0)
            let line = try await site.gateway.log("what is lost") { $0.mentions("spans that no collector has") }
            #expect(line.fields["spans"].flatMap { Int($0) } ?? 0 > 0)
            let told = site.gateway.logLines.count { $0.message == "the collector takes no spans" }
            #expect(told <= 1)
        }
        try await silent.close()
    }

    @Test(arguments: HostileCollector.Answer.allCases)
    func `What a collector answers is bounded, and nobody is followed elsewhere`(
        answer: HostileCollector.Answer
    ) async throws {
        let collector = try await HostileCollector.start(answer)
        let settings = ["TRACING_OTLP_ENDPOINT": collector.endpoint, "TRACING_SAMPLE_RATIO": "1"]
        try await withSite(settings) { site in
            let chargePoint = try await site.connectReady()
            let line = try await site.gateway.log("that it takes nothing") {
                $0.message == "the collector takes no spans"
            }
            #expect(line.fields["reason"]?.contains(answer.reason) == true, "\(line)")
            #expect(line.fields["endpoint"] == collector.endpoint)
            if answer != .redirect { _ = try await collector.closed.first("the end of an endless answer") }
            _ = try await chargePoint.call("Heartbeat", id: "after")
            #expect(try await site.gateway.stop() == 0)
            #expect(Set(collector.targets.all) == ["/v1/traces"])
        }
        await collector.stop()
    }
}
