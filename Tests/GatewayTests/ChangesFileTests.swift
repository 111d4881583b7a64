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

    @Test func `A state that is broken is not used: the gateway starts with the one before, and says so`() throws {
        try keep("log.level", .text("debug"))
        try keep("log.level", .text("error"))
        try folder.write("changes.yaml", "log.level: loud")
        let loaded = try start()
        #expect(loaded.configuration.logs.level == .debug)
        let words = loaded.warnings.map(\.description).joined(separator: "\n")
        #expect(
            words.contains("changes.yaml cannot be used: LOG_LEVEL")
                && words.contains("goes on with \(folder.path)/changes.yaml.last"), "\(words)")
        try loaded.changed(by: [SettingsMember("limits.bad_messages", .text("3"))]).loaded.keepChanges()
        #expect(try start().configuration.logs.level == .debug)
    }

    @Test func `Where no state is good it starts without changes, if they let in whom these would`() throws {
        try folder.write("changes.yaml", "log.level: loud")
        let loaded = try start()
        #expect(loaded.configuration.logs.level == .info)
        #expect(loaded.warnings.contains { $0.description == "goes on without any change made over the API" })
    }

    /// The problems of a start that must not be.
    private func refusal(_ environment: [String: String] = [:]) -> String {
        do throws(InvalidConfiguration) {
            let environment = ["DATA_DIR": folder.path].merging(environment) { $1 }
            _ = try LoadedConfiguration(environment: environment, hostName: "h")
            return "it starts"
        } catch {
            return error.description
        }
    }

    private var wayOut: String {
        let path = folder.path + "/changes.yaml"
        return
            "mend it, or remove it to start without any change made over the API; \(path).last, if it is there, is the state before"
    }

    @Test(arguments: ["{", "no.such.key: 1", "\u{FF}", "- a", "log: {level: debug}\nlog.level: debug"])
    func `Where it cannot be read who is let in, there is no start, whatever the state before says`(
        broken: String
    ) throws {
        try keep("log.level", .text("debug"))
        try keep("log.level", .text("error"))
        try folder.write("changes.yaml", broken)
        let words = refusal()
        #expect(words.contains("\(folder.path)/changes.yaml cannot be used") && words.contains(wayOut), "\(words)")
        try FileManager.default.removeItem(atPath: "\(folder.path)/changes.yaml")
        #expect(try start().changesInEffect.isEmpty)
    }

    /// Swift takes the Kelvin sign for `K`.
    @Test func `A state whose password only looks like the newest one says something else of who is let in`() {
        let states = ["K", "\u{212A}"].map { password in
            SettingsTree([SettingsMember("authentication.password", .text(password))], isChange: true)
        }
        #expect(!states[0].letsInTheSame(as: states[1]) && states[1].letsInTheSame(as: states[1]))
    }

    @Test func `A link that leads nowhere and a folder in its place are no reason to start without it`() throws {
        try folder.write("other", "")
        let path = "\(folder.path)/changes.yaml"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/nowhere/changes.yaml")
        #expect(refusal().contains(wayOut))
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(refusal().contains(wayOut))
    }

    @Test(
        arguments: [
            "authentication: {backend: http, url: 'http://127.0.0.1/'}", "listeners.ws.default.enable_authn: 'true'",
            "listeners: ws:a", "management.read_only: 'true'", "broker.sessions: per_charge_point",
            "trusted_proxies: 192.0.2.1", "data_dir: /nowhere", "authentication: ", "broker.url: mqtt://other",
        ])
    func `What says who is let in is never passed over, neither for the state before nor for none`(
        changes: String
    ) throws {
        let broken = changes + "\nlog.level: loud"
        try folder.write("changes.yaml", broken)
        let alone = refusal()
        #expect(alone.contains("LOG_LEVEL (log.level) is \"loud\"") && alone.contains(wayOut), "\(alone)")
        // From before it was said.
        try folder.write("changes.yaml.last", "log.level: debug")
        #expect(refusal() == alone)
        try folder.write("changes.yaml.last", "{")
        #expect(refusal() == alone)
    }

    @Test func `The state before is taken where it lets in the same, and says so in another order`() throws {
        let authentication = ["authentication.backend: http", "authentication.url: 'http://127.0.0.1/'"]
        try folder.write("changes.yaml", (authentication + ["log.level: loud"]).joined(separator: "\n"))
        try folder.write("changes.yaml.last", authentication.reversed().joined(separator: "\n"))
        let loaded = try start()
        #expect(loaded.configuration.authentication.backend == .http)
        #expect(loaded.warnings.last?.expectation == "goes on with \(folder.path)/changes.yaml.last")
        try folder.write("changes.yaml.last", authentication.joined(separator: "\n").replacing("127.0.0.1", with: "b"))
        #expect(refusal().contains(wayOut))
    }

    @Test func `A state that lets in others than the newest is passed over for none`() throws {
        try folder.write("changes.yaml", "log.level: loud")
        try folder.write("changes.yaml.last", "authentication: {backend: http, url: 'http://127.0.0.1/'}")
        let loaded = try start()
        #expect(loaded.configuration.authentication.backend == .none)
        let words = loaded.warnings.map(\.description)
        #expect(words.contains("\(folder.path)/changes.yaml.last is not used: it says something else of who is let in"))
    }

    @Test func `A file that a change names and that has gone is no way in`() throws {
        let key = try TemporaryFile("s3cr3t")
        try folder.write("changes.yaml", "authentication: {backend: mysql, database: d, password_file: '\(key.path)'}")
        #expect(try start().configuration.authentication.backend == .mysql)
        try FileManager.default.removeItem(atPath: key.path)
        let words = refusal()
        #expect(words.contains("authentication.password_file") && words.contains(wayOut), "\(words)")
        // What is wrong beside it is told too; what is wrong without it is all that there is to mend.
        #expect(refusal(["BROKER_QOS": "7"]).contains("BROKER_QOS"))
        try Data("s3cr3t".utf8).write(to: URL(fileURLWithPath: key.path))
        #expect(refusal(["BROKER_QOS": "7"]).hasPrefix("BROKER_QOS"))
        #expect(!refusal(["BROKER_QOS": "7"]).contains(wayOut))
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
