import FoundationEssentials

/// The schemas of one OCPP version: one folder, one file per message.
public struct MessageSchemas: Sendable {
    /// By what the message is called in an `$id`: `BootNotificationRequest`.
    private var byID: [String: Schema] = [:]
    private var byFileName: [String: Schema] = [:]

    /// Reads and compiles every `.json` file of a folder; other files are left alone.
    ///
    /// - Parameter idPrefix: what stands in front of the message's name in `$id`: `urn:OCPP:1.6:2019:12:`.
    /// - Throws: every problem of every file.
    public init(directory: String, idPrefix: String) throws(SchemaProblems) {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".json") }
        } catch {
            throw SchemaProblems([SchemaProblem(file: directory, reason: "not a directory that can be read")])
        }
        guard !names.isEmpty else {
            throw SchemaProblems([SchemaProblem(file: directory, reason: "has no .json file")])
        }
        var problems: [SchemaProblem] = []
        var files: [String: String] = [:]
        for name in names.sorted() {
            let path = directory.hasSuffix("/") ? directory + name : directory + "/" + name
            guard let document = FileManager.default.contents(atPath: path) else {
                problems.append(SchemaProblem(file: path, reason: "cannot be read"))
                continue
            }
            do throws(SchemaProblems) {
                let schema = try Schema.compile(Array(document), file: path)
                if let other = insert(schema, file: name, idPrefix: idPrefix, &files) {
                    problems.append(SchemaProblem(file: path, reason: "is for the same message as \(other)"))
                }
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw SchemaProblems(problems) }
    }

    /// Returns the file that had the message's place before.
    private mutating func insert(
        _ schema: Schema, file: String, idPrefix: String, _ files: inout [String: String]
    ) -> String? {
        if let message = schema.id.flatMap({ Self.message(inID: $0, idPrefix) }) {
            byID[message] = schema
            return files.updateValue(file, forKey: "id " + message)
        }
        let base = String(file.dropLast(".json".count))
        let message = base.hasSuffix("Request") || base.hasSuffix("Response") ? base : base + "Request"
        byFileName[message] = schema
        return files.updateValue(file, forKey: "file " + message)
    }

    private static func message(inID id: String, _ prefix: String) -> String? {
        guard id.hasPrefix(prefix) else { return nil }
        let message = String(id.dropFirst(prefix.count))
        return message.hasSuffix("Request") || message.hasSuffix("Response") ? message : nil
    }

    /// The schema of a CALL's payload: found by `$id`, else by file name (`BootNotification.json`,
    /// `BootNotificationRequest.json`).
    public func schema(forRequest action: String) -> Schema? {
        schema(for: action + "Request")
    }

    /// The schema of a CALLRESULT's payload: found by `$id`, else by file name (`BootNotificationResponse.json`).
    public func schema(forResponse action: String) -> Schema? {
        schema(for: action + "Response")
    }

    /// Whether there is a schema for a request or response of this action.
    public func defines(action: String) -> Bool {
        schema(forRequest: action) != nil || schema(forResponse: action) != nil
    }

    private func schema(for message: String) -> Schema? {
        byID[message] ?? byFileName[message]
    }
}
