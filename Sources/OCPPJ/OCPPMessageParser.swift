import JSONText
import NIOCore

extension OCPPMessage {
    /// Reads an OCPP-J message, a JSON array, as a charge point sends it (OCPP-J 1.6, 4.2), in one pass.
    ///
    /// - Parameter walkPayload: walks the payload of a CALL or CALLRESULT in this pass, from its first byte to its
    ///   last. It is called at most once, before the message is known to be valid.
    /// - Throws: `notUTF8`, `unknownMessageType` or `malformed`.
    package static func parse(
        frame text: ByteBuffer, version: OCPPVersion, limits: MessageLimits = MessageLimits(),
        walkPayload: PayloadWalk = PayloadOwner.skipPayload
    ) throws(OCPPMessageProblem) -> OCPPMessage {
        let result = text.withUnsafeReadableBytes { bytes in
            parse(bytes: bytes, text: text, version: version, limits: limits, walkPayload: walkPayload)
        }
        return try result.get()
    }

    private static func parse(
        bytes: UnsafeRawBufferPointer, text: ByteBuffer, version: OCPPVersion, limits: MessageLimits,
        walkPayload: PayloadWalk
    ) -> Result<OCPPMessage, OCPPMessageProblem> {
        var array = FrameElements(version: version)
        do throws(JSONSyntaxError) {
            try array.scan(bytes, limits: limits, walkPayload: walkPayload)
        } catch {
            guard bytes.isUTF8 else { return .failure(.notUTF8) }
            return .failure(array.malformed("not JSON: \(error.reason(atByte: array.end))", in: bytes))
        }
        let elements = array.elements
        guard array.isArray else { return .failure(array.malformed("not an array", in: bytes)) }
        guard let type = array.type, version.defines(type) else {
            guard let number = elements.typeNumber(in: bytes) else {
                return .failure(array.malformed("MessageTypeId: not a whole number", in: bytes))
            }
            return .failure(
                .unknownMessageType(
                    number: String(number.prefix(20)), uniqueID: elements.readableUniqueID(in: bytes)))
        }
        do throws(RuleViolation) {
            guard type.elementCount.contains(array.count) else {
                throw RuleViolation("an array of \(array.count) elements instead of \(type.elementCount.lowerBound)")
            }
            let (uniqueID, token) = try elements.checkedUniqueID(in: bytes, limits: limits, owner: array.owner)
            let body = try elements.checkedBody(type: type, in: bytes, limits: limits, owner: array.owner)
            body.walkNullPayload(of: uniqueID, walkPayload)
            return .success(OCPPMessage(uniqueID: uniqueID, uniqueIDToken: token, body: body, text: text))
        } catch {
            return .failure(array.malformed(error.reason, in: bytes))
        }
    }
}

extension MessageType {
    /// How many elements its array has. A CALLERROR keeps its code whatever is odd about the rest (relay-format.md):
    /// charge points exist that leave the description or the details out.
    fileprivate var elementCount: ClosedRange<Int> {
        switch shape {
        case .actionAndPayload: 4...4
        case .payload: 3...3
        case .error: 3...Int.max
        }
    }
}

/// The elements of the array, as far as the scan came.
private struct FrameElements {
    private let version: OCPPVersion
    private var first: JSONToken?
    private var second: JSONToken?
    private var third: JSONToken?
    private var fourth: JSONToken?
    private var fifth: JSONToken?
    /// What the first element says.
    private(set) var type: MessageType?
    /// Of the payload, once it has been walked.
    private(set) var owner: PayloadOwner?
    private(set) var count = 0
    private(set) var isArray = false
    /// How far the scan came.
    private(set) var end = 0

    init(version: OCPPVersion) {
        self.version = version
    }

    mutating func scan(
        _ bytes: UnsafeRawBufferPointer, limits: MessageLimits, walkPayload: PayloadWalk
    ) throws(JSONSyntaxError) {
        var scanner = JSONScanner(bytes)
        defer { end = scanner.position }
        scanner.skipWhitespace()
        guard scanner.current == UInt8(ascii: "[") else {
            _ = try scanner.scanValue()
            return try scanner.expectEnd()
        }
        isArray = true
        try scanner.walkArray { (scanner) throws(JSONSyntaxError) in
            if scanner.current == UInt8(ascii: "{"), let owner = payloadOwner(in: bytes, limits: limits) {
                let start = scanner.position
                try walkPayload(owner, &scanner)
                self.owner = owner
                append(JSONToken(kind: .object, start: start, end: scanner.position))
            } else {
                append(try scanner.scanValue())
                if count == 1 { type = elements.messageType(in: bytes) }
            }
        }
        try scanner.expectEnd()
    }

    /// What the next element is the payload of, if it is one.
    private func payloadOwner(in bytes: UnsafeRawBufferPointer, limits: MessageLimits) -> PayloadOwner? {
        switch (type, count) {
        case (.call, 3), (.send, 3), (.callResult, 2):
            elements.payloadOwner(type: type, in: bytes, limits: limits)
        default: nil
        }
    }

    private mutating func append(_ token: JSONToken) {
        switch count {
        case 0: first = token
        case 1: second = token
        case 2: third = token
        case 3: fourth = token
        case 4: fifth = token
        default: break
        }
        count += 1
    }

    /// Which element is which depends on the first.
    var elements: MessageElements {
        var elements = MessageElements(type: first, uniqueID: second)
        switch type?.shape {
        case .actionAndPayload: (elements.action, elements.payload) = (third, fourth)
        case .payload: elements.payload = third
        case .error:
            (elements.errorCode, elements.errorDescription, elements.errorDetails) = (third, fourth, fifth)
        case nil: break
        }
        return elements
    }

    func malformed(_ reason: String, in bytes: UnsafeRawBufferPointer) -> OCPPMessageProblem {
        let type = type.flatMap { version.defines($0) ? $0 : nil }
        return .malformed(
            type: type, uniqueID: elements.readableUniqueID(in: bytes), reason: reason)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether all of it is UTF-8; for texts that failed already, so it need not be fast.
    fileprivate var isUTF8: Bool {
        String(validating: self, as: UTF8.self) != nil
    }
}
