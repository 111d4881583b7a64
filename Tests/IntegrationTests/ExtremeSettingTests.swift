import Foundation
import TestSupport
import Testing

/// configuration.md: whatever a number, a duration or a size may be set to, the gateway runs with it.
@Suite struct ExtremeSettingTests {
    private struct Range {
        let low: String
        let high: String
    }

    private func output(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> [String] {
        let child = try await ChildProcess.start(GatewayProcess.executable, arguments, environment: environment)
        _ = try await child.exit()
        _ = try? await child.lines.first("the end of the output", within: .seconds(30)) { _ in false }
        return child.lines.all.map(\.text)
    }

    /// Every variable with a range, as the program itself tells: its help names the settings, its check the ranges.
    private func ranges() async throws -> [String: Range] {
        let names = try await output(["--help-config"]).compactMap { line -> String? in
            guard let match = line.wholeMatch(of: /\ \ ([a-z][^\ ]*)( = .*)?/) else { return nil }
            let key = String(match.1).replacing("listeners.<type>.<name>.", with: "listeners.ws.default.")
            return key.contains("ssl_options") || key == "listeners" ? nil : key
        }
        let variables = names.map { $0.uppercased().replacing(".", with: "_") }
        let nonsense = Dictionary(uniqueKeysWithValues: variables.map { ($0, "?") })
        var ranges: [String: Range] = [:]
        for line in try await output(["--check-config"], nonsense) {
            let pattern = /error: (\w+) .*expected a (?:whole number|duration|size) of (\w+) to (\w+).*/
            guard let match = line.wholeMatch(of: pattern) else { continue }
            ranges[String(match.1)] = Range(low: String(match.2), high: String(match.3))
        }
        return ranges
    }

    @Test func `With every setting at the top of its range the gateway works and stops`() async throws {
        let ranges = try await ranges()
        #expect(ranges.count > 25)
        // More sockets and connections than this machine has use for.
        let modest = ["LISTENERS_WS_DEFAULT_ACCEPTORS": "4", "BROKER_CONNECTIONS": "4"]
        try await withSite(ranges.mapValues(\.high).merging(modest) { $1 }) { site in try await work(at: site) }
    }

    @Test func `With every setting at the bottom of its range the gateway works and stops`() async throws {
        // In ten milliseconds no handshake is sure to succeed, nor a charge point sure to answer in one.
        let possible = [
            "IDLE_TIMEOUT": "5s", "DNSTREAM_CALL_TIMEOUT": "5s", "LISTENERS_WS_DEFAULT_TCP_OPTIONS_SEND_TIMEOUT": "1s",
            "DEFAULT_HEARTBEAT_INTERVAL": "1s",
        ]
        let settings = try await ranges().mapValues(\.low).merging(possible) { $1 }
        try await withSite(settings) { site in try await work(at: site) }
        // And in so little time nothing may work, but nothing may break either.
        try await withSite(try await ranges().mapValues(\.low)) { site in
            for number in 0..<20 {
                let client = try? await ChargePointClient.connect(port: site.port, identity: "CP-\(number)")
                _ = try? await client?.send(text: #"[2,"1","Heartbeat",{}]"#)
                await client?.cut()
            }
            let code = try await site.gateway.stop()
            #expect(code == 0)
        }
    }

    private func work(at site: Site) async throws {
        let chargePoint = try await site.connectReady()
        chargePoint.acceptEveryCall()
        #expect(try await site.central.call("Reset", #"{"type":"Soft"}"#, to: "CP-1").type == 3)
        #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
        await chargePoint.close()
        try await site.gateway.log("the end of the session") { $0.message == "charge point disconnected" }
        #expect(try await site.gateway.stop() == 0, "\(site.gateway.lastLogLines)")
    }
}
