import JSONText
import NIOCore

extension OCPPMessage {
    /// Reads a relay message, a JSON object, as the broker delivers it (relay-format.md, "Payload"), in one pass.
    ///
    /// - Throws: `unknownMessageType` or `malformed`.
    public static func parse(
        relay text: ByteBuffer, version: OCPPVersion, limits: MessageLimits = MessageLimits()
    ) throws(OCPPMessageProblem) -> OCPPMessage {
        let result = text.withUnsafeReadableBytes { bytes in
            parse(relay: bytes, text: text, version: version, limits: limits)
        }
        return try result.get()
    }

    /// The UniqueId of a relay message, as far as it can be read; for reports about a message that is refused unread.
    public static func uniqueID(ofRelay text: ByteBuffer) -> String? {
        text.withUnsafeReadableBytes { bytes in
            var object = RelayElements()
            try? object.scan(bytes)
            return object.elements.readableUniqueID(in: bytes)
        }
    }

    private static func parse(
        relay bytes: UnsafeRawBufferPointer, text: ByteBuffer, version: OCPPVersion, limits: MessageLimits
    ) -> Result<OCPPMessage, OCPPMessageProblem> {
        var object = RelayElements()
        var syntaxError: JSONSyntaxError?
        do throws(JSONSyntaxError) {
            try object.scan(bytes)
        } catch {
            syntaxError = error
        }
        let elements = object.elements
        do throws(RuleViolation) {
            if let syntaxError { throw RuleViolation("not JSON: \(syntaxError.reason)") }
            guard object.isObject else { throw RuleViolation("not an object") }
            if let key = object.duplicateKey { throw RuleViolation("duplicate key \(key)") }
            guard elements.type != nil else { throw RuleViolation("MessageTypeId: missing, but required") }
            guard let number = elements.typeNumber(in: bytes) else {
                throw RuleViolation("MessageTypeId: not a whole number")
            }
            guard let type = elements.messageType(in: bytes) else {
                throw RuleViolation("MessageTypeId: \(number.prefix(20)) names no message type")
            }
            let (uniqueID, token) = try elements.checkedUniqueID(in: bytes, limits: limits)
            let body = try elements.checkedBody(type: type, in: bytes, version: version, limits: limits)
            return .success(OCPPMessage(uniqueID: uniqueID, uniqueIDToken: token, body: body, text: text))
        } catch {
            return .failure(
                .malformed(
                    type: elements.messageType(in: bytes), uniqueID: elements.readableUniqueID(in: bytes),
                    reason: error.reason))
        }
    }
}

/// The known members of the relay object, as far as the scan came.
private struct RelayElements {
    private(set) var elements = MessageElements()
    private(set) var isObject = false
    /// The first key that stood there already.
    private(set) var duplicateKey: String?
    /// Keys that the relay format does not know; they are ignored, but may not come twice either.
    private var unknownKeys: Set<String> = []

    mutating func scan(_ bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
        var scanner = JSONScanner(bytes)
        scanner.skipWhitespace()
        guard scanner.take(UInt8(ascii: "{")) else {
            _ = try scanner.scanValue()
            return try scanner.expectEnd()
        }
        isObject = true
        try scanner.enter()
        scanner.skipWhitespace()
        if !scanner.take(UInt8(ascii: "}")) {
            repeat {
                scanner.skipWhitespace()
                let key = try scanner.scanString()
                try scanner.skipColon()
                note(key, try scanner.scanValue(), in: bytes)
                scanner.skipWhitespace()
            } while scanner.take(UInt8(ascii: ","))
            try scanner.expect(UInt8(ascii: "}"))
        }
        scanner.leave()
        try scanner.expectEnd()
    }

    private mutating func note(_ key: JSONToken, _ value: JSONToken, in bytes: UnsafeRawBufferPointer) {
        if key.hasText("MessageTypeId", in: bytes) {
            set(\.type, value, "MessageTypeId")
        } else if key.hasText("UniqueId", in: bytes) {
            set(\.uniqueID, value, "UniqueId")
        } else if key.hasText("Action", in: bytes) {
            set(\.action, value, "Action")
        } else if key.hasText("Payload", in: bytes) {
            set(\.payload, value, "Payload")
        } else if key.hasText("ErrorCode", in: bytes) {
            set(\.errorCode, value, "ErrorCode")
        } else if key.hasText("ErrorDescription", in: bytes) {
            set(\.errorDescription, value, "ErrorDescription")
        } else if key.hasText("ErrorDetails", in: bytes) {
            set(\.errorDetails, value, "ErrorDetails")
        } else {
            let name = key.text(in: bytes)
            if !unknownKeys.insert(name).inserted { duplicateKey = duplicateKey ?? "/\(name.prefix(40))" }
        }
    }

    private mutating func set(
        _ element: WritableKeyPath<MessageElements, JSONToken?>, _ value: JSONToken, _ name: String
    ) {
        if elements[keyPath: element] != nil {
            duplicateKey = duplicateKey ?? name
        } else {
            elements[keyPath: element] = value
        }
    }
}
