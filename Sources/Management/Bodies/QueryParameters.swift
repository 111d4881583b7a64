import OutsideNames

/// What stands behind the `?` of a request, decoded. A parameter that comes twice counts as it comes first.
struct QueryParameters: Sendable, Equatable {
    private struct Parameter: Sendable, Equatable {
        var name: String
        var value: String

        static func == (one: Self, other: Self) -> Bool {
            one.name.hasSameBytes(as: other.name) && one.value.hasSameBytes(as: other.value)
        }
    }

    private var values: [Parameter] = []

    /// - Throws: 400 where it is not percent-encoded UTF-8, or has more than a hundred parameters.
    init(_ query: Substring) throws(APIError) {
        let parts = query.split(separator: "&")
        guard parts.count <= 100 else { throw .badRequest("more than 100 query parameters") }
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(pair[0], plusIsSpace: true),
                let value = PercentEncoding.decode(pair.count > 1 ? pair[1] : "", plusIsSpace: true)
            else { throw .badRequest("the query is not percent-encoded UTF-8") }
            values.append(Parameter(name: name, value: value))
        }
    }

    subscript(name: String) -> String? {
        values.first { $0.name.hasSameBytes(as: name) }?.value
    }

    /// `true` or `false`; nil: it is not there.
    func bool(_ name: String) throws(APIError) -> Bool? {
        guard let text = self[name] else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default: throw .badRequest("Bad value \"\(text.shortened)\" for \"\(name)\": expected true or false")
        }
    }

    func time(_ name: String) throws(APIError) -> Timestamp? {
        guard let text = self[name] else { return nil }
        guard let time = Timestamp(text) else {
            throw .badRequest("Bad value \"\(text.shortened)\" for \"\(name)\": expected a time in RFC 3339")
        }
        return time
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .invalidParameter(
                "Bad value \"\(text.shortened)\" for \"\(name)\": expected \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

enum PercentEncoding {
    /// Nil: a `%` without two hexadecimal digits, a NUL, or bytes that are not UTF-8.
    static func decode(_ text: Substring, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit),
                    high != 0 || low != 0
                else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
