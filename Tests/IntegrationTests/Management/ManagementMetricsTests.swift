import Foundation
import TestSupport
import Testing

/// management.md, "Metrics".
@Suite struct ManagementMetricsTests {
    private static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The page's table: names with their types and labels.
    private static let table: [(name: String, type: String, labels: Set<String>)] = [
        ("info", "gauge", ["version", "gateway"]), ("build_info", "gauge", ["version", "commit"]),
        ("start_time_seconds", "gauge", []),
        ("sessions", "gauge", ["listener", "version"]), ("handshakes_total", "counter", ["listener", "status"]),
        ("sessions_closed_total", "counter", ["reason"]), ("messages_total", "counter", ["direction", "type"]),
        ("message_bytes_total", "counter", ["direction", "type"]), ("calls_total", "counter", ["direction", "action"]),
        ("call_seconds", "histogram", ["direction"]), ("bad_messages_total", "counter", ["direction", "code"]),
        ("reports_total", "counter", ["reason"]), ("unmatched_answers_total", "counter", []),
        ("late_answers_total", "counter", []), ("duplicates_total", "counter", []),
        ("unsolicited_total", "counter", []), ("answer_timeouts_total", "counter", []),
        ("downstream_queued", "gauge", []), ("open_calls", "gauge", ["direction"]),
        ("broker_up", "gauge", ["connection"]), ("broker_pending", "gauge", ["connection"]),
        ("broker_reconnects_total", "counter", ["connection"]), ("broker_ack_seconds", "histogram", ["connection"]),
        ("authentication_total", "counter", ["backend", "result"]), ("authentication_seconds", "histogram", []),
        ("authentication_waiting", "gauge", []), ("authentication_up", "gauge", []),
        ("authentication_cache_hits_total", "counter", []), ("certificate_expires_seconds", "gauge", ["listener"]),
        ("loop_delay_seconds", "gauge", ["loop"]), ("management_requests_total", "counter", []),
        ("log_lines_dropped_total", "counter", []),
    ]

    private static let ofProcess = [
        "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds",
        "process_start_time_seconds",
    ]

