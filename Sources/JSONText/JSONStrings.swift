extension JSONToken {
    /// The text of a string that a scanner has walked in `bytes`, escapes decoded.
    public func text(in bytes: UnsafeRawBufferPointer) -> String {
        let content = UnsafeRawBufferPointer(rebasing: bytes[content])
        guard hasEscapes else { return String(decoding: content, as: UTF8.self) }
        var units: [UInt16] = []
        units.reserveCapacity(content.count)
        for unit in EscapedUnits(bytes: content) { units.append(unit) }
        return String(decoding: units, as: UTF16.self)
    }

    /// Whether a string without escapes has exactly this text; with escapes it is decoded first.
    public func hasText(_ text: StaticString, in bytes: UnsafeRawBufferPointer) -> Bool {
        let expected = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        if hasEscapes { return self.text(in: bytes).utf8.elementsEqual(expected) }
        guard end - start - 2 == expected.count else { return false }
        // By hand: `elementsEqual` on a slice is ten times as long.
        for index in 0..<expected.count where bytes[start + 1 + index] != expected[index] { return false }
        return true
    }
}

/// The UTF-16 units of a well-formed JSON string's content.
private struct EscapedUnits: Sequence, IteratorProtocol {
    let bytes: UnsafeRawBufferPointer
    var position = 0
    /// The low surrogate of a character beyond the basic plane.
    var pending: UInt16?

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    mutating func next() -> UInt16? {
        if let unit = pending {
            pending = nil
            return unit
        }
        guard position < bytes.count else { return nil }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\\"): return nextEscape()
        case ..<0x80: return UInt16(byte)
        case ..<0xE0: return UInt16(byte & 0x1F) << 6 | continuation()
        case ..<0xF0: return UInt16(byte & 0x0F) << 12 | continuation() << 6 | continuation()
        default:
            var scalar = UInt32(byte & 0x07)
            for _ in 0..<3 { scalar = scalar << 6 | UInt32(continuation()) }
            scalar -= 0x10000
            pending = UInt16(0xDC00 + (scalar & 0x3FF))
            return UInt16(0xD800 + (scalar >> 10))
        }
    }

    private mutating func continuation() -> UInt16 {
        defer { position += 1 }
        return UInt16(bytes[position] & 0x3F)
    }

    private mutating func nextEscape() -> UInt16 {
        let escape = bytes[position]
        position += 1
        switch escape {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"):
            var unit: UInt16 = 0
            for _ in 0..<4 {
                unit = unit << 4 | UInt16(hexadecimalValue(bytes[position]) ?? 0)
                position += 1
            }
            return unit
        default: return UInt16(escape)
        }
    }
}
