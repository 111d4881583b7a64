/// A second JSON parser, written to be evident and not fast, that the scanner is held against: RFC 8259 with strict
/// UTF-8, no lone surrogates, and 64 levels at the most.
///
/// It goes other ways than the scanner where there is one: recursion, a UTF-8 decoder that computes the scalar, numbers
/// taken apart as text.
package struct ReferenceParser {
    private struct NotJSON: Error {}

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0
    /// What was read of the outermost array or object before the text broke.
    private var outermostElements: [ReferenceValue] = []
    private var outermostMembers: [ReferenceValue.Member] = []

    /// What a text holds.
    package struct Reading {
        /// nil for a text that is not JSON.
        package var value: ReferenceValue?
        /// The outermost array's elements that were whole, also where the text broke behind them.
        package var elements: [ReferenceValue]
        /// The same for the outermost object's members.
        package var members: [ReferenceValue.Member]
    }

    package static func read(_ bytes: [UInt8]) -> Reading {
        var parser = ReferenceParser(bytes: bytes)
        let value = try? parser.text()
        return Reading(value: value, elements: parser.outermostElements, members: parser.outermostMembers)
    }

    package static func isUTF8(_ bytes: [UInt8]) -> Bool {
        var parser = ReferenceParser(bytes: bytes)
        while parser.position < bytes.count {
            guard (try? parser.scalar()) != nil else { return false }
        }
        return true
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func text() throws -> ReferenceValue {
        skipWhitespace()
        let value = try value()
        skipWhitespace()
        guard position == bytes.count else { throw NotJSON() }
        return value
    }

    private mutating func value() throws -> ReferenceValue {
        let start = position
        let content: ReferenceValue.Content
        switch peek {
        case "{": content = .object(try members())
        case "[": content = .array(try elements())
        case "\"": content = .string(try string())
        case "t": content = try literal("true", .true)
        case "f": content = try literal("false", .false)
        case "n": content = try literal("null", .null)
        default: content = try number()
        }
        return ReferenceValue(content: content, range: start..<position)
    }

    private mutating func members() throws -> [ReferenceValue.Member] {
        var members: [ReferenceValue.Member] = []
        try enter("{")
        defer {
            if depth == 1 { outermostMembers = members }
            depth -= 1
        }
        skipWhitespace()
        if peek == "}" {
            position += 1
            return members
        }
        while true {
            skipWhitespace()
            let start = position
            let key = ReferenceValue(content: .string(try string()), range: start..<position)
            skipWhitespace()
            try expect(":")
            skipWhitespace()
            members.append(ReferenceValue.Member(key: key, value: try value()))
            skipWhitespace()
            if peek != "," { break }
            position += 1
        }
        try expect("}")
        return members
    }

    private mutating func elements() throws -> [ReferenceValue] {
        var elements: [ReferenceValue] = []
        try enter("[")
        defer {
            if depth == 1 { outermostElements = elements }
            depth -= 1
        }
        skipWhitespace()
        if peek == "]" {
            position += 1
            return elements
        }
        while true {
            skipWhitespace()
            elements.append(try value())
            skipWhitespace()
            if peek != "," { break }
            position += 1
        }
        try expect("]")
        return elements
    }

    private mutating func enter(_ bracket: Unicode.Scalar) throws {
        guard depth < 64 else { throw NotJSON() }
        try expect(bracket)
        depth += 1
    }

    private mutating func literal(
        _ word: String, _ content: ReferenceValue.Content
    ) throws -> ReferenceValue.Content {
        for letter in word.unicodeScalars { try expect(letter) }
        return content
    }

    /// Takes everything that could belong to a number, and then looks at whether it is one.
    private mutating func number() throws -> ReferenceValue.Content {
        var text: [UInt8] = []
        while position < bytes.count, "+-.0123456789eE".utf8.contains(bytes[position]) {
            text.append(bytes[position])
            position += 1
        }
        let mantissaAndExponent = text.split(
            maxSplits: 1, omittingEmptySubsequences: false, whereSeparator: { $0 == 0x65 || $0 == 0x45 })
        let wholeAndFraction = mantissaAndExponent[0].split(
            separator: 0x2E, maxSplits: 1, omittingEmptySubsequences: false)
        var whole = wholeAndFraction[0]
        if whole.first == 0x2D { whole.removeFirst() }
        guard isDigits(whole), whole.count == 1 || whole.first != 0x30 else { throw NotJSON() }
        if wholeAndFraction.count == 2 {
            guard isDigits(wholeAndFraction[1]) else { throw NotJSON() }
        }
        if mantissaAndExponent.count == 2 {
            var exponent = mantissaAndExponent[1]
            if exponent.first == 0x2B || exponent.first == 0x2D { exponent.removeFirst() }
            guard isDigits(exponent) else { throw NotJSON() }
        }
        return .number
    }

    private func isDigits(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy { (0x30...0x39).contains($0) }
    }

    private mutating func string() throws -> [Unicode.Scalar] {
        var scalars: [Unicode.Scalar] = []
        try expect("\"")
        while peek != "\"" {
            let scalar = try scalar()
            guard scalar.value >= 0x20 else { throw NotJSON() }
            scalars.append(scalar == "\\" ? try escape() : scalar)
        }
        position += 1
        return scalars
    }

    /// What stands behind a backslash.
    private mutating func escape() throws -> Unicode.Scalar {
        switch try scalar() {
        case "\"": return "\""
        case "\\": return "\\"
        case "/": return "/"
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": break
        default: throw NotJSON()
        }
        let unit = try hexadecimalUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        try expect("\\")
        try expect("u")
        let second = try hexadecimalUnit()
        guard (0xD800..<0xDC00).contains(unit), (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) * 0x400 + (second - 0xDC00))
        else { throw NotJSON() }
        return scalar
    }

    private mutating func hexadecimalUnit() throws -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(try scalar()).hexDigitValue, bytes[position - 1] < 0x80 else { throw NotJSON() }
            unit = unit * 16 + UInt32(digit)
        }
        return unit
    }

    /// One character of UTF-8, its number computed and then held against the shortest form.
    private mutating func scalar() throws -> Unicode.Scalar {
        guard position < bytes.count else { throw NotJSON() }
        let first = bytes[position]
        position += 1
        let length = (~first).leadingZeroBitCount
        if length == 0 { return Unicode.Scalar(first) }
        guard (2...4).contains(length), position + length - 1 <= bytes.count else { throw NotJSON() }
        var value = UInt32(first & (0xFF >> UInt8(length)))
        for _ in 1..<length {
            guard bytes[position] & 0xC0 == 0x80 else { throw NotJSON() }
            value = value << 6 | UInt32(bytes[position] & 0x3F)
            position += 1
        }
        let smallest: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
        guard value >= smallest, let scalar = Unicode.Scalar(value) else { throw NotJSON() }
        return scalar
    }

    private var peek: Unicode.Scalar? {
        position < bytes.count ? Unicode.Scalar(bytes[position]) : nil
    }

    private mutating func expect(_ character: Unicode.Scalar) throws {
        guard peek == character else { throw NotJSON() }
        position += 1
    }

    private mutating func skipWhitespace() {
        while peek == " " || peek == "\n" || peek == "\r" || peek == "\t" { position += 1 }
    }
}
