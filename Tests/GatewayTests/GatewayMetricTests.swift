import ChargePointSessions
import Management
import NIOCore
import NIOPosix
import Testing

@testable import Gateway

/// management.md, "Metrics".
@Suite("Management: metrics")
struct GatewayMetricTests {
    private func lines(_ counters: SessionCounters) -> [String] {
        var text = PrometheusText()
        for family in GatewayControl.families(of: counters) { text.write(family) }
        return String(buffer: text.bytes).split(separator: "\n").map(String.init)
    }

    @Test func `Sessions are told by listener and version, and as ended by reason`() async throws {
        let counters = SessionCounters()
        let (registry, loop) = (SessionRegistry(), MultiThreadedEventLoopGroup.singleton.next())
        let first = try await StandInSession.connect("CP1", to: registry, counters: counters, on: loop)
        _ = try await StandInSession.connect(
            "CP2", to: registry, counters: counters, listener: "wss:site2", on: loop)
        try await loop.submit { first.assumeIsolated { $0.end(.kicked) } }.get()
        let lines = lines(counters)
        #expect(lines.contains(#"ocpp_gateway_sessions{listener="ocpp:ws:default",version="1.6"} 0"#))
        #expect(lines.contains(#"ocpp_gateway_sessions{listener="ocpp:wss:site2",version="1.6"} 1"#))
        #expect(lines.contains(#"ocpp_gateway_sessions_closed_total{reason="kicked"} 1"#))
        #expect(lines.contains(#"ocpp_gateway_sessions_closed_total{reason="going_away"} 0"#))
    }

    @Test func `Reports and what is counted alone have their names, and no message is a zero and no gap`() {
        let counters = SessionCounters()
        counters.reported(.queueFull)
        counters.add(.lateAnswers, 3)
        counters.add(.duplicates, 2)
        counters.add(.retries, 5)
        let lines = lines(counters)
        #expect(lines.contains(#"ocpp_gateway_reports_total{reason="queue_full"} 1"#))
        #expect(lines.contains(#"ocpp_gateway_reports_total{reason="expired"} 0"#))
        #expect(lines.contains(#"ocpp_gateway_reports_total{reason="duplicate"} 2"#))
        #expect(lines.contains("ocpp_gateway_late_answers_total 3"))
        #expect(lines.contains("ocpp_gateway_unsolicited_total 0"))
        #expect(lines.contains("ocpp_gateway_duplicates_total 7"))
        #expect(lines.contains(#"ocpp_gateway_messages_total{direction="up",type="call"} 0"#))
        #expect(lines.contains(#"ocpp_gateway_message_bytes_total{direction="down",type="send"} 0"#))
        #expect(lines.contains(#"ocpp_gateway_open_calls{direction="down"} 0"#))
        #expect(lines.contains(#"ocpp_gateway_call_seconds_count{direction="up"} 0"#))
        #expect(lines.contains("ocpp_gateway_downstream_queued 0"))
    }
}
