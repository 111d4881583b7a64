import Foundation
import SchemaChecking
import Testing

/// How the schema of a message is found.
@Suite struct MessageSchemasTests {
    private static let prefix = "urn:OCPP:1.6:2019:12:"

    @Test func `Schemas are found by their ID`() throws {
        let schemas = try load([
            "a.json": #"{"$id":"urn:OCPP:1.6:2019:12:AuthorizeRequest","type":"object"}"#,
            "b.json": #"{"id":"urn:OCPP:1.6:2019:12:AuthorizeResponse","type":"array"}"#,
        ])
        #expect(try violation(of: #require(schemas.schema(forRequest: "Authorize")), in: "{}".utf8) == nil)
        #expect(try violation(of: #require(schemas.schema(forResponse: "Authorize")), in: "[]".utf8) == nil)
        #expect(schemas.defines(action: "Authorize"))
        #expect(!schemas.defines(action: "a"))
    }

    @Test func `Another prefix finds other IDs`() throws {
        let files = ["x.json": #"{"$id":"urn:mine:ResetRequest"}"#]
        #expect(try load(files, prefix: "urn:mine:").defines(action: "Reset"))
        #expect(try !load(files).defines(action: "Reset"))
    }

    @Test func `Schemas without such an ID are found by their file name`() throws {
        let schemas = try load([
            "Authorize.json": #"{"title":"AuthorizeRequest"}"#, "AuthorizeResponse.json": "{}",
            "ResetRequest.json": #"{"$id":"urn:OCPP:Cp:1.6:2020:3:Reset.req"}"#, "ResetResponse.json": "{}",
            "README.md": "no schema",
        ])
        for action in ["Authorize", "Reset"] {
            #expect(schemas.schema(forRequest: action) != nil)
            #expect(schemas.schema(forResponse: action) != nil)
        }
        #expect(schemas.schema(forRequest: "Heartbeat") == nil)
        #expect(schemas.schema(forResponse: "Heartbeat") == nil)
    }

    @Test func `The ID counts before the file name`() throws {
        let schemas = try load([
            "Reset.json": #"{"$id":"urn:OCPP:1.6:2019:12:AuthorizeRequest","type":"object"}"#,
            "Authorize.json": #"{"type":"array"}"#,
        ])
        #expect(try violation(of: #require(schemas.schema(forRequest: "Authorize")), in: "{}".utf8) == nil)
        #expect(schemas.schema(forRequest: "Reset") == nil)
    }

    @Test func `A byte order mark is skipped`() throws {
        #expect(try load(["Authorize.json": "\u{FEFF}{\(draft4),\"id\":\"x\"}"]).defines(action: "Authorize"))
    }

    @Test func `A missing directory is a problem`() {
        #expect(
            told { try MessageSchemas(directory: "/no/such/folder", idPrefixes: [""]) } == [
                "/no/such/folder: not a directory that can be read"
            ])
    }

    @Test func `A directory without schemas is a problem`() throws {
        try inFolder([:]) { folder in
            #expect(
                told { try MessageSchemas(directory: folder, idPrefixes: [""]) } == ["\(folder): has no .json file"])
        }
    }

    @Test func `The problems of all files are told at once`() throws {
        let files = [
            "A.json": "{", "B.json": #"{"nope":1}"#, "C.json": "{}",
            "CRequest.json": "{}", "D.json": ##"{"$ref":"#/definitions/x"}"##,
        ]
        try inFolder(files) { folder in
            #expect(
                told { try MessageSchemas(directory: folder, idPrefixes: [""]) } == [
                    "\(folder)/A.json: not JSON: the text ends too early at byte 1",
                    "\(folder)/B.json#/nope: unknown keyword",
                    "\(folder)/CRequest.json: is for the same message as C.json",
                    "\(folder)/D.json#/$ref: #/definitions/x cannot be resolved: there is nothing in the file at that place",
                ])
        }
    }

    @Test func `A file that cannot be read is a problem`() throws {
        try inFolder(["A.json": "{}"]) { folder in
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/B.json", withDestinationPath: folder + "/nowhere")
            #expect(
                told { try MessageSchemas(directory: folder, idPrefixes: [""]) } == ["\(folder)/B.json: cannot be read"]
            )
        }
    }

    private func load(_ files: [String: String], prefix: String = prefix) throws -> MessageSchemas {
        try inFolder(files) { try MessageSchemas(directory: $0, idPrefixes: [prefix]) }
    }

    private func inFolder<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "schemas-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        return try body(folder.path())
    }

    private func told(_ body: () throws -> MessageSchemas) -> [String] {
        do {
            _ = try body()
            return []
        } catch {
            return (error as? SchemaProblems)?.problems.map(\.description) ?? ["\(error)"]
        }
    }
}
