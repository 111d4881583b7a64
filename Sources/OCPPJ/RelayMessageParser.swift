import JSONText
import NIOCore
import OutsideNames

extension OCPPMessage {
    /// Reads a relay message, a JSON object, as the broker delivers it (relay-format.md, "Payload"), in one pass.
    ///
    /// - Throws: `malformed`, for a number that names no message type as well.
    package static func parse(
        relay text: ByteBuffer, version: OCPPVersion, limits: MessageLimits = MessageLimits(),
        walkPayload: PayloadWalk = PayloadOwner.skipPayload
    ) throws(OCPPMessageProblem) -> OCPPMessage {
        let result = text.withUnsafeReadableBytes { bytes in
            parse(relay: bytes, text: text, version: version, limits: limits, walkPayload: walkPayload)
        }
        return try result.get()
    }

    /// What a relay message says it is, as far as it can be read; for reports about one that is refused unjudged.
    package static func head(ofRelay text: ByteBuffer) -> OCPPMessageHead {
        text.withUnsafeReadableBytes { bytes in
            var object = RelayElements()
            try? object.scan(bytes, limits: MessageLimits(), walkPayload: PayloadOwner.skipPayload)
            return OCPPMessageHead(
                type: object.elements.messageType(in: bytes), uniqueID: object.elements.readableUniqueID(in: bytes))
        }
    }

    private static func parse(
        relay bytes: UnsafeRawBufferPointer, text: ByteBuffer, version: OCPPVersion, limits: MessageLimits,
        walkPayload: PayloadWalk
    ) -> Result<OCPPMessage, OCPPMessageProblem> {
        var object = RelayElements()
        var syntaxError: JSONSyntaxError?
        do throws(JSONSyntaxError) {
            try object.scan(bytes, limits: limits, walkPayload: walkPayload)
        } catch {
            syntaxError = error
        }
        let elements = object.elements
        do throws(RuleViolation) {
            if let syntaxError { throw RuleViolation("not JSON: \(syntaxError.reason(atByte: object.end))") }
            guard object.isObject else { throw RuleViolation("not an object") }
            if let key = object.duplicateKey { throw RuleViolation("duplicate key \(key)") }
            guard elements.type != nil else { throw RuleViolation("MessageTypeId: missing, but required") }
            guard let type = elements.messageType(in: bytes), version.defines(type) else {
                guard let number = elements.typeNumber(in: bytes) else {
                    throw RuleViolation("MessageTypeId: not a whole number")
                }
                throw RuleViolation(
                    "MessageTypeId: \(number.prefix(20)) names no message type of OCPP \(version.rawValue)")
            }
            let (uniqueID, token) = try elements.checkedUniqueID(in: bytes, limits: limits, owner: object.owner)
            let body = try elements.checkedBody(type: type, in: bytes, limits: limits, owner: object.owner)
            object.walkLate(body, of: uniqueID, in: bytes, walkPayload)
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
    /// Of the payload, once it has been walked.
    private(set) var owner: PayloadOwner?
    /// The first key that stood there already.
    private(set) var duplicateKey: String?
    /// How far the scan came.
    private(set) var end = 0
    /// Keys that the relay format does not know; they are ignored, but may not come twice either. Bytes, because
    /// `String` takes different spellings of a letter with an accent for equal, and JSON does not.
    private var unknownKeys: Set<[UInt8]> = []

    mutating func scan(
        _ bytes: UnsafeRawBufferPointer, limits: MessageLimits, walkPayload: PayloadWalk
    ) throws(JSONSyntaxError) {
        var scanner = JSONScanner(bytes)
        defer { end = scanner.position }
        scanner.skipWhitespace()
        guard scanner.current == UInt8(ascii: "{") else {
            _ = try scanner.scanValue()
            return try scanner.expectEnd()
        }
        isObject = true
        try scanner.walkObject { (key, scanner) throws(JSONSyntaxError) in
            if scanner.current == UInt8(ascii: "{"), elements.payload == nil, key.hasText("Payload", in: bytes),
                let owner = elements.payloadOwner(type: elements.messageType(in: bytes), in: bytes, limits: limits)
            {
                let start = scanner.position
                try walkPayload(owner, &scanner)
                self.owner = owner
                elements.payload = JSONToken(kind: .object, start: start, end: scanner.position)
            } else {
                note(key, try scanner.scanValue(), in: bytes)
            }
        }
        try scanner.expectEnd()
    }

    /// Walks a payload that came before its owner was known. Else the walk of the whole was the walk of the payload
    /// too.
    func walkLate(
        _ body: OCPPMessage.Body, of uniqueID: UniqueID, in bytes: UnsafeRawBufferPointer, _ walk: PayloadWalk
    ) {
        body.walkNullPayload(of: uniqueID, walk)
        guard self.owner == nil else { return }
        let owner: PayloadOwner
        let payload: Range<Int>
        switch body {
        case .call(let action, let range?): (owner, payload) = (.call(action: action), range)
        case .send(let action, let range?): (owner, payload) = (.send(action: action), range)
        case .callResult(let range?): (owner, payload) = (.callResult(uniqueID: uniqueID), range)
        default: return
        }
        var scanner = JSONScanner(UnsafeRawBufferPointer(rebasing: bytes[payload]))
        // It is well-formed, as the walk of the whole has shown.
        try? walk(owner, &scanner)
    }

    private mutating func note(_ key: JSONToken, _ value: JSONToken, in bytes: UnsafeRawBufferPointer) {
        let isNew =
            if key.hasText("MessageTypeId", in: bytes) {
                Self.set(&elements.type, value)
            } else if key.hasText("UniqueId", in: bytes) {
                Self.set(&elements.uniqueID, value)
            } else if key.hasText("Action", in: bytes) {
                Self.set(&elements.action, value)
            } else if key.hasText("Payload", in: bytes) {
                Self.set(&elements.payload, value)
            } else if key.hasText("ErrorCode", in: bytes) {
                Self.set(&elements.errorCode, value)
            } else if key.hasText("ErrorDescription", in: bytes) {
                Self.set(&elements.errorDescription, value)
            } else if key.hasText("ErrorDetails", in: bytes) {
                Self.set(&elements.errorDetails, value)
            } else {
                unknownKeys.insert(Array(key.text(in: bytes).utf8)).inserted
            }
        if !isNew, duplicateKey == nil {
            // Scalars, because one `Character` may be as long as it likes.
            duplicateKey = String(key.text(in: bytes).unicodeScalars.prefix(40))
        }
    }

    /// False if there is an element already; the first stays.
    private static func set(_ element: inout JSONToken?, _ value: JSONToken) -> Bool {
        guard element == nil else { return false }
        element = value
        return true
    }
}
