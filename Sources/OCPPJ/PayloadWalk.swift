import JSONText
import OutsideNames

/// What a payload belongs to, as far as it is known when the payload is walked.
package enum PayloadOwner: Sendable, Equatable {
    case call(action: String)
    case send(action: String)
    /// The CALL with this UniqueId says which action it is.
    case callResult(uniqueID: UniqueID)

    var action: String? {
        switch self {
        case .call(let action), .send(let action): action
        case .callResult: nil
        }
    }

    var uniqueID: UniqueID? {
        if case .callResult(let uniqueID) = self { uniqueID } else { nil }
    }

    /// Walks a payload and does no more than prove it well-formed.
    package static func skipPayload(_ owner: PayloadOwner, _ scanner: inout JSONScanner) throws(JSONSyntaxError) {
        _ = try scanner.scanValue()
    }
}

/// Walks one value, the payload, from its first byte to behind its last.
package typealias PayloadWalk = (_ owner: PayloadOwner, _ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Void

extension MessageElements {
    /// What a payload that comes next would belong to; nil where that cannot be said (yet).
    func payloadOwner(
        type: MessageType?, in bytes: UnsafeRawBufferPointer, limits: MessageLimits
    ) -> PayloadOwner? {
        switch type {
        case .call: (try? checkedAction(in: bytes, limits: limits)).map { .call(action: $0) }
        case .send: (try? checkedAction(in: bytes, limits: limits)).map { .send(action: $0) }
        case .callResult: readableUniqueID(in: bytes).map { .callResult(uniqueID: $0) }
        case .callError, .callResultError, nil: nil
        }
    }
}

extension OCPPMessage.Body {
    /// A payload that was sent as `null` is walked as the `{}` that it is read as.
    func walkNullPayload(of uniqueID: UniqueID, _ walk: PayloadWalk) {
        let owner: PayloadOwner
        switch self {
        case .call(let action, nil): owner = .call(action: action)
        case .send(let action, nil): owner = .send(action: action)
        case .callResult(nil): owner = .callResult(uniqueID: uniqueID)
        default: return
        }
        let empty: StaticString = "{}"
        var scanner = JSONScanner(UnsafeRawBufferPointer(start: empty.utf8Start, count: empty.utf8CodeUnitCount))
        // It is well-formed.
        try? walk(owner, &scanner)
    }
}
