import JSONText

/// A text that equals another only if it has the same code points (`String` compares by canonical equivalence).
struct ExactText: Hashable, Sendable {
    let utf8: [UInt8]

    init(_ text: String) {
        utf8 = Array(text.utf8)
    }

    var string: String { String(decoding: utf8, as: UTF8.self) }
}

/// A JSON value as a tree that compares by value (1 equals 1.0, members in any order): schema documents, and the few
/// values of messages that `enum`, `const` and `uniqueItems` cannot compare in place.
enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case number(DecimalNumber, text: NumberText)
    case string(ExactText)
    case array([JSONValue])
    case object(JSONObject)

    /// How a number is written, which is no part of its value.
    struct NumberText: Hashable, Sendable {
        let text: String

        static func == (_: Self, _: Self) -> Bool { true }
        func hash(into _: inout Hasher) {}
    }

    var string: String? {
        guard case .string(let text) = self else { return nil }
        return text.string
    }

    var number: DecimalNumber? {
        guard case .number(let number, _) = self else { return nil }
        return number
    }
}

/// The members of an object; their order is kept, but is no part of the value.
struct JSONObject: Hashable, Sendable {
    private(set) var members: [(name: String, value: JSONValue)] = []
    private var places: [ExactText: Int] = [:]

    subscript(name: String) -> JSONValue? {
        places[ExactText(name)].map { members[$0].value }
    }

    /// Of two members with one name the last counts. Returns false for such a repetition.
    mutating func set(_ name: String, _ value: JSONValue) -> Bool {
        let key = ExactText(name)
        if let place = places[key] {
            members[place].value = value
            return false
        }
        places[key] = members.count
        members.append((name, value))
        return true
    }

    static func == (left: Self, right: Self) -> Bool {
        left.members.count == right.members.count
            && left.places.allSatisfy { key, place in
                right.places[key].map { right.members[$0].value == left.members[place].value } ?? false
            }
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(members.count)
        var sum = 0
        for (key, place) in places {
            var member = hasher
            member.combine(key)
            member.combine(members[place].value)
            sum &+= member.finalize()
        }
        hasher.combine(sum)
    }
}

/// Builds trees from bytes.
struct JSONTreeReader {
    /// JSON pointers of members whose name stood in their object before; only kept for schema documents.
    private(set) var repeatedNames: [String] = []
    private let notesRepeatedNames: Bool
    /// How far the last reading came.
    private(set) var end = 0

    init(notesRepeatedNames: Bool) {
        self.notesRepeatedNames = notesRepeatedNames
    }

    static func read(_ bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) -> JSONValue {
        var reader = JSONTreeReader(notesRepeatedNames: false)
        return try reader.read(bytes)
    }

    mutating func read(_ bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) -> JSONValue {
        var scanner = JSONScanner(bytes)
        defer { end = scanner.position }
        scanner.skipWhitespace()
        let value = try value(&scanner, at: "")
        try scanner.expectEnd()
        return value
    }

    private mutating func value(
        _ scanner: inout JSONScanner, at pointer: String
    ) throws(JSONSyntaxError) -> JSONValue {
        switch scanner.current {
        case UInt8(ascii: "{"): return try object(&scanner, at: pointer)
        case UInt8(ascii: "["): return try array(&scanner, at: pointer)
        default: break
        }
        let token = try scanner.scanValue()
        switch token.kind {
        case .null, .object, .array: return .null  // the latter two were dealt with above
        case .true: return .boolean(true)
        case .false: return .boolean(false)
        case .string: return .string(ExactText(token.text(in: scanner.bytes)))
        case .number:
            let literal = UnsafeRawBufferPointer(rebasing: scanner.bytes[token.range])
            return .number(
                DecimalNumber(DecimalText(literal)),
                text: JSONValue.NumberText(text: String(decoding: literal, as: UTF8.self)))
        }
    }

    private mutating func array(
        _ scanner: inout JSONScanner, at pointer: String
    ) throws(JSONSyntaxError) -> JSONValue {
        var items: [JSONValue] = []
        try scanner.walkArray { (scanner) throws(JSONSyntaxError) in
            items.append(try value(&scanner, at: notesRepeatedNames ? pointer + "/\(items.count)" : ""))
        }
        return .array(items)
    }

    private mutating func object(
        _ scanner: inout JSONScanner, at pointer: String
    ) throws(JSONSyntaxError) -> JSONValue {
        var object = JSONObject()
        try scanner.walkObject { (key, scanner) throws(JSONSyntaxError) in
            let name = key.text(in: scanner.bytes)
            let place = notesRepeatedNames ? pointer + JSONPointer.component(name) : ""
            let value = try value(&scanner, at: place)
            if !object.set(name, value), notesRepeatedNames { repeatedNames.append(place) }
        }
        return .object(object)
    }
}
