import Foundation
import JSONText
import NIOCore
import OCPPJ
import SchemaChecking

@testable import ChargePointSimulator

/// Holds messages against the schemas of `Schemas/`, the gateway's own.
struct MessageJudge {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let schemas16 = Result { try read(.v16, "urn:OCPP:1.6:2019:12:") }
    private static let schemas201 = Result { try read(.v201, "urn:OCPP:Cp:2:2020:3:") }
    private static let schemas21 = Result { try read(.v21, "urn:OCPP:Cp:2:2025:1:") }

    private static func read(_ version: OCPPVersion, _ prefix: String) throws -> MessageSchemas {
        let folder = root.appending(path: "Schemas/ocpp\(version.rawValue)").path()
        return try MessageSchemas(directory: folder, idPrefixes: [prefix])
    }

    private let schemas: MessageSchemas
    /// The actions of the CALLs that are open, by who asked and UniqueId: the two sides number for themselves.
    private var open: [Side: [String: String]] = [:]

    enum Side {
        case chargePoint
        case centralSystem

        var other: Side { self == .chargePoint ? .centralSystem : .chargePoint }
    }

    init(_ version: OCPPVersion) throws {
        schemas =
            switch version {
            case .v16: try Self.schemas16.get()
            case .v201: try Self.schemas201.get()
            case .v21: try Self.schemas21.get()
            }
    }

    /// What is wrong with a message that this side sends; nil: nothing.
    mutating func fault(in message: SimulatorMessage, from side: Side) throws -> String? {
        switch message {
        case .call(let id, let action, let payload):
            guard open[side, default: [:]].updateValue(action, forKey: id) == nil else {
                return "\(id) is open already"
            }
            return try fault(in: payload, action, schemas.schema(forRequest: action))
        case .send(_, let action, let payload):
            return try fault(in: payload, action, schemas.schema(forRequest: action))
        case .callResult(let id, let payload):
            guard let action = open[side.other]?.removeValue(forKey: id) else { return "answers nothing: \(message)" }
            return try fault(in: payload, "answer to \(action)", schemas.schema(forResponse: action))
        case .callError(let id, _, _, _):
            open[side.other]?[id] = nil
            return "\(message)"
        case .callResultError: return "\(message)"
        }
    }

    /// What no answer can come to any more.
    mutating func connectionLost() { open = [:] }

    private func fault(in payload: JSONObject, _ what: String, _ schema: Schema?) throws -> String? {
        guard let schema else { return "no schema for \(what)" }
        var text = ByteBuffer()
        JSONValue.object(payload).write(into: &text)
        return try Array(text.readableBytesView).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            return try schema.check(&scanner).map { "\(what): \($0) in \(String(buffer: text))" }
        }
    }
}
