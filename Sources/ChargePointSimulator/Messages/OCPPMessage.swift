import NIOCore

/// One OCPP message, in the two spellings that the simulator meets: OCPP-J's array on the WebSocket, and the relay
/// format's object on MQTT. It is written and read here without the gateway's own `OCPPJ`, so that the simulator
/// also checks the gateway from outside.
enum OCPPMessage: Sendable, Equatable {
    case call(id: String, action: String, payload: JSONObject)
    case callResult(id: String, payload: JSONObject)
    case callError(id: String, code: String, description: String, details: JSONObject)
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
        case .call(let id, _, _), .callResult(let id, _), .callError(let id, _, _, _): id
        }
    }

    private static func parse(_ bytes: ByteBuffer) throws(OCPPMessageRefusal) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw .json(error)
        }
    }

    /// Reads an OCPP-J text (OCPP-J 1.6, 4.2).
    init(ocppJ bytes: ByteBuffer) throws(OCPPMessageRefusal) {
        guard let elements = try Self.parse(bytes).arrayValue, elements.count >= 3 else { throw .shape }
        let second = elements[2]
        switch (elements[0].integerValue, elements.count) {
        case (2, 4):
            try self.init(type: 2, id: elements[1], action: second, payload: elements[3])
        case (3, 3):
            try self.init(type: 3, id: elements[1], payload: second)
        case (4, 4...5):
            try self.init(
                type: 4, id: elements[1], code: second, description: elements[3],
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
        case 2:
            guard let action = action?.stringValue, (1...50).contains(action.utf8.count) else { throw .shape }
            self = .call(id: id, action: action, payload: try Self.object(payload))
        case 3:
            self = .callResult(id: id, payload: try Self.object(payload))
        case 4:
            guard let code = code?.stringValue, code.utf8.count <= 50 else { throw .shape }
            self = .callError(
                id: id, code: code, description: description?.stringValue ?? "",
                details: try Self.object(details ?? [:]))
        default:
            throw .shape
        }
    }

    /// OCPP 1.6 allows `null` where a payload has no fields.
    private static func object(_ value: JSONValue?) throws(OCPPMessageRefusal) -> JSONObject {
        switch value {
        case .object(let members): return members
        case .null: return [:]
        default: throw .shape
        }
    }

    /// This message as an OCPP-J text.
    func ocppJ() -> ByteBuffer {
        let elements: JSONValue =
            switch self {
            case .call(let id, let action, let payload): [2, .string(id), .string(action), .object(payload)]
            case .callResult(let id, let payload): [3, .string(id), .object(payload)]
            case .callError(let id, let code, let description, let details):
                [4, .string(id), .string(code), .string(description), .object(details)]
            }
        var buffer = ByteBuffer()
        elements.write(into: &buffer)
        return buffer
    }

    /// This message as a relay message.
    func relay() -> ByteBuffer {
        let members: JSONValue =
            switch self {
            case .call(let id, let action, let payload):
                ["MessageTypeId": 2, "UniqueId": .string(id), "Action": .string(action), "Payload": .object(payload)]
            case .callResult(let id, let payload):
                ["MessageTypeId": 3, "UniqueId": .string(id), "Payload": .object(payload)]
            case .callError(let id, let code, let description, let details):
                [
                    "MessageTypeId": 4, "UniqueId": .string(id), "ErrorCode": .string(code),
                    "ErrorDescription": .string(description), "ErrorDetails": .object(details),
                ]
            }
        var buffer = ByteBuffer()
        members.write(into: &buffer)
        return buffer
    }
}

/// A payload that is not as OCPP 1.6 wants it; becomes a CALLERROR.
enum PayloadFault: Error, Equatable {
    case missing(field: String)
    case wrongType(field: String)
    case notAllowed(field: String)

    /// The CALLERROR that answers the CALL with this UniqueId (OCPP-J 1.6, 4.2.3).
    func callError(id: String) -> OCPPMessage {
        switch self {
        // OCPP 1.6 spells it with one r.
        case .missing(let field): Self.error(id, "OccurenceConstraintViolation", "/\(field) is missing")
        case .wrongType(let field): Self.error(id, "TypeConstraintViolation", "/\(field) has the wrong type")
        case .notAllowed(let field): Self.error(id, "PropertyConstraintViolation", "/\(field) has no allowed value")
        }
    }

    private static func error(_ id: String, _ code: String, _ description: String) -> OCPPMessage {
        .callError(id: id, code: code, description: description, details: [:])
    }
}

extension JSONObject {
    /// A required text of 1 to `limit` characters.
    func text(_ field: String, limit: Int) throws(PayloadFault) -> String {
        guard let value = self[field] else { throw .missing(field: field) }
        guard let text = value.stringValue else { throw .wrongType(field: field) }
        guard (1...limit).contains(text.count) else { throw .notAllowed(field: field) }
        return text
    }

    /// A required whole number.
    func integer(_ field: String) throws(PayloadFault) -> Int {
        guard let value = self[field] else { throw .missing(field: field) }
        guard let integer = value.integerValue else { throw .wrongType(field: field) }
        return integer
    }

    /// A whole number that may be left out.
    func optionalInteger(_ field: String) throws(PayloadFault) -> Int? {
        self[field] == nil ? nil : try integer(field)
    }
}
