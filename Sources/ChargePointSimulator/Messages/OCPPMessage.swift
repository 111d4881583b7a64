import NIOCore

/// One OCPP message, in the two spellings that the simulator meets: OCPP-J's array on the WebSocket, and the relay
/// format's object on MQTT. It is written and read here without the gateway's own `OCPPJ`, so that the simulator
/// also checks the gateway from outside.
enum OCPPMessage: Sendable, Equatable {
    case call(id: String, action: String, payload: JSONObject)
    case callResult(id: String, payload: JSONObject)
    case callError(id: String, code: String, description: String, details: JSONObject)
    /// Since OCPP 2.1: the CALLRESULT with this UniqueId cannot be used.
    case callResultError(id: String, code: String, description: String, details: JSONObject)
    /// Since OCPP 2.1: is never answered.
    case send(id: String, action: String, payload: JSONObject)
}

/// Why bytes are no OCPP message.
enum OCPPMessageRefusal: Error, Equatable {
    case json(JSONRefusal)
    /// JSON, but not of an OCPP message's shape.
    case shape
}

extension OCPPMessage {
    /// The longest UniqueId that is taken, in bytes.
    static let maximumIDLength = 255

    var id: String {
        switch self {
        case .call(let id, _, _), .callResult(let id, _), .callError(let id, _, _, _),
            .callResultError(let id, _, _, _), .send(let id, _, _):
            id
        }
    }

    private static func parse(_ bytes: ByteBuffer) throws(OCPPMessageRefusal) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw .json(error)
        }
    }

    /// Reads an OCPP-J text (OCPP-J 1.6, 4.2; the types 5 and 6: OCPP-J 2.1, 4.2).
    init(ocppJ bytes: ByteBuffer) throws(OCPPMessageRefusal) {
        guard let elements = try Self.parse(bytes).arrayValue, elements.count >= 3 else { throw .shape }
        let second = elements[2]
        switch (elements[0].integerValue, elements.count) {
        case (let type?, 4) where type == 2 || type == 6:
            try self.init(type: type, id: elements[1], action: second, payload: elements[3])
        case (3, 3):
            try self.init(type: 3, id: elements[1], payload: second)
        case (let type?, 4...5) where type == 4 || type == 5:
            try self.init(
                type: type, id: elements[1], code: second, description: elements[3],
                details: elements.count == 5 ? elements[4] : nil)
        default:
            throw .shape
        }
    }

    /// Reads a relay message (relay format, "Payload").
    init(relay bytes: ByteBuffer) throws(OCPPMessageRefusal) {
        guard let members = try Self.parse(bytes).objectValue else { throw .shape }
        try self.init(
            type: members["MessageTypeId"]?.integerValue, id: members["UniqueId"], action: members["Action"],
            payload: members["Payload"], code: members["ErrorCode"], description: members["ErrorDescription"],
            details: members["ErrorDetails"])
    }

    private init(
        type: Int?, id: JSONValue?, action: JSONValue? = nil, payload: JSONValue? = nil, code: JSONValue? = nil,
        description: JSONValue? = nil, details: JSONValue? = nil
    ) throws(OCPPMessageRefusal) {
        guard let id = id?.stringValue, (1...Self.maximumIDLength).contains(id.utf8.count) else { throw .shape }
        switch type {
        case 2, 6:
            guard let action = action?.stringValue, (1...50).contains(action.utf8.count) else { throw .shape }
            let payload = try Self.object(payload)
            self =
                type == 2
                ? .call(id: id, action: action, payload: payload) : .send(id: id, action: action, payload: payload)
        case 3:
            self = .callResult(id: id, payload: try Self.object(payload))
        case 4, 5:
            guard let code = code?.stringValue, code.utf8.count <= 50 else { throw .shape }
            let description = description?.stringValue ?? ""
            let details = try Self.object(details ?? [:])
            self =
                type == 4
                ? .callError(id: id, code: code, description: description, details: details)
                : .callResultError(id: id, code: code, description: description, details: details)
        default:
            throw .shape
        }
    }

    /// `null` is read where a payload has no fields.
    private static func object(_ value: JSONValue?) throws(OCPPMessageRefusal) -> JSONObject {
        switch value {
        case .object(let members): return members
        case .null: return [:]
        default: throw .shape
        }
    }

    /// The message type number (OCPP-J 1.6, 4.1.3; OCPP-J 2.1, 4.1.3).
    private var type: JSONValue {
        switch self {
        case .call: 2
        case .callResult: 3
        case .callError: 4
        case .callResultError: 5
        case .send: 6
        }
    }

    /// This message as an OCPP-J text.
    func ocppJ() -> ByteBuffer {
        let elements: JSONValue =
            switch self {
            case .call(let id, let action, let payload), .send(let id, let action, let payload):
                [type, .string(id), .string(action), .object(payload)]
            case .callResult(let id, let payload): [type, .string(id), .object(payload)]
            case .callError(let id, let code, let description, let details),
                .callResultError(let id, let code, let description, let details):
                [type, .string(id), .string(code), .string(description), .object(details)]
            }
        var buffer = ByteBuffer()
        elements.write(into: &buffer)
        return buffer
    }

    /// This message as a relay message.
    func relay() -> ByteBuffer {
        let members: JSONValue =
            switch self {
            case .call(let id, let action, let payload), .send(let id, let action, let payload):
                [
                    "MessageTypeId": type, "UniqueId": .string(id), "Action": .string(action),
                    "Payload": .object(payload),
                ]
            case .callResult(let id, let payload):
                ["MessageTypeId": type, "UniqueId": .string(id), "Payload": .object(payload)]
            case .callError(let id, let code, let description, let details),
                .callResultError(let id, let code, let description, let details):
                [
                    "MessageTypeId": type, "UniqueId": .string(id), "ErrorCode": .string(code),
                    "ErrorDescription": .string(description), "ErrorDetails": .object(details),
                ]
            }
        var buffer = ByteBuffer()
        members.write(into: &buffer)
        return buffer
    }
}
