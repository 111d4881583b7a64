import JSONText
import OutsideNames

/// The elements of a message, found but not yet judged; nil where there is none.
///
/// Both texts of a message, the OCPP-J array and the relay object, fill it, so that one set of rules judges both.
struct MessageElements {
    var type: JSONToken?
    var uniqueID: JSONToken?
    var action: JSONToken?
    var payload: JSONToken?
    var errorCode: JSONToken?
    var errorDescription: JSONToken?
    var errorDetails: JSONToken?

    /// The number of the message type as it is written, if it is a whole number.
    func typeNumber(in bytes: UnsafeRawBufferPointer) -> String? {
        guard let type, type.kind == .number else { return nil }
        let digits = String(decoding: bytes[type.range], as: UTF8.self)
        return digits.utf8.allSatisfy({ $0 != UInt8(ascii: ".") && $0 | 0x20 != UInt8(ascii: "e") }) ? digits : nil
    }

    func messageType(in bytes: UnsafeRawBufferPointer) -> MessageType? {
        // One digit, as nearly always.
        if let type, type.kind == .number, type.range.count == 1 {
            return MessageType(rawValue: Int(bytes[type.start]) - Int(UInt8(ascii: "0")))
        }
        return typeNumber(in: bytes).flatMap { Int($0) }.flatMap { MessageType(rawValue: $0) }
    }

    /// The UniqueId, if there is one that can be sent back.
    func readableUniqueID(in bytes: UnsafeRawBufferPointer) -> UniqueID? {
        guard let uniqueID, uniqueID.kind == .string,
            // An escape takes at most six bytes for one: the limit in bytes bounds what is decoded.
            uniqueID.content.count <= 6 * MessageLimits.longestUncheckedUniqueID
        else { return nil }
        let text = uniqueID.text(in: bytes)
        return (1...MessageLimits.longestUncheckedUniqueID).contains(text.utf8.count) ? UniqueID(text) : nil
    }
}

/// A rule that a well-formed JSON text breaks, in plain words.
struct RuleViolation: Error {
    var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

extension MessageElements {
    // What has been read for the walk of the payload, its owner's name, need not be read again.

    /// The UniqueId, held against its rule.
    func checkedUniqueID(
        in bytes: UnsafeRawBufferPointer, limits: MessageLimits, owner: PayloadOwner?
    ) throws(RuleViolation) -> (UniqueID, Range<Int>) {
        guard let uniqueID else { throw RuleViolation("UniqueId: missing, but required") }
        guard uniqueID.kind == .string else { throw RuleViolation("UniqueId: not a string") }
        guard let id = owner?.uniqueID ?? readableUniqueID(in: bytes), limits.allows(uniqueID: id) else {
            throw RuleViolation(
                limits.enforcesUniqueIDLength
                    ? "UniqueId: not 1 to \(MessageLimits.longestUniqueID) characters"
                    : "UniqueId: not 1 to \(MessageLimits.longestUncheckedUniqueID) bytes")
        }
        return (id, uniqueID.range)
    }

    func checkedAction(
        in bytes: UnsafeRawBufferPointer, limits: MessageLimits, owner: PayloadOwner? = nil
    ) throws(RuleViolation) -> String {
        if let action = owner?.action { return action }
        guard let action else { throw RuleViolation("Action: missing, but required") }
        guard action.kind == .string else { throw RuleViolation("Action: not a string") }
        guard action.content.count <= 6 * MessageLimits.longestAction else {
            throw RuleViolation("Action: longer than \(MessageLimits.longestAction) characters")
        }
        let text = action.text(in: bytes)
        guard limits.allows(action: text) else {
            throw RuleViolation("Action: not 1 to \(MessageLimits.longestAction) letters, digits and hyphens")
        }
        return text
    }

    /// The payload; nil for `null`, which is read as `{}` in every version.
    func checkedPayload() throws(RuleViolation) -> Range<Int>? {
        guard let payload else { throw RuleViolation("Payload: missing, but required") }
        switch payload.kind {
        case .object: return payload.range
        case .null: return nil
        default: throw RuleViolation("Payload: not an object")
        }
    }

    private typealias ErrorParts = (code: Range<Int>, description: Range<Int>?, details: Range<Int>?)

    private func checkedError() throws(RuleViolation) -> ErrorParts {
        guard let errorCode else { throw RuleViolation("ErrorCode: missing, but required") }
        guard errorCode.kind == .string else { throw RuleViolation("ErrorCode: not a string") }
        return (
            errorCode.range, errorDescription?.kind == .string ? errorDescription?.range : nil,
            errorDetails?.kind == .null ? nil : errorDetails?.range
        )
    }

    /// The body that a message of this type has.
    func checkedBody(
        type: MessageType, in bytes: UnsafeRawBufferPointer, limits: MessageLimits, owner: PayloadOwner?
    ) throws(RuleViolation) -> OCPPMessage.Body {
        switch type {
        case .call:
            let action = try checkedAction(in: bytes, limits: limits, owner: owner)
            return .call(action: action, payload: try checkedPayload())
        case .send:
            let action = try checkedAction(in: bytes, limits: limits, owner: owner)
            return .send(action: action, payload: try checkedPayload())
        case .callResult: return .callResult(payload: try checkedPayload())
        case .callError:
            let error = try checkedError()
            return .callError(code: error.code, description: error.description, details: error.details)
        case .callResultError:
            let error = try checkedError()
            return .callResultError(code: error.code, description: error.description, details: error.details)
        }
    }
}
