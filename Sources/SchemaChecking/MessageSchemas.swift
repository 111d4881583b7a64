import FoundationEssentials

/// The schemas of one OCPP version: one folder, one file per message.
public struct MessageSchemas: Sendable {
    /// By action.
    private let requests: [String: Schema]
    private let responses: [String: Schema]

    /// Reads and compiles every `.json` file of a folder; other files are left alone.
    ///
    /// - Parameters:
    ///   - idPrefix: what stands in front of the message's name in `$id`: `urn:OCPP:1.6:2019:12:`.
    ///   - dateTimes: what the format `date-time` means in this version.
    /// - Throws: every problem of every file.
    public init(directory: String, idPrefix: String, dateTimes: DateTimeRule = .rfc3339) throws(SchemaProblems) {
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
        var found = FoundSchemas()
        for name in names.sorted() {
            let path = directory.hasSuffix("/") ? directory + name : directory + "/" + name
            guard let document = FileManager.default.contents(atPath: path) else {
                problems.append(SchemaProblem(file: path, reason: "cannot be read"))
                continue
            }
            do throws(SchemaProblems) {
                let schema = try Schema.compile(Array(document), file: path, dateTimes: dateTimes)
                if let other = found.insert(schema, file: name, idPrefix: idPrefix) {
                    problems.append(SchemaProblem(file: path, reason: "is for the same message as \(other)"))
                }
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw SchemaProblems(problems) }
        requests = found.schemas(ofMessagesEndingIn: "Request")
        responses = found.schemas(ofMessagesEndingIn: "Response")
    }

    /// The schema of a CALL's payload: found by `$id`, else by file name (`BootNotification.json`,
    /// `BootNotificationRequest.json`).
    public func schema(forRequest action: String) -> Schema? {
        requests[action]
    }

    /// The schema of a CALLRESULT's payload: found by `$id`, else by file name (`BootNotificationResponse.json`).
    public func schema(forResponse action: String) -> Schema? {
        responses[action]
    }

    /// Whether there is a schema for a request or response of this action.
    public func defines(action: String) -> Bool {
        requests[action] != nil || responses[action] != nil
    }
}

/// The schemas of a folder by message (`BootNotificationRequest`), as the files say.
private struct FoundSchemas {
    private var byID: [String: (schema: Schema, file: String)] = [:]
    private var byFileName: [String: (schema: Schema, file: String)] = [:]

    /// Returns the file that had the message's place before.
    mutating func insert(_ schema: Schema, file: String, idPrefix: String) -> String? {
        if let message = schema.id.flatMap({ Self.message(inID: $0, idPrefix) }) {
            return byID.updateValue((schema, file), forKey: message)?.file
        }
        let base = String(file.dropLast(".json".count))
        let message = base.hasSuffix("Request") || base.hasSuffix("Response") ? base : base + "Request"
        return byFileName.updateValue((schema, file), forKey: message)?.file
    }

    private static func message(inID id: String, _ prefix: String) -> String? {
        guard id.hasPrefix(prefix) else { return nil }
        let message = String(id.dropFirst(prefix.count))
        return message.hasSuffix("Request") || message.hasSuffix("Response") ? message : nil
    }

    /// By action; an `$id` counts before a file's name.
    func schemas(ofMessagesEndingIn ending: String) -> [String: Schema] {
        var schemas: [String: Schema] = [:]
        for (message, found) in byFileName.merging(byID, uniquingKeysWith: { $1 }) where message.hasSuffix(ending) {
            schemas[String(message.dropLast(ending.count))] = found.schema
        }
        return schemas
    }
}
