import JSONText
import NIOCore
import OCPPJ

/// A JSON object of the simulator.
typealias JSONObject = [String: JSONValue]

/// A JSON value. The simulator is at the far ends of the message path, so that it may hold a tree.
enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    /// Reads a JSON text, and nothing behind it. `JSONText` bounds its depth.
    init(parsing bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
        var scanner = JSONScanner(bytes)
        scanner.skipWhitespace()
        let token = try scanner.scanValue()
        try scanner.expectEnd()
        try self.init(token, in: bytes)
    }

    private init(_ token: JSONToken, in bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
        let part = UnsafeRawBufferPointer(rebasing: bytes[token.range])
        switch token.kind {
        case .null: self = .null
        case .true: self = .bool(true)
        case .false: self = .bool(false)
        case .string: self = .string(token.text(in: bytes))
        case .number: self = try Self.number(String(decoding: part, as: UTF8.self))
        case .array:
            var values: [JSONValue] = []
            try JSONScanner.forEachElement(of: part) { element throws(JSONSyntaxError) in
                values.append(try JSONValue(element, in: part))
            }
            self = .array(values)
        case .object:
            var members: JSONObject = [:]
            try JSONScanner.forEachMember(of: part) { key, value throws(JSONSyntaxError) in
                members[key.text(in: part)] = try JSONValue(value, in: part)
            }
            self = .object(members)
        }
    }

    /// A number is whole when it is written so and fits; one that no `Double` holds is none.
    private static func number(_ digits: String) throws(JSONSyntaxError) -> JSONValue {
        if let integer = Int(digits) { return .integer(integer) }
        guard let number = Double(digits), number.isFinite else { throw .invalidNumber }
        return .number(number)
    }

    /// Writes this value without white space, the keys of objects in alphabetical order.
    func write(into buffer: inout ByteBuffer) {
        switch self {
        case .null: buffer.writeString("null")
        case .bool(let value): buffer.writeString(value ? "true" : "false")
        case .integer(let value): buffer.writeString(String(value))
        case .number(let value): buffer.writeString(value.isFinite ? String(value) : "null")
        case .string(let value): buffer.writeJSONString(value)
        case .array(let values):
            buffer.writeString("[")
            for (index, value) in values.enumerated() {
                if index > 0 { buffer.writeString(",") }
                value.write(into: &buffer)
            }
            buffer.writeString("]")
        case .object(let members):
            buffer.writeString("{")
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { buffer.writeString(",") }
                buffer.writeJSONString(member.key)
                buffer.writeString(":")
                member.value.write(into: &buffer)
            }
            buffer.writeString("}")
        }
    }
}

extension JSONValue {
    var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// A whole number, also when it is spelt as `7.0`.
    var integerValue: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// A number, whole or not.
    var numberValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int) { self = .integer(value) }
    init(floatLiteral value: Double) { self = .number(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements) { _, last in last })
    }
}
