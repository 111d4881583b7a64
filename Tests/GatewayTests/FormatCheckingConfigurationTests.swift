import Foundation
import OCPPJ
import Settings
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
    func `Schemas that have gone since stay in use, until something of the checking is changed`() throws {
        try withFolder { folder in
            try Data(#"{"properties":{}}"#.utf8).write(to: folder.appending(path: "Reset.json"))
            let loaded = try LoadedConfiguration(
                environment: [
                    "MESSAGE_FORMAT_CHECKING": "all", "JSON_SCHEMA_DIR": folder.path,
                    "LISTENERS_WS_DEFAULT_WEBSOCKET_SUPPORTED_SUBPROTOCOLS": "ocpp1.6",
                ], hostName: "h")
            #expect(loaded.configuration.formatChecking.checking != nil)
            try FileManager.default.removeItem(at: folder)
            let changed = try loaded.changed(by: [SettingsMember("log.level", .text("debug"))])
            #expect(changed.loaded.configuration.formatChecking == loaded.configuration.formatChecking)
            #expect(throws: ConfigurationChange.Refusal.self) {
                try loaded.changed(by: [SettingsMember("message_format_checking_exempt", .text("Reset"))])
            }
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

    /// Schemas that take everything, in a folder of their own.
    private func doubts(
        _ files: [String], _ settings: [String: String] = [:], subprotocols: String = "ocpp1.6"
    ) throws -> [String] {
        var found: [String] = []
        try withFolder { folder in
            for file in files { try Data("{}".utf8).write(to: folder.appending(path: file)) }
            let environment = [
                "MESSAGE_FORMAT_CHECKING": "all", "JSON_SCHEMA_DIR": folder.path,
                "LISTENERS_WS_DEFAULT_WEBSOCKET_SUPPORTED_SUBPROTOCOLS": subprotocols,
            ]
            found = try warnings(environment.merging(settings) { $1 })
        }
        return found.filter { $0.hasPrefix("JSON_SCHEMA_DIR (json_schema_dir) is ") }.map {
            String($0.split(separator: "(environment): ").last ?? "")
        }
    }

    @Test
    func `Messages that are to be checked and have no schema are one warning that counts and names them`() throws {
        #expect(
            try doubts(["Heartbeat.json"]) == [
                "no schema for 77 messages of OCPP 1.6, which are relayed unchecked: Authorize, AuthorizeResponse, "
                    + "BootNotification, BootNotificationResponse, CancelReservation, CancelReservationResponse, "
                    + "CertificateSigned, CertificateSignedResponse, ChangeAvailability, ChangeAvailabilityResponse "
                    + "and 67 more"
            ])
    }

    @Test(
        arguments: [
            ("all", ["BootNotification", "BootNotificationResponse", "ResetResponse"]),
            ("upstream_only", ["BootNotification", "ResetResponse"]), ("dnstream_only", ["BootNotificationResponse"]),
        ])
    func `Only what comes from a side that is checked is missed, and nothing that is exempt`(
        mode: String, expected: [String]
    ) throws {
        let exempt = OCPPVersion.v16.actions.actions.filter { !["BootNotification", "Reset"].contains($0) }
        let settings = [
            "MESSAGE_FORMAT_CHECKING": mode, "MESSAGE_FORMAT_CHECKING_EXEMPT": exempt.joined(separator: ","),
        ]
        let found = try doubts(["Reset.json"], settings)
        let (count, verb) = expected.count == 1 ? ("1 message", "is") : ("\(expected.count) messages", "are")
        #expect(
            found == [
                "no schema for \(count) of OCPP 1.6, which \(verb) relayed unchecked: "
                    + expected.joined(separator: ", ")
            ])
    }

    @Test
    func `A file for no action of its version is named, with the one that is probably meant`() throws {
        let found = try doubts([
            "BootNotificaton.json", "ResetResponse.json", "ResetConf.json", "TransactionEventRequest.json", "README.md",
        ])
        #expect(found.count == 2)
        #expect(found.first?.contains("no schema for 77 messages of OCPP 1.6, ") == true, "\(found)")
        #expect(
            found.last
                == "OCPP 1.6 defines no action that is named by BootNotificaton.json (did you mean BootNotification?), "
                + "ResetConf.json, TransactionEventRequest.json")
        let exempt = try doubts(["Reset.json", "Own.json"], ["MESSAGE_FORMAT_CHECKING_EXEMPT": "Own"])
        #expect(exempt.count == 1 && exempt[0].hasPrefix("no schema for 77 messages"), "\(exempt)")
    }

    @Test
    func `Each version has a warning of its own, and a SEND no response that could be missed`() throws {
        try withFolder { folder in
            for (version, file) in [("1.6", "Reset"), ("2.1", "NotifyPeriodicEventStream")] {
                let path = folder.appending(path: "ocpp\(version)")
                try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
                try Data("{}".utf8).write(to: path.appending(path: file + ".json"))
            }
            let found = try warnings([
                "MESSAGE_FORMAT_CHECKING": "all", "JSON_SCHEMA_DIR": folder.path,
                "LISTENERS_WS_DEFAULT_WEBSOCKET_SUPPORTED_SUBPROTOCOLS": "ocpp1.6, ocpp2.1",
            ])
            #expect(found.count == 2)
            #expect(found.first?.contains("no schema for 77 messages of OCPP 1.6, ") == true, "\(found)")
            #expect(found.last?.contains("no schema for 180 messages of OCPP 2.1, ") == true, "\(found)")
        }
    }

    @Test
    func `Of the schemas that come with the gateway nothing is said`() throws {
        #expect(try warnings(["MESSAGE_FORMAT_CHECKING": "all"]).isEmpty)
    }

    @Test
    func `A change that turns checking on has the same warnings`() throws {
        try withFolder { folder in
            try Data("{}".utf8).write(to: folder.appending(path: "Reset.json"))
            let loaded = try LoadedConfiguration(
                environment: [
                    "JSON_SCHEMA_DIR": folder.path,
                    "LISTENERS_WS_DEFAULT_WEBSOCKET_SUPPORTED_SUBPROTOCOLS": "ocpp1.6",
                ], hostName: "h")
            #expect(!loaded.warnings.contains { $0.key == "json_schema_dir" })
            let changed = try loaded.changed(by: [SettingsMember("message_format_checking", .text("all"))])
            #expect(changed.loaded.warnings.contains { $0.expectation.contains("no schema for 77 messages") })
        }
    }

    @Test
    func `With checking off nothing is read`() {
        #expect(problems(["JSON_SCHEMA_DIR": "/nowhere"]).isEmpty)
    }
}
