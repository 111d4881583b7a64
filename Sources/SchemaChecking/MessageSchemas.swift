import FoundationEssentials

/// The schemas of one OCPP version: one folder, one file per message.
package final class MessageSchemas: Sendable {
    /// By action.
    private let requests: [String: Schema]
    private let responses: [String: Schema]
    /// Paths by action.
    private let requestFiles: [String: String]
    /// Every file that counts for a message, with the message's action, in the order of the files.
    package let files: [(name: String, action: String)]

    /// Reads and compiles every `.json` file of a folder; other files are left alone.
    ///
    /// - Parameters:
    ///   - idPrefixes: what may stand in front of the message's name in `$id`: `urn:OCPP:1.6:2019:12:`.
    ///   - dateTimes: what the format `date-time` means in this version.
    /// - Throws: every problem of every file.
    package init(directory: String, idPrefixes: [String], dateTimes: DateTimeRule = .rfc3339) throws(SchemaProblems) {
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
                if let other = found.insert(schema, file: name, idPrefixes: idPrefixes) {
                    problems.append(SchemaProblem(file: path, reason: "is for the same message as \(other)"))
                }
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw SchemaProblems(problems) }
        requests = found.schemas(ofMessagesEndingIn: "Request")
        responses = found.schemas(ofMessagesEndingIn: "Response")
        files = ["Request", "Response"].flatMap { kind in
            found.files(ofMessagesEndingIn: kind).map { (name: $0.value, action: $0.key) }
        }.sorted { $0.name < $1.name }
        requestFiles = found.files(ofMessagesEndingIn: "Request").mapValues { name in
            directory.hasSuffix("/") ? directory + name : directory + "/" + name
        }
    }

    /// The `$id`s of a folder's `.json` files, of those that have one; nil where there is no such file.
    ///
    /// For telling whose a folder is before it is compiled; what is wrong with its files is not said.
    package static func ids(ofFilesIn directory: String) -> [String]? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let files = names.filter { $0.hasSuffix(".json") }
        guard !files.isEmpty else { return nil }
        return files.compactMap { name in
            FileManager.default.contents(atPath: directory + "/" + name)
                .flatMap { try? Schema.compile(Array($0), file: name) }?.id
        }
    }

    /// The schema of a CALL's payload: found by `$id`, else by file name (`BootNotification.json`,
    /// `BootNotificationRequest.json`).
    package func schema(forRequest action: String) -> Schema? {
        requests[action]
    }

    /// The schema of a CALLRESULT's payload: found by `$id`, else by file name (`BootNotificationResponse.json`).
    package func schema(forResponse action: String) -> Schema? {
        responses[action]
    }

    /// The path of the file that has the schema of a CALL's payload.
    package func file(forRequest action: String) -> String? {
        requestFiles[action]
    }

    /// Whether there is a schema for a request or response of this action.
    package func defines(action: String) -> Bool {
        requests[action] != nil || responses[action] != nil
    }
}

/// The schemas of a folder by message (`BootNotificationRequest`), as the files say.
private struct FoundSchemas {
    private var byID: [String: (schema: Schema, file: String)] = [:]
    private var byFileName: [String: (schema: Schema, file: String)] = [:]

    /// Returns the file that had the message's place before.
    mutating func insert(_ schema: Schema, file: String, idPrefixes: [String]) -> String? {
        if let message = schema.id.flatMap({ Self.message(inID: $0, idPrefixes) }) {
            return byID.updateValue((schema, file), forKey: message)?.file
        }
        return byFileName.updateValue((schema, file), forKey: Self.message(String(file.dropLast(".json".count))))?.file
    }

    private static func message(inID id: String, _ prefixes: [String]) -> String? {
        let prefix = prefixes.first { !$0.isEmpty && id.utf8.starts(with: $0.utf8) && id.utf8.count > $0.utf8.count }
        return prefix.map { message(String(decoding: id.utf8.dropFirst($0.utf8.count), as: UTF8.self)) }
    }

    /// The message by its name in a file's name or `$id`; those of OCPP 1.6's security messages end in `.req` and
    /// `.conf`. A bare name is the request, or the SEND.
    private static func message(_ name: String) -> String {
        let endings = [("Request", "Request"), ("Response", "Response"), (".req", "Request"), (".conf", "Response")]
        for (ending, kind) in endings where name.hasSuffix(ending) {
            return name.dropLast(ending.count) + kind
        }
        return name + "Request"
    }

    /// By action; an `$id` counts before a file's name.
    func schemas(ofMessagesEndingIn ending: String) -> [String: Schema] {
        messages(endingIn: ending).mapValues(\.schema)
    }

    /// By action: the names of the files.
    func files(ofMessagesEndingIn ending: String) -> [String: String] {
        messages(endingIn: ending).mapValues(\.file)
    }

    private func messages(endingIn ending: String) -> [String: (schema: Schema, file: String)] {
        var messages: [String: (schema: Schema, file: String)] = [:]
        for (message, found) in byFileName.merging(byID, uniquingKeysWith: { $1 }) where message.hasSuffix(ending) {
            messages[String(message.dropLast(ending.count))] = found
        }
        return messages
    }
}
