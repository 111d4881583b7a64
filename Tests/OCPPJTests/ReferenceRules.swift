import OCPPJ
import ReferenceJSON

/// The rules of relay-format.md and behaviour.md, written once more, plainly, on the reference parser's tree.
struct ReferenceRules {
    let bytes: [UInt8]
    let checksUniqueID: Bool
    /// The message types of the version.
    let types: ClosedRange<Int>

    func outcomeOfFrame() -> Outcome {
        let reading = ReferenceParser.read(bytes)
        let elements = reading.elements
        let isArray = reading.value?.elements != nil
        var parts = Parts(type: elements.first, uniqueID: elements.count > 1 ? elements[1] : nil)
        let rest = Array(elements.dropFirst(2))
        switch typeNumber(parts.type) {
        case "2" where rest.count == 2, "6" where rest.count == 2: (parts.action, parts.payload) = (rest[0], rest[1])
        case "3" where rest.count == 1: parts.payload = rest[0]
        case "4" where rest.count >= 1, "5" where rest.count >= 1:
            parts.code = rest[0]
            parts.description = rest.count > 1 ? rest[1] : nil
            parts.details = rest.count > 2 ? rest[2] : nil
        default: break
        }
        if reading.value == nil, !ReferenceParser.isUTF8(bytes) { return .notUTF8 }
        if isArray, let number = typeNumber(parts.type), !types.map(String.init).contains(number) {
            return .unknownMessageType(number: String(number.prefix(20)), uniqueID: readable(parts.uniqueID))
        }
        return outcome(of: parts, isSound: isArray, known: types)
    }

    func outcomeOfRelay() -> Outcome {
        let reading = ReferenceParser.read(bytes)
        func first(_ key: String) -> ReferenceValue? {
            reading.members.first { $0.key.scalars == Array(key.unicodeScalars) }?.value
        }
        let keys = reading.members.compactMap(\.key.scalars)
        let hasDuplicates = Set(keys).count < keys.count
        let parts = Parts(
            type: first("MessageTypeId"), uniqueID: first("UniqueId"), action: first("Action"),
            payload: first("Payload"), code: first("ErrorCode"), description: first("ErrorDescription"),
            details: first("ErrorDetails"))
        return outcome(of: parts, isSound: reading.value?.members != nil && !hasDuplicates, known: 2...6)
    }

    private struct Parts {
        var type: ReferenceValue?
        var uniqueID: ReferenceValue?
        var action: ReferenceValue?
        var payload: ReferenceValue?
        var code: ReferenceValue?
        var description: ReferenceValue?
        var details: ReferenceValue?
    }

    /// - Parameter known: the types that are told even of a message that is none.
    private func outcome(of parts: Parts, isSound: Bool, known: ClosedRange<Int>) -> Outcome {
        let type = typeNumber(parts.type).flatMap { number in known.first { "\($0)" == number } }
        let uniqueID = readable(parts.uniqueID)
        if isSound, let type, types.contains(type), let uniqueID, !checksUniqueID || uniqueID.count <= 36,
            let body = body(type, parts)
        {
            let head = written(parts.uniqueID, orElse: "")
            var relay = Array("{\"MessageTypeId\":\(type),\"UniqueId\":".utf8) + head
            var frame = Array("[\(type),".utf8) + head
            for (key, value) in body {
                relay += Array(",\"\(key)\":".utf8) + value
                // Details go down as an object only.
                let isOddDetails = key == "ErrorDetails" && value.first != UInt8(ascii: "{")
                frame += Array(",".utf8) + (isOddDetails ? Array("{}".utf8) : value)
            }
            return .message(
                type: type, uniqueID: uniqueID, relay: relay + Array("}".utf8), frame: frame + Array("]".utf8))
        }
        return .malformed(type: type, uniqueID: uniqueID)
    }

    /// The members behind the UniqueId as they are to be written; nil if one is missing or wrong.
    private func body(_ type: Int, _ parts: Parts) -> [(String, [UInt8])]? {
        func payload() -> (String, [UInt8])? {
            isNull(parts.payload) || parts.payload?.members != nil
                ? ("Payload", written(isNull(parts.payload) ? nil : parts.payload, orElse: "{}")) : nil
        }
        switch type {
        case 2, 6:
            guard let action = parts.action?.scalars, (1...50).contains(action.count),
                action.allSatisfy({
                    $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "-")
                }),
                let payload = payload()
            else { return nil }
            return [("Action", Array("\"".utf8) + action.map { UInt8(ascii: $0) } + Array("\"".utf8)), payload]
        case 3:
            return payload().map { [$0] }
        default:
            guard parts.code?.scalars != nil else { return nil }
            return [
                ("ErrorCode", written(parts.code, orElse: "")),
                (
                    "ErrorDescription",
                    written(parts.description?.scalars == nil ? nil : parts.description, orElse: "\"\"")
                ),
                ("ErrorDetails", written(isNull(parts.details) ? nil : parts.details, orElse: "{}")),
            ]
        }
    }

    private func typeNumber(_ value: ReferenceValue?) -> String? {
        guard let value, case .number = value.content else { return nil }
        let text = String(decoding: bytes[value.range], as: UTF8.self)
        return text.allSatisfy { "-0123456789".contains($0) } ? text : nil
    }

    private func readable(_ value: ReferenceValue?) -> [Unicode.Scalar]? {
        guard let scalars = value?.scalars, (1...255).contains(value?.text?.utf8.count ?? 0) else { return nil }
        return scalars
    }

    private func isNull(_ value: ReferenceValue?) -> Bool {
        if case .null = value?.content { true } else { false }
    }

    private func written(_ value: ReferenceValue?, orElse other: String) -> [UInt8] {
        value.map { Array(bytes[$0.range]) } ?? Array(other.utf8)
    }
}
