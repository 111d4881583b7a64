import Foundation
import TestSupport

/// One row of Schemas/facts/directions.tsv: who may send an action, and how.
struct ActionFact: Sendable, CustomStringConvertible {
    enum Sender: String, Sendable {
        case station, csms, both
    }

    let version: String
    let action: String
    let sender: Sender
    let isSend: Bool

    var description: String { "\(version) \(action)" }
    var goesUp: Bool { sender != .csms }
    var goesDown: Bool { sender != .station }

    private static var schemas: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Schemas")
    }

    /// All actions of a version.
    static func all(of version: String) throws -> [ActionFact] {
        let table = try String(contentsOf: schemas.appending(path: "facts/directions.tsv"), encoding: .utf8)
        return try table.split(separator: "\n").filter { !$0.hasPrefix("#") && $0.hasPrefix("\(version)\t") }.map {
            let columns = $0.split(separator: "\t").map(String.init)
            guard columns.count == 4, let sender = Sender(rawValue: columns[2]) else { throw Failure("row \($0)") }
            return ActionFact(version: version, action: columns[1], sender: sender, isSend: columns[3] == "send")
        }
    }

    /// The smallest request that its schema allows.
    func request() throws -> String { try payload(isSend ? action : "\(action)Request") }

    /// The smallest response that its schema allows.
    func response() throws -> String { try payload("\(action)Response") }

    private func payload(_ message: String) throws -> String {
        let file = Self.schemas.appending(path: "ocpp\(version)/\(message).json")
        let schema = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        guard let schema else { throw Failure("\(file.path) is no object") }
        return try SmallestValue(root: schema).text(of: schema)
    }
}

/// The smallest value that a schema allows, written in a way that nobody who writes JSON anew would keep.
private struct SmallestValue {
    let root: [String: Any]

    func text(of schema: [String: Any]) throws -> String {
        if let reference = schema["$ref"] as? String {
            let name = reference.split(separator: "/").last.map(String.init) ?? ""
            guard let definitions = root["definitions"] as? [String: Any],
                let definition = definitions[name] as? [String: Any]
            else { throw Failure("no definition \(reference)") }
            return try text(of: definition)
        }
        if let choice = (schema["enum"] as? [String])?.first { return json(choice) }
        switch schema["type"] as? String {
        case "object":
            let properties = schema["properties"] as? [String: Any] ?? [:]
            let members = try (schema["required"] as? [String] ?? []).map { name in
                guard let property = properties[name] as? [String: Any] else { throw Failure("no property \(name)") }
                return "\"\(name)\" : \(try text(of: property))"
            }
            return "{ " + members.joined(separator: " ,") + "}"
        case "array":
            let item = try text(of: schema["items"] as? [String: Any] ?? [:])
            let count = max(schema["minItems"] as? Int ?? 1, 1)
            return "[" + Array(repeating: item, count: count).joined(separator: ", ") + " ]"
        case "string":
            switch schema["format"] as? String {
            case "date-time": return "\"2026-01-01T00:00:00.000Z\""
            case "uri": return "\"https://example.org/a\""
            default: return "\"" + String(repeating: "\\u0041", count: max(schema["minLength"] as? Int ?? 1, 1)) + "\""
            }
        case "integer": return "\(max(schema["minimum"] as? Int ?? 1, 1))"
        case "number": return "1.50"
        case "boolean": return "true"
        default: throw Failure("a schema without a type: \(schema)")
        }
    }
}
