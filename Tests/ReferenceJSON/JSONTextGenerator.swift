import TestSupport

/// Writes random JSON texts: every construct of RFC 8259, with white space, long strings and deep nesting now and then.
package struct JSONTextGenerator {
    package var random: SeededRandom
    private var out: [UInt8] = []

    package init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    /// A whole text, seldom one that is nested too deeply.
    package mutating func text() -> [UInt8] {
        take { generator in
            let levels = generator.random.once(in: 50) ? 58 + generator.random.below(10) : 0
            var ends: [UInt8] = []
            for _ in 0..<levels {
                let isObject = generator.random.once(in: 2)
                generator.out += Array(isObject ? "{\"\":".utf8 : "[".utf8)
                ends.append(UInt8(ascii: isObject ? "}" : "]"))
            }
            generator.writeWhitespace()
            generator.writeValue(levels: 3)
            generator.writeWhitespace()
            generator.out += ends.reversed()
        }
    }

    package mutating func value() -> [UInt8] {
        take { $0.writeValue(levels: 2) }
    }

    package mutating func object() -> [UInt8] {
        take { $0.writeObject(levels: 2) }
    }

    package mutating func string() -> [UInt8] {
        take { $0.writeString() }
    }

    package mutating func whitespaceText() -> [UInt8] {
        take { $0.writeWhitespace() }
    }

    private mutating func take(_ write: (inout Self) -> Void) -> [UInt8] {
        out = []
        write(&self)
        return out
    }

    private mutating func writeValue(levels: Int) {
        switch random.below(levels > 0 ? 12 : 8) {
        case 0...2: writeString()
        case 3, 4: writeNumber()
        case 5: out += Array("true".utf8)
        case 6: out += Array("false".utf8)
        case 7: out += Array("null".utf8)
        case 8, 9: writeArray(levels: levels - 1)
        default: writeObject(levels: levels - 1)
        }
    }

    private mutating func writeArray(levels: Int) {
        out.append(UInt8(ascii: "["))
        writeWhitespace()
        for index in 0..<random.below(4) {
            if index > 0 { writeSeparator(",") }
            writeValue(levels: levels)
        }
        writeWhitespace()
        out.append(UInt8(ascii: "]"))
    }

    private mutating func writeObject(levels: Int) {
        out.append(UInt8(ascii: "{"))
        writeWhitespace()
        for index in 0..<random.below(4) {
            if index > 0 { writeSeparator(",") }
            writeString()
            writeSeparator(":")
            writeValue(levels: levels)
        }
        writeWhitespace()
        out.append(UInt8(ascii: "}"))
    }

    private mutating func writeSeparator(_ character: Unicode.Scalar) {
        writeWhitespace()
        out.append(UInt8(ascii: character))
        writeWhitespace()
    }

    private mutating func writeWhitespace() {
        guard random.once(in: 8) else { return }
        for _ in 0...random.below(3) { out.append(random.pick([0x20, 0x0A, 0x0D, 0x09])) }
    }

    private mutating func writeNumber() {
        if random.once(in: 3) { out.append(UInt8(ascii: "-")) }
        if random.once(in: 4) {
            out.append(UInt8(ascii: "0"))
        } else {
            out.append(UInt8(ascii: "1") + UInt8(random.below(9)))
            if random.once(in: 2) { writeDigits() }
        }
        if random.once(in: 3) {
            out.append(UInt8(ascii: "."))
            writeDigits()
        }
        if random.once(in: 4) {
            out += random.pick([[0x65], [0x45], [0x65, 0x2B], [0x45, 0x2D]])
            writeDigits()
        }
    }

    private mutating func writeDigits() {
        for _ in 0...random.below(4) { out.append(UInt8(ascii: "0") + UInt8(random.below(10))) }
    }

    private mutating func writeString() {
        out.append(UInt8(ascii: "\""))
        for _ in 0..<random.below(4) {
            switch random.below(8) {
            case 0...3: writePlainCharacters()
            case 4: out += Array(random.pick(["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"]).utf8)
            case 5: writeEscapedCharacter()
            default: writeUnescapedCharacter()
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    private mutating func writePlainCharacters() {
        for _ in 0..<random.below(20) {
            let byte = UInt8(0x20 + random.below(0x60))
            out.append(byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? UInt8(ascii: "a") : byte)
        }
    }

    private mutating func writeUnescapedCharacter() {
        let scalar = scalar()
        // Control characters, quotes and backslashes are characters of a string only when they are escaped.
        if scalar.value > 0x5C { out += Array(String(Character(scalar)).utf8) }
    }

    private mutating func writeEscapedCharacter() {
        let digits: [UInt8] = Array((random.once(in: 2) ? "0123456789abcdef" : "0123456789ABCDEF").utf8)
        for unit in String(Character(scalar())).utf16 {
            out += [UInt8(ascii: "\\"), UInt8(ascii: "u")]
            for shift in [12, 8, 4, 0] { out.append(digits[Int(unit) >> shift & 0xF]) }
        }
    }

    /// Any character, the ends of the ranges of UTF-8's lengths more often than others.
    private mutating func scalar() -> Unicode.Scalar {
        let ends: [UInt32] = [0x0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF]
        let value =
            switch random.below(4) {
            case 0: random.pick(ends)
            case 1: UInt32(random.below(0x800))
            case 2: UInt32(random.below(0x10000))
            default: UInt32(random.below(0x110000))
            }
        return Unicode.Scalar(value) ?? "é"
    }
}
