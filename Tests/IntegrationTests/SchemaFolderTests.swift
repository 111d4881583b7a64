import Foundation
import TestSupport
import Testing

/// ocpp2.md, "Schemas": whose schemas a gateway starts with, and when it does not start.
@Suite struct SchemaFolderTests {
    private static let subprotocols = "LISTENERS_WS_DEFAULT_WEBSOCKET_SUPPORTED_SUBPROTOCOLS"
    private static var shipped: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Schemas")
    }

    private func exit(_ environment: [String: String]) async throws -> (code: Int32, output: String) {
        let settings = environment.merging(["MESSAGE_FORMAT_CHECKING": "all"]) { own, _ in own }
        let child = try await ChildProcess.start(GatewayProcess.executable, [], environment: settings)
        let code = try await child.exit().code
        _ = try? await child.lines.first("the end of the output") { _ in false }
        return (code, child.output)
    }

    private func withFolder(_ body: @Sendable (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(folder))
        } catch {
            result = .failure(error)
        }
        try FileManager.default.removeItem(at: folder)
        try result.get()
    }

    @Test
    func `A version that a listener supports and that has no folder ends the start with 78`() async throws {
        try await withFolder { folder in
            try FileManager.default.copyItem(
                at: Self.shipped.appending(path: "ocpp1.6"), to: folder.appending(path: "ocpp1.6"))
            let both = try await exit(["JSON_SCHEMA_DIR": folder.path, Self.subprotocols: "ocpp1.6,ocpp2.1"])
            #expect(both.code == 78 && both.output.contains("\(folder.path)/ocpp2.1"), "\(both.output)")
            #expect(!both.output.contains("ocpp2.0.1"))
            // By default all three are supported.
            let all = try await exit(["JSON_SCHEMA_DIR": folder.path])
            #expect(all.code == 78 && all.output.contains("/ocpp2.0.1") && all.output.contains("/ocpp2.1"))
        }
    }

    @Test(
        arguments: [
            "2.0.1=", "2.0=urn:x:", "2.1=urn:a:,2.1=urn:b:", "urn:a:,urn:b:", "=urn:a:", "urn:a:,1.6=urn:b:",
        ])
    func `A bad prefix ends the start with 78`(prefix: String) async throws {
        let outcome = try await exit(["JSON_SCHEMA_ID_PREFIX": prefix])
        #expect(outcome.code == 78, "\(outcome.output)")
        #expect(outcome.output.contains("JSON_SCHEMA_ID_PREFIX") && outcome.output.contains("<version>=<prefix>"))
    }

    @Test(
        arguments: [
            ("2.0.1", "urn:OCPP:Cp:2:2020:3:", ""), ("2.1", "urn:site:", "2.1=urn:site:"),
            ("1.6", "urn:site:", "urn:site:"),
            ("1.6", "", ""),
        ])
    func `A folder with the files themselves is that of their version, or 1.6's`(
        version: String, prefix: String, setting: String
    ) async throws {
        try await withFolder { folder in
            let schema = #"{"$id":"\#(prefix)AuthorizeRequest","type":"object","required":["own"]}"#
            let text = prefix.isEmpty ? #"{"type":"object","required":["own"]}"# : schema
            // The name of a file counts only where its $id says nothing.
            let name = prefix.isEmpty ? "Authorize.json" : "Reset.json"
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
            let settings = [
                "MESSAGE_FORMAT_CHECKING": "all", "JSON_SCHEMA_DIR": folder.path, "JSON_SCHEMA_ID_PREFIX": setting,
                Self.subprotocols: "ocpp\(version)",
            ]
            try await withSite(settings) { site in
                let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
                let refused = try await chargePoint.call("Authorize", "{}", id: "a")
                #expect(refused.contains("/own"), "\(refused)")
                #expect(try await chargePoint.call("Authorize", #"{"own":1}"#, id: "b").hasPrefix(#"[3,"b","#))
            }
        }
    }

    @Test
    func `A folder for each version, each with files of its own; a bare name is the SEND in 2.1`() async throws {
        try await withFolder { folder in
            for (version, name, field) in [
                ("1.6", "AuthorizeRequest", "a"), ("2.0.1", "Authorize", "b"),
                ("2.1", "NotifyPeriodicEventStream", "c"),
            ] {
                let place = folder.appending(path: "ocpp\(version)")
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                try #"{"type":"object","required":["\#(field)"]}"#.write(
                    to: place.appending(path: "\(name).json"), atomically: true, encoding: .utf8)
            }
            let settings = [
                "MESSAGE_FORMAT_CHECKING": "all", "JSON_SCHEMA_DIR": folder.path,
                "UPSTREAM_INVALID_TOPIC": "cp/${cid}/Bad",
            ]
            try await withSite(settings) { site in
                for (version, field) in [("1.6", "a"), ("2.0.1", "b")] {
                    let chargePoint = try await site.connect("CP-\(version)", subprotocols: ["ocpp\(version)"])
                    #expect(try await chargePoint.call("Authorize", "{}", id: "1").contains("/\(field): missing"))
                    let good = try await chargePoint.call("Authorize", #"{"\#(field)":1}"#, id: "2")
                    #expect(good.hasPrefix(#"[3,"2","#), "\(good)")
                }
                let chargePoint = try await site.connect("CP-2.1", subprotocols: ["ocpp2.1"])
                try await chargePoint.send(text: #"[6,"s","NotifyPeriodicEventStream",{}]"#)
                let copy = try await site.central.received.take("the copy") { $0.topic == "ocpp/cp/CP-2.1/Bad" }
                #expect(copy.text.contains("/c: missing"), "\(copy)")
                try await chargePoint.send(text: #"[6,"t","NotifyPeriodicEventStream",{"c":1}]"#)
                _ = try await site.central.received.take("the SEND") { $0.uniqueID == "t" }
            }
        }
    }
}
