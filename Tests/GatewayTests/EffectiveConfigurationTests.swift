import Foundation
import Settings
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
    func `Addresses without a password are printed as they are, and said to hide nothing`() throws {
        let yaml = "broker:\n  url:\n    - mqtt://a\n    - mqtts://u@b:1\n"
        #expect(
            try load(yaml: yaml).effectiveText.contains(
                "broker.url: \"mqtt://a,mqtts://u@b:1\"  # file, line 3\n"))
        let alone = try load(["BROKER_URL": "mqtt://h"]).effectiveText
        #expect(alone.contains("broker.url: \"mqtt://h\"  # environment\n"))
        let hiding = try load(["BROKER_URL": "mqtt://u:s3cr3t@h"]).effectiveText
        #expect(hiding.contains("broker.url: \"mqtt://u@h:1883\"  # environment, password ******\n"))
        #expect(!hiding.contains("s3cr3t"))
    }

    @Test
    func `Every key is there once, and every default, written down, is a value that its own check accepts`() throws {
        let table = LoadedConfiguration.table
        #expect(Set(table.map(\.documentedKey)).count == table.count)
        for reading in table
        where !reading.defaultText.isEmpty && reading.key != "listeners"
            && !AuthenticatorSections.allKeys.contains(reading.key)
        {
            let again = try load([SettingName.variable(of: reading.key): reading.defaultText])
            let value = try #require(again.readings.first { $0.key == reading.key })
            #expect(value.isDefault && value.isSet && value.flaw == nil, "\(reading.key)")
        }
    }

    @Test
    func `The list of settings names every one with its default`() {
        for reading in LoadedConfiguration.table {
            let isDefault = reading.defaultText.isEmpty ? "\n" : " = \(reading.defaultText)\n"
            #expect(LoadedConfiguration.help.contains("\(reading.documentedKey)\(isDefault)"))
        }
    }

    @Test
    func `A change counts before the file, and what it hides is printed with it`() throws {
        let changed = try load(yaml: "log.level: error").changed(by: [SettingsMember("log.level", .text("debug"))])
        #expect(changed.loaded.effectiveText.contains("log.level: \"debug\"  # change, over file, line 1: \"error\"\n"))
        #expect(changed.loaded.changesInEffect == ["log.level is \"debug\" by a change, file, line 1 says \"error\""])
        let below = try load(["LOG_LEVEL": "info"], yaml: "log.level: error").effectiveText
        #expect(below.contains("log.level: \"info\"  # environment, over file, line 1: \"error\"\n"))
    }

    private static func page() throws -> [Substring] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let page = root.deletingLastPathComponent().appendingPathComponent("docs/configuration.md")
        return try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("|") }
    }

    @Test
    func `docs/configuration.md says of every setting how a change of it applies`() throws {
        let rows = try Self.page()
        /// A name, or the beginning of names with a `*`.
        func names(_ effect: SettingEffect) throws -> [Substring] {
            let row = try #require(rows.first { $0.hasPrefix("| \(effect.rawValue) |") })
            return row.split(separator: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        }
        let (atOnce, later) = (try names(.atOnce), try names(.laterSessions))
        for reading in LoadedConfiguration.table {
            let isIn = { (name: Substring) in
                name.hasSuffix("*") ? reading.documentedKey.hasPrefix(name.dropLast()) : reading.documentedKey == name
            }
            let effect: SettingEffect =
                later.contains(where: isIn) ? .laterSessions : atOnce.contains(where: isIn) ? .atOnce : .afterRestart
            #expect(reading.effect == effect, "\(reading.documentedKey)")
        }
    }

    @Test
    func `docs/configuration.md has a row for every setting, with its default`() throws {
        let rows = try Self.page()
        for key in LoadedConfiguration.table {
            let isRow = { (row: Substring) in
                row.hasPrefix("| `\(key.name)` |")
                    && (key.defaultText.isEmpty || row.hasPrefix("| `\(key.name)` | `\(key.defaultText)` |"))
            }
            #expect(rows.contains(where: isRow), "\(key.name)")
        }
        let known = Set(LoadedConfiguration.table.map(\.name))
        for row in rows {
            guard let name = row.wholeMatch(of: /\| `([a-z0-9_.]+)` \|.*/)?.output.1 else { continue }
            #expect(known.contains(String(name)), "\(name) is documented and does not exist")
        }
    }
}
