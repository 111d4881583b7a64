import Foundation
import Settings
import Testing

@testable import Gateway

@Suite("Configuration: changes that last")
struct ChangesFileTests {
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("data-\(UUID().uuidString)").path

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func text(_ name: String) -> String? { try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

        func write(_ name: String, _ text: String) throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        }

        var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
    }

    private let folder = Folder()

    private func start() throws -> LoadedConfiguration {
        try LoadedConfiguration(environment: ["DATA_DIR": folder.path], hostName: "h")
    }

    private func keep(_ key: String, _ value: SettingsValue) throws {
        try start().changed(by: [SettingsMember(key, value)]).loaded.keepChanges()
    }

    private func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")
        return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
    }

    @Test func `A change is there at the next start, in a file that only its owner reads`() throws {
        #expect(try start().changesInEffect.isEmpty)
        try keep("log.level", .text("debug"))
        try keep("listeners.ws.site2.bind", .text("127.0.0.1:33034"))
        let loaded = try start()
        #expect(loaded.configuration.logs.level == .debug)
        #expect(loaded.configuration.listeners.map(\.configuration.port) == [33033, 33034])
        #expect(loaded.changesInEffect.count == 3)
        #expect(try mode("changes.yaml") == 0o600)
        #expect(try mode("") == 0o700)
        #expect(folder.names == ["changes.yaml", "changes.yaml.last"])
        #expect(loaded.warnings.allSatisfy { $0.key == "authentication.backend" })
    }

    @Test func `It is in CONFIG_FILE's own form`() throws {
        try keep("upstream.topic_override_mapping", .map([SettingsMember("Heartbeat", .text("h/${cid}"))]))
        let loaded = try load(yaml: folder.text("changes.yaml"))
        #expect(loaded.configuration.listeners[0].topics.callOverrides.count == 1)
    }

    @Test(arguments: ["{", "log.level: loud", "no.such.key: 1", "\u{FF}", "- a"])
    func `A file that is broken is not used: the gateway starts with the last good state, and says so`(
        broken: String
    ) throws {
        try keep("log.level", .text("debug"))
        try keep("log.level", .text("error"))
        try folder.write("changes.yaml", broken)
        let loaded = try start()
        #expect(loaded.configuration.logs.level == .debug)
        let words = loaded.warnings.map(\.description).joined(separator: "\n")
        #expect(
            words.contains("changes.yaml") && words.contains("goes on with \(folder.path)/changes.yaml.last"),
            "\(words)")
        // The next change does not push out the good state by the broken one.
        try loaded.changed(by: [SettingsMember("limits.bad_messages", .text("3"))]).loaded.keepChanges()
        #expect(try start().configuration.logs.level == .debug)
    }

    @Test func `Where no state is good it starts without changes, and says so`() throws {
        try folder.write("changes.yaml", "{")
        let loaded = try start()
        #expect(loaded.configuration.logs.level == .info)
        #expect(loaded.warnings.contains { $0.description == "goes on without any change made over the API" })
    }

    @Test func `What is wrong without any change is told as the problem`() throws {
        try keep("log.level", .text("debug"))
        let error = #expect(throws: InvalidConfiguration.self) {
            try LoadedConfiguration(environment: ["DATA_DIR": folder.path, "BROKER_QOS": "7"], hostName: "h")
        }
        #expect(error?.problems.map(\.key) == ["broker.qos"])
    }

    @Test func `A write that ended half way leaves what was there`() throws {
        try keep("log.level", .text("debug"))
        try folder.write("changes.yaml.new", "log.lev")
        #expect(try start().configuration.logs.level == .debug)
        try keep("log.level", .text("error"))
        #expect(try start().configuration.logs.level == .error)
        #expect(!folder.names.contains("changes.yaml.new"))
    }

    @Test func `A directory that cannot be written is an error, and what was there stays`() throws {
        let changed = try load(["DATA_DIR": "/proc/nowhere"]).changed(by: [SettingsMember("log.level", .text("debug"))])
        let error = #expect(throws: SettingFlaw.self) { try changed.loaded.keepChanges() }
        #expect(error?.expectation.contains("/proc/nowhere/changes.yaml") == true)
    }
}
