import NIOCore
import OCPPJ
import OutsideNames

/// One OCPP message with its payload read: the simulator is at the far ends of the message path, where `OCPPJ`'s
/// messages, which only say where their parts lie, become something to act on.
///
/// It is read by `OCPPJ` in both spellings, OCPP-J's array on the WebSocket and the relay format's object on MQTT. It
/// is written here, because `OCPPJ` writes only what it has read.
enum SimulatorMessage: Sendable, Equatable {
    case call(id: String, action: String, payload: JSONObject)
    case callResult(id: String, payload: JSONObject)
    case callError(id: String, code: String, description: String, details: JSONObject)
    /// Since OCPP 2.1: the CALLRESULT with this UniqueId cannot be used.
    case callResultError(id: String, code: String, description: String, details: JSONObject)
    /// Since OCPP 2.1: is never answered.
    case send(id: String, action: String, payload: JSONObject)
}

extension SimulatorMessage {
    /// The longest message that the simulator reads, in bytes.
    static let maximumLength = 65_536

    var id: String {
        switch self {
        case .call(let id, _, _), .callResult(let id, _), .callError(let id, _, _, _),
            .callResultError(let id, _, _, _), .send(let id, _, _):
            id
        }
    }

    // MARK: Reading

    /// Reads an OCPP-J text, of any type that a version has: who reads it knows the version.
    ///
    /// - Throws: for everything that is too long or no OCPP message.
    init(ocppJ bytes: ByteBuffer) throws(OCPPMessageProblem) {
        try Self.checkLength(bytes)
        try self.init(try OCPPMessage.parse(frame: bytes, version: .v21))
    }

    /// Reads a relay message (relay format, "Payload"), of any type that a version has.
    ///
    /// - Throws: for everything that is too long or no OCPP message.
    init(relay bytes: ByteBuffer) throws(OCPPMessageProblem) {
        try Self.checkLength(bytes)
        try self.init(try OCPPMessage.parse(relay: bytes, version: .v21))
    }

    private static func checkLength(_ bytes: ByteBuffer) throws(OCPPMessageProblem) {
        guard bytes.readableBytes > maximumLength else { return }
        throw .malformed(type: nil, uniqueID: nil, reason: "longer than \(maximumLength) bytes")
    }

    private init(_ message: OCPPMessage) throws(OCPPMessageProblem) {
        let id = message.uniqueID.text
        func object(_ part: Range<Int>?) throws(OCPPMessageProblem) -> JSONObject {
            guard let object = try message.value(of: part, else: [:]).objectValue else {
                throw message.malformed("ErrorDetails: not an object")
            }
            return object
        }
        switch message.body {
        case .call(let action, let payload): self = .call(id: id, action: action, payload: try object(payload))
        case .send(let action, let payload): self = .send(id: id, action: action, payload: try object(payload))
        case .callResult(let payload): self = .callResult(id: id, payload: try object(payload))
        case .callError(let code, let description, let details):
            self = .callError(
                id: id, code: try message.errorCode(code), description: try message.text(of: description),
                details: try object(details))
        case .callResultError(let code, let description, let details):
            self = .callResultError(
                id: id, code: try message.errorCode(code), description: try message.text(of: description),
                details: try object(details))
        }
    }

    // MARK: Writing

    /// This message as an OCPP-J text (OCPP-J 1.6, 4.2; the types 5 and 6: OCPP-J 2.1, 4.2).
    func ocppJ() -> ByteBuffer {
        var buffer = ByteBuffer()
        JSONValue.array(elements.map(\.value)).write(into: &buffer)
        return buffer
    }

    /// This message as a relay message.
    func relay() -> ByteBuffer {
        var buffer = ByteBuffer()
        JSONValue.object(JSONObject(elements.map { ($0.key, $0.value) }) { _, last in last }).write(into: &buffer)
        return buffer
    }

    /// In the order of the array, with the keys of the object.
    private var elements: [(key: String, value: JSONValue)] {
        let head: [(String, JSONValue)] = [("MessageTypeId", .integer(type.rawValue)), ("UniqueId", .string(id))]
        switch self {
        case .call(_, let action, let payload), .send(_, let action, let payload):
            return head + [("Action", .string(action)), ("Payload", .object(payload))]
        case .callResult(_, let payload): return head + [("Payload", .object(payload))]
        case .callError(_, let code, let description, let details),
            .callResultError(_, let code, let description, let details):
            return head + [
                ("ErrorCode", .string(code)), ("ErrorDescription", .string(description)),
                ("ErrorDetails", .object(details)),
            ]
        }
    }

    private var type: MessageType {
        switch self {
        case .call: .call
        case .callResult: .callResult
        case .callError: .callError
        case .callResultError: .callResultError
        case .send: .send
        }
    }
}

extension OCPPMessage {
    /// The longest error code that the simulator takes, in bytes; OCPP's own have 30 at most.
    private static let longestErrorCode = 50

    fileprivate func malformed(_ reason: String) -> OCPPMessageProblem {
        .malformed(type: type, uniqueID: uniqueID, reason: reason)
    }

    /// The value of a part; what the sender left out is `fallback`.
    fileprivate func value(of part: Range<Int>?, else fallback: JSONValue) throws(OCPPMessageProblem) -> JSONValue {
        guard let part else { return fallback }
        do {
            return try text.withUnsafeReadableBytes { bytes in
                try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: bytes[part]))
            }
        } catch {
            throw malformed("\(error)")
        }
    }

    fileprivate func text(of part: Range<Int>?) throws(OCPPMessageProblem) -> String {
        try value(of: part, else: "").stringValue ?? ""
    }

    fileprivate func errorCode(_ part: Range<Int>) throws(OCPPMessageProblem) -> String {
        let code = try text(of: part)
        guard code.utf8.count <= Self.longestErrorCode else { throw malformed("ErrorCode: too long") }
        return code
    }
}
