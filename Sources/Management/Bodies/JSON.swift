import NIOCore
import OutsideNames

/// A JSON value as it comes in a body and goes into an answer. Members keep their order, numbers their spelling.
package enum JSON: Sendable {
    case null
    case bool(Bool)
    /// As JSON spells it.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])
    /// A JSON text that is known to be well-formed, written as it is.
    case verbatim(ByteBuffer)

    package struct Member: Sendable, Equatable {
        package var key: String
        package var value: JSON

        package init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    package static func integer(_ value: Int) -> JSON { .number(String(value)) }
    package static func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
}

extension JSON: Equatable {
    /// Texts are compared by their bytes; members in any order.
    package static func == (one: Self, other: Self) -> Bool {
        switch (one, other) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.number(let one), .number(let other)): one.hasSameBytes(as: other)
        case (.string(let one), .string(let other)): one.hasSameBytes(as: other)
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)):
            one.count == other.count && one.allSatisfy { member in other.value(of: member.key) == member.value }
        case (.verbatim(let one), .verbatim(let other)): one == other
        default: false
        }
    }
}

extension JSON.Member {
    package static func == (one: Self, other: Self) -> Bool {
        one.key.hasSameBytes(as: other.key) && one.value == other.value
    }
}

extension [JSON.Member] {
    package func value(of key: String) -> JSON? {
        first { $0.key.hasSameBytes(as: key) }?.value
    }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }

    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSON {
    package subscript(key: String) -> JSON? {
        members?.value(of: key)
    }

    package var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    package var elements: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// `1.0` is a whole number too.
    package var integer: Int? {
        guard case .number(let digits) = self else { return nil }
        return Int(digits) ?? Double(digits).flatMap { Int(exactly: $0) }
    }

    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// An object without these members.
    func without(_ keys: [String]) -> JSON {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { member in !keys.contains { $0.hasSameBytes(as: member.key) } })
    }
}
