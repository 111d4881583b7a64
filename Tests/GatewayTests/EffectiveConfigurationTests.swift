import Foundation
import Testing

@testable import Gateway

@Suite("Configuration: printed, listed and documented")
struct EffectiveConfigurationTests {
    @Test
    func `The printed configuration, used as the file, gives the same configuration without a new warning`() throws {
        let environment = [
            "BROKER_CLIENT_ID": "gw \"1\" \\ é\u{2028}", "MOUNTPOINT": "m/", "LISTENERS": "ws:a,ws:b-c",
            "LISTENERS_WS_A_BIND": "[::1]:1", "LISTENERS_WS_B_C_MOUNTPOINT": "", "LOG_LEVEL": "warn",
            "UPSTREAM_TOPIC_OVERRIDE_MAPPING": "Heartbeat=h/${cid}", "BROKER_URL": "mqtt://u%20v@h,mqtts://[::1]:9",
            "PRESENCE_TOPIC": "p: # ${cid}".replacing("#", with: "x"), "UPSTREAM_ANSWER_TIMEOUT": "0",
        ]
        let loaded = try load(environment)
        let again = try load(yaml: loaded.effectiveText)
        #expect(again.configuration == loaded.configuration)
        #expect(again.warnings.count == loaded.warnings.count)
        let lines = { (text: String) in
            text.split(separator: "\n").map { $0.split(separator: "  # ").first.map(String.init) ?? "" }
        }
        #expect(lines(again.effectiveText) == lines(loaded.effectiveText))
    }

    @Test
    func `Each printed value says where it came from`() throws {
        let text = try load(["BROKER_QOS": "2"], yaml: "log.level: debug").effectiveText
        #expect(text.contains("broker.qos: \"2\"  # environment\n"))
        #expect(text.contains("log.level: \"debug\"  # file, line 1\n"))
        #expect(text.contains("broker.protocol: \"5\"  # default\n"))
    }

    @Test
    func `Every default is a value that its own check accepts`() {
        for key in ConfigurationKey.all where !key.defaultText.isEmpty {
            #expect(key.kind.expectation(unmetBy: key.defaultText) == nil, "\(key.name)")
        }
        #expect(Set(ConfigurationKey.all.map { "\($0.scope) \($0.name)" }).count == ConfigurationKey.all.count)
    }

    @Test
    func `The list of settings names every one with its default`() {
        for key in ConfigurationKey.all {
            let line = key.defaultText.isEmpty ? "\(key.name)\n" : "\(key.name) = \(key.defaultText)\n"
            #expect(ConfigurationHelp.text.contains(line))
        }
    }

    @Test
    func `docs/configuration.md has a row for every setting, with its default`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let page = root.deletingLastPathComponent().appendingPathComponent("docs/configuration.md")
        let rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("|") }
        for key in ConfigurationKey.all {
            let isRow = { (row: Substring) in
                row.hasPrefix("| `\(key.name)` |")
                    && (key.defaultText.isEmpty || row.hasPrefix("| `\(key.name)` | `\(key.defaultText)` |"))
            }
            #expect(rows.contains(where: isRow), "\(key.name)")
        }
        let known = Set(ConfigurationKey.all.map(\.name))
        for row in rows {
            guard let name = row.wholeMatch(of: /\| `([a-z0-9_.]+)` \|.*/)?.output.1 else { continue }
            #expect(known.contains(String(name)), "\(name) is documented and does not exist")
        }
    }
}
