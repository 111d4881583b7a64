import Foundation
import TestSupport
import Testing

/// behaviour.md, "Exit codes", and configuration.md, as the command shows them.
@Suite struct ConfigurationTests {
    private struct Outcome {
        let code: Int32
        let output: String
    }

    private func run(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> Outcome {
        let child = try await ChildProcess.start(GatewayProcess.executable, arguments, environment: environment)
        let code = try await child.exit().code
        // The last lines may come after the exit.
        _ = try? await child.lines.first("the end of the output", within: .seconds(30)) { _ in false }
        return Outcome(code: code, output: child.output)
    }

    private static let bad = [
        "BROKER_QOS": "7", "BROKER_URL": "http://example.org", "UPSTREAM_TOPIC": "a/${nobody}",
        "DNSTREAM_CALL_TIMEOUT": "-3", "LISTENERS_WS_DEFAULT_BIND": "nowhere:99999", "LOG_FORMAT": "xml",
    ]

    @Test(arguments: [["--check-config"], []])
    func `Every problem is listed with its name and value and the exit code is 78`(arguments: [String]) async throws {
        let outcome = try await run(arguments, Self.bad)
        #expect(outcome.code == 78)
        for (name, value) in Self.bad {
            let lines = outcome.output.split(separator: "\n").filter { $0.contains(name) && $0.contains(value) }
            #expect(lines.count == 1, "\(name)=\(value) in:\n\(outcome.output)")
        }
    }

    @Test func `A good configuration passes the check without starting anything`() async throws {
        let outcome = try await run(["--check-config"], ["BROKER_URL": "mqtt://127.0.0.1:1"])
        #expect(outcome.code == 0, "\(outcome.output)")
    }

    @Test func `Secrets are never shown`() async throws {
        let secret = "s3cr3t-w0rd"
        for (environment, code) in [
            (["BROKER_USERNAME": "user", "BROKER_PASSWORD": secret], Int32(0)),
            (["BROKER_URL": "mqtt://user:\(secret)@127.0.0.1:1"], 0),
            (["BROKER_URL": "mqtt://user:\(secret)@:99999"], 78),
            (["BROKER_URL": "mqtt://user:\(secret)@127.0.0.1:1", "BROKER_USERNAME": "twice"], 78),
            (["MANAGEMENT_API_KEY": "key", "MANAGEMENT_API_SECRET": secret, "BROKER_QOS": "9"], 78),
        ] {
            for argument in ["--print-config", "--check-config"] {
                let outcome = try await run([argument], environment)
                #expect(outcome.code == code, "\(argument) \(environment): \(outcome.output)")
                #expect(!outcome.output.contains(secret), "\(argument) \(environment)")
            }
        }
    }

    @Test func `A running gateway keeps its broker password out of the log`() async throws {
        let secret = "s3cr3t-w0rd"
        try await withSite(["BROKER_USERNAME": "user", "BROKER_PASSWORD": secret, "LOG_LEVEL": "trace"]) { site in
            _ = try await site.connectReady()
            #expect(!site.gateway.child.output.contains(secret))
        }
    }

    @Test func `What print config prints is a configuration file`() async throws {
        let printed = try await run(
            ["--print-config"], ["BROKER_QOS": "2", "UPSTREAM_TOPIC_OVERRIDE_MAPPING": "Heartbeat=beat/${cid}"])
        #expect(printed.code == 0)
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
        let yaml = Self.yaml(printed.output)
        try yaml.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let again = try await run(["--print-config"], ["CONFIG_FILE": file.path])
        #expect(again.code == 0, "\(again.output)")
        #expect(Self.yaml(again.output) == yaml)
    }

    /// Without warnings, and without the remarks on where a value came from.
    private static func yaml(_ output: String) -> String {
        output.split(separator: "\n").filter { !$0.hasPrefix("warning:") }
            .map { $0.replacing(/\s+# .*/, with: "") }.joined(separator: "\n")
    }

    @Test func `The file is read and the environment wins`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
        try """
        mountpoint: from/file/
        dnstream:
          max_mqueue_len: 1
        upstream:
          topic_override_mapping:
            Heartbeat: cp/${cid}/beats
        """.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let settings = ["CONFIG_FILE": file.path, "MOUNTPOINT": "from/environment/"]
        try await withSite(settings, mountpoint: "from/environment/") { site in
            let chargePoint = try await site.connectReady()
            #expect(site.central.received.all.first?.topic == "from/environment/cp/CP-1/beats")
            for number in 1...3 {
                try await site.central.sendCall("Reset", id: "d\(number)", to: "CP-1")
            }
            #expect(try await site.central.reply(to: "d3", of: "CP-1").reason == "queue_full")
            #expect(chargePoint.isOpen)
        }
    }

    @Test func `An unknown key in the file is an error and an unknown variable a warning with the nearest name`()
        async throws
    {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
        try "broker:\n  qoss: 1\n".write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let wrong = try await run(["--check-config"], ["CONFIG_FILE": file.path])
        #expect(wrong.code == 78 && wrong.output.contains("broker.qoss"), "\(wrong.output)")
        let odd = try await run(["--check-config"], ["UPSTREAM_TOPICS": "x"])
        #expect(odd.code == 0)
        #expect(odd.output.contains("UPSTREAM_TOPICS") && odd.output.contains("UPSTREAM_TOPIC,") == false)
        let missing = try await run(["--check-config"], ["CONFIG_FILE": "/nowhere/at/all.yaml"])
        #expect(missing.code == 78 && missing.output.contains("/nowhere/at/all.yaml"), "\(missing.output)")
    }

    @Test(arguments: [["--no-such-option"], ["surplus"]])
    func `A bad command line is 64`(arguments: [String]) async throws {
        #expect(try await run(arguments).code == 64)
    }

    @Test func `A port that is taken ends it with an error that names it`() async throws {
        try await withSite { site in
            let second = try await GatewayProcess.start([
                "LISTENERS_WS_DEFAULT_BIND": "127.0.0.1:\(site.port)", "BROKER_URL": "mqtt://127.0.0.1:1",
            ])
            let code = try await second.child.exit().code
            // The last lines may come after the exit.
            _ = try? await second.child.lines.first("the end of the output", within: .seconds(30)) { _ in false }
            #expect(code == 70 || code == 78, "\(second.lastLogLines)")
            #expect(second.child.output.contains("\(site.port)"), "\(second.lastLogLines)")
        }
    }

    @Test func `Every listener has its own address and mountpoint`() async throws {
        let settings = [
            "LISTENERS": "ws:default,ws:second", "LISTENERS_WS_SECOND_BIND": "127.0.0.1:0",
            "LISTENERS_WS_SECOND_MOUNTPOINT": "second/", "LISTENERS_WS_SECOND_WEBSOCKET_PATH": "/other/path",
        ]
        try await withSite(settings) { site in
            _ = try await site.connectReady("CP-1")
            let second = try await CentralSystem.connect(
                port: site.broker.port, mountpoint: "second/", clientID: "second")
            var path = ChargePointClient.Settings()
            path.path = "/other/path/"
            let chargePoint = try await ChargePointClient.connect(
                port: try await site.gateway.port(listener: "second"), identity: "CP-2", settings: path)
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            #expect(second.received.all.map(\.topic) == ["second/cp/CP-2"])
            #expect(site.central.received.all.map(\.topic) == ["ocpp/cp/CP-1"])
            await second.stop()
        }
    }

    @Test func `A hang up signal ends nothing`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            site.gateway.child.send(signal: SIGHUP)
            try await site.gateway.log("that it was heard") { $0.message.hasPrefix("nothing to reload") }
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
        }
    }

    @Test func `A statistics line is logged at its interval`() async throws {
        try await withSite(["STATS_INTERVAL": "1s"]) { site in
            _ = try await site.connectReady()
            try await site.gateway.log("statistics") { $0.message == "statistics" }
        }
        let off = [
            "STATS_INTERVAL": "100ms", "ENABLE_STATS": "false", "LISTENERS_WS_DEFAULT_WEBSOCKET_PING_INTERVAL": "300ms",
        ]
        try await withSite(off) { site in
            let chargePoint = try await site.connectReady()
            // By the gateway's own clock a dozen intervals.
            for number in 1...4 { _ = try await chargePoint.pings.take("ping \(number)") }
            #expect(!site.gateway.logLines.contains { $0.message == "statistics" })
        }
    }
}
