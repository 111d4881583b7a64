extension JSONScanner {
    /// Walks a string from its opening quote to behind its closing one.
    public mutating func scanString() throws(JSONSyntaxError) -> JSONToken {
        let start = position
        try expect(UInt8(ascii: "\""))
        var hasEscapes = false
        while true {
            skipPlainBytes()
            guard position < bytes.count else { throw .unexpectedEnd }
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return JSONToken(kind: .string, hasEscapes: hasEscapes, start: start, end: position)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try skipEscape()
            case 0x80...:
                try skipMultibyteCharacter()
            case ..<0x20:
                throw .controlCharacterInString
            default:
                position += 1
            }
        }
    }

    /// Skips bytes that need no thought, eight at a time: ASCII but control characters, quotes and backslashes.
    @inline(__always)
    private mutating func skipPlainBytes() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highBits: UInt64 = 0x8080_8080_8080_8080
        while position &+ 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let quotes = word ^ (ones &* 0x22)
            let backslashes = word ^ (ones &* 0x5C)
            // The classic zero-byte and less-than tests.
            let special =
                ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
                | ((word &- (ones &* 0x20)) & ~word) | word
            guard special & highBits == 0 else {
                // A borrow may flag bytes behind a special one, never one in front of it: the first flag is right.
                position &+= (special & highBits).littleEndian.trailingZeroBitCount / 8
                return
            }
            position &+= 8
        }
        skipLastPlainBytes()
    }

    /// The text ends in less than eight bytes.
    private mutating func skipLastPlainBytes() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { return }
            position &+= 1
        }
    }

    private mutating func skipEscape() throws(JSONSyntaxError) {
        position += 1
        guard position < bytes.count else { throw .unexpectedEnd }
        switch bytes[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            switch try scanHexadecimalUnit() {
            case 0xD800...0xDBFF:
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw .loneSurrogate }
                guard case 0xDC00...0xDFFF = try scanHexadecimalUnit() else { throw .loneSurrogate }
            case 0xDC00...0xDFFF:
                throw .loneSurrogate
            default:
                break
            }
        default:
            throw .invalidEscape
        }
    }

    private mutating func scanHexadecimalUnit() throws(JSONSyntaxError) -> UInt16 {
        guard bytes.count - position >= 4 else { throw .unexpectedEnd }
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = hexadecimalValue(bytes[position]) else { throw .invalidEscape }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }

    /// One well-formed sequence of two to four bytes (The Unicode Standard, table 3-7).
    private mutating func skipMultibyteCharacter() throws(JSONSyntaxError) {
        let length: Int
        let second: ClosedRange<UInt8>
        switch bytes[position] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw .invalidUTF8
        }
        guard bytes.count - position >= length, second ~= bytes[position + 1] else { throw .invalidUTF8 }
        for offset in 2..<max(length, 2) where bytes[position + offset] & 0xC0 != 0x80 { throw .invalidUTF8 }
        position += length
    }
}

/// The value of one hexadecimal digit.
@inline(__always)
func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
