import Foundation
import Testing

@testable import Gateway

@Suite("Message format checking is set up")
struct FormatCheckingConfigurationTests {
    private func load(_ environment: [String: String]) throws -> FormatCheckingConfiguration {
        try LoadedConfiguration(environment: environment, hostName: "h").configuration.formatChecking
    }

    private func problems(_ environment: [String: String]) -> [String] {
        do {
            _ = try LoadedConfiguration(environment: environment, hostName: "h")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test
    func `It is off by default, and the schemas that come with the gateway are found when it is on`() throws {
        #expect(try load([:]).checking == nil)
        for mode in ["upstream_only", "dnstream_only", "all"] {
            let configuration = try load([
                "MESSAGE_FORMAT_CHECKING": mode, "MESSAGE_FORMAT_CHECKING_EXEMPT": "DataTransfer, MeterValues",
            ])
            #expect(configuration.checking != nil)
            #expect(configuration.mode.rawValue == mode)
            #expect(configuration.exempt == ["DataTransfer", "MeterValues"])
        }
    }

    @Test
    func `A folder that is missing, a broken schema and an unknown keyword are problems that name the file`() throws {
        let missing = problems(["MESSAGE_FORMAT_CHECKING": "all", "JSON_SCHEMA_DIR": "/nowhere"])
        #expect(missing.count == 3, "one for each version that a listener supports")
        for version in ["1.6", "2.0.1", "2.1"] {
            #expect(missing.contains { $0.contains("/nowhere/ocpp\(version)") && $0.contains("OCPP \(version) ") })
        }
        try withFolder { folder in
            try Data("{".utf8).write(to: folder.appending(path: "Reset.json"))
            try Data(#"{"properties":{"a":{"maxLenght":1}}}"#.utf8).write(to: folder.appending(path: "Authorize.json"))
            let found = problems([
                "MESSAGE_FORMAT_CHECKING": "all", "JSON_SCHEMA_DIR": folder.path,
                "LISTENERS_WS_DEFAULT_WEBSOCKET_SUPPORTED_SUBPROTOCOLS": "ocpp1.6",
            ])
            #expect(found.count == 2)
            #expect(found.contains { $0.contains("Reset.json") })
            #expect(found.contains { $0.contains("Authorize.json") && $0.contains("/properties/a/maxLenght") })
        }
    }

    @Test
    func `With checking off nothing is read`() {
        #expect(problems(["JSON_SCHEMA_DIR": "/nowhere"]).isEmpty)
    }
}