    /// One of everything that there is to count.
    private func withEverything(
        _ body: @escaping @Sendable (ManagedSite, PrometheusScrape) async throws -> Void
    ) async throws {
        let files = try CertificateFolder()
        let own = [
            "AUTHENTICATION_BACKEND": "built_in_database", "LISTENERS_WS_DEFAULT_ENABLE_AUTHN": "false",
            "MESSAGE_FORMAT_CHECKING": "all",
        ]
        let settings = files.settings().merging(own) { $1 }
        try await withManagedSite(settings) { managed in
            let chargePoint = try await managed.site.connectReady()
            chargePoint.acceptEveryCall()
            _ = try await chargePoint.call("Heartbeat", #"{"odd":1}"#)
            _ = try await chargePoint.call("DataTransfer", #"{"vendorId":"V"}"#)
            _ = try await managed.central.call("ClearCache", to: "CP-1")
            try await managed.central.sendCall("ClearCache", id: "c2", to: "NOBODY")
            var tls = ChargePointClient.Settings()
            tls.tls = try files.client()
            tls.headers = [("Authorization", "Basic Q1AtMjp3cm9uZy1wYXNzd29yZCE=")]
            let port = try await managed.gateway.port(listener: "wss:tls")
            let (stranger, _) = try await ChargePointClient.open(port: port, identity: "CP-2", settings: tls)
            await stranger.cut()
            let reply = try await managed.management.with(key: nil).get("/metrics")
            #expect(reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            try await body(managed, try PrometheusScrape(reply.body))
        }
    }

    @Test func `Every name of the page is there with its type, its labels and a help text`() async throws {
        try await withEverything { managed, scrape in
            for (name, type, labels) in Self.table {
                let family = try #require(scrape.families["ocpp_gateway_\(name)"], "\(name)")
                #expect(family.type == type && !family.help.isEmpty, "\(name)")
                for sample in family.samples {
                    #expect(Set(sample.labels.keys).subtracting(["le"]) == labels, "\(name)")
                }
            }
            for name in Self.ofProcess { #expect((scrape.value(name) ?? 0) > 0, "\(name)") }
            let ours = scrape.families.keys.filter { $0.hasPrefix("ocpp_gateway_") }
            #expect(Set(ours) == Set(Self.table.map { "ocpp_gateway_\($0.name)" }))
            // No label holds an identity.
            #expect(!scrape.text.contains("CP-1"))
            #expect(try await managed.management.get("/api/v5/prometheus/stats").status == 200)
        }
    }

    @Test func `The numbers are what has happened`() async throws {
        try await withEverything { managed, scrape in
            func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
                scrape.value("ocpp_gateway_\(name)", labels)
            }
            #expect(value("sessions", ["listener": "ocpp:ws:default", "version": "1.6"]) == 1)
            #expect(value("handshakes_total", ["listener": "ocpp:ws:default", "status": "101"]) == 1)
            #expect(value("handshakes_total", ["listener": "ocpp:wss:tls", "status": "404"]) == 1)
            #expect(value("calls_total", ["direction": "up", "action": "Heartbeat"]) ?? 0 >= 1)
            #expect(value("calls_total", ["direction": "up", "action": "DataTransfer"]) == 1)
            #expect(value("calls_total", ["direction": "down", "action": "ClearCache"]) == 1)
            #expect(value("call_seconds_count", ["direction": "down"]) == 1)
            #expect(value("messages_total", ["direction": "down", "type": "call"]) == 1)
            #expect(value("message_bytes_total", ["direction": "up", "type": "call"]) ?? 0 > 40)
            #expect(scrape.families["ocpp_gateway_bad_messages_total"]?.samples.map(\.value).reduce(0, +) == 1)
            #expect(value("broker_up", ["connection": "0"]) == 1)
            #expect(value("authentication_up") == 1)
            #expect(scrape.families["ocpp_gateway_authentication_total"]?.samples.map(\.value).reduce(0, +) == 1)
            let end = try #require(value("certificate_expires_seconds", ["listener": "ocpp:wss:tls"]))
            #expect(end > Date().timeIntervalSince1970)
            #expect(value("info", ["gateway": managed.gateway.clientID]) == 1)
            for family in scrape.families.values where family.type == "histogram" {
                try family.checkBuckets()
            }
        }
    }

    @Test func `An action that OCPP does not have is other`() async throws {
        try await withManagedSite { managed in
            let chargePoint = try await managed.site.connectReady()
            for number in 1...50 { _ = try await chargePoint.call("Invented\(number)") }
            let scrape = try PrometheusScrape(try await managed.management.get("/metrics").body)
            #expect(!scrape.text.contains("Invented"))
            #expect(scrape.value("ocpp_gateway_calls_total", ["direction": "up", "action": "other"]) == 50)
        }
    }

    @Test(arguments: ["deploy/grafana/dashboard.json", "deploy/prometheus/alerts.yaml"])
    func `Every metric that dashboard and alerts name exists`(file: String) async throws {
        let text = try String(contentsOf: Self.repository.appending(path: file), encoding: .utf8)
        let named = Set(text.matches(of: /\b(ocpp_gateway|process)_[a-z_]+/).map { String($0.output.0) })
            .filter { $0 != "ocpp_gateway_" }
        #expect(named.count > 5)
        try await withEverything { _, scrape in
            for name in named {
                let family = ["_bucket", "_sum", "_count"].reduce(name) { name, ending in
                    let isHistogram = scrape.families[String(name.dropLast(ending.count))]?.type == "histogram"
                    return name.hasSuffix(ending) && isHistogram ? String(name.dropLast(ending.count)) : name
                }
                #expect(scrape.families[family] != nil, "\(name)")
            }
        }
    }

    @Test func `The alert rules are good by promtool, and so is what is scraped`() async throws {
        let promtool = try ChildProcess.path(of: "promtool")
        let rules = try await ChildProcess.start(
            promtool, ["check", "rules", Self.repository.appending(path: "deploy/prometheus/alerts.yaml").path])
        #expect(try await rules.exit().code == 0)
        let output = await rules.wholeOutput()
        #expect(output.contains("SUCCESS") && output.contains("rules found"), "\(output)")
        try await withEverything { managed, scrape in
            try managed.data.write(scrape.text, to: "scrape")
            let lint = try await ChildProcess.start(
                "/bin/sh", ["-c", "exec \"$0\" check metrics <\"$1\"", promtool, managed.data.path("scrape")])
            let code = try await lint.exit().code
            let findings = await lint.wholeOutput()
            #expect(code == 0, "\(findings)")
        }
    }
}
