import Counters
import Management
import Testing

@Suite struct `management.md, Metrics` {
    @Test func `Metrics are Prometheus text, open to all unless metrics_auth, at two paths`() async throws {
        try await withManagement { management async throws in
            await management.gateway.connect("CP1")
            for path in ["/metrics", "/api/v5/prometheus/stats"] {
                let reply = try await management.get(path, key: nil)
                #expect(reply.status == 200)
                #expect(reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
                let lines = reply.body.split(separator: "\n")
                #expect(lines.contains(#"ocpp_gateway_info{version="9.9.9",gateway="gw1"} 1"#))
                #expect(lines.contains(#"ocpp_gateway_build_info{version="9.9.9",commit="0123abc"} 1"#))
                #expect(lines.contains("ocpp_gateway_start_time_seconds 1800000000"))
                #expect(lines.contains(#"ocpp_gateway_sessions{listener="ocpp:ws:default",version="1.6"} 1"#))
                #expect(lines.contains("# TYPE ocpp_gateway_call_seconds histogram"))
                #expect(lines.contains(#"ocpp_gateway_call_seconds_bucket{direction="up",le="0.005"} 0"#))
                #expect(lines.contains(#"ocpp_gateway_call_seconds_bucket{direction="up",le="0.01"} 1"#))
                #expect(lines.contains(#"ocpp_gateway_call_seconds_bucket{direction="up",le="+Inf"} 2"#))
                #expect(lines.contains(#"ocpp_gateway_call_seconds_sum{direction="up"} 60.007"#))
                #expect(lines.contains(#"ocpp_gateway_call_seconds_count{direction="up"} 2"#))
                #expect(lines.contains(#"ocpp_gateway_reports_total{reason="a \"quoted\\\nreason"} 3"#))
                #expect(lines.contains { $0.hasPrefix("ocpp_gateway_management_requests_total ") })
                for name in ["cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds", "start_time_seconds"]
                {
                    #expect(lines.contains { $0.hasPrefix("process_\(name) ") && !$0.hasSuffix(" 0") }, "\(name)")
                }
            }
        }
        try await withManagement(FakeGateway()) {
            $0.metricsNeedKey = true
        } _: { management async throws in
            #expect(try await management.get("/metrics", key: nil).status == 401)
            #expect(try await management.get("/metrics", key: RunningManagement.viewer).status == 200)
        }
    }

    @Test func `The names are those of the page`() {
        let names = """
            info build_info start_time_seconds sessions handshakes_total sessions_closed_total messages_total message_bytes_total
            calls_total call_seconds bad_messages_total reports_total unmatched_answers_total late_answers_total
            duplicates_total unsolicited_total answer_timeouts_total downstream_queued open_calls broker_up
            broker_pending broker_reconnects_total broker_ack_seconds authentication_total authentication_seconds
            authentication_waiting authentication_up authentication_cache_hits_total certificate_expires_seconds
            loop_delay_seconds management_requests_total log_lines_dropped_total
            trace_spans_total
            """.split { $0 == " " || $0 == "\n" }.map(String.init)
        #expect(GatewayMetric.allCases.map(\.rawValue) == names)
        #expect(
            GatewayMetric.allCases.filter { $0.kind == .histogram }.map(\.rawValue) == [
                "call_seconds", "broker_ack_seconds", "authentication_seconds",
            ])
        #expect(GatewayMetric.allCases.filter { $0.kind == .counter }.allSatisfy { $0.rawValue.hasSuffix("_total") })
    }
}
