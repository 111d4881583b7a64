/// Walks a JSON text once, byte by byte, and proves it well-formed (RFC 8259): numbers, escapes, surrogates,
/// UTF-8, depth. It builds nothing; it says where values lie.
///
/// The scanner borrows the memory that it walks, so it must not leave the closure that hands out the pointer.
public struct JSONScanner {
    /// Levels of objects and arrays that may lie in each other, the outermost included.
    public static let maximumDepth = 64

    /// The memory that is walked; positions and tokens refer to it.
    public let bytes: UnsafeRawBufferPointer
    /// The next byte to look at; the scanner alone sets it, also where it is inlined.
    public var position = 0
    /// Objects and arrays that are open around `position`, opened by `enter()`.
    @usableFromInline var depth = 0

    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The byte at `position`, or 0 at the end (a byte that no JSON text has outside of an error).
    @inlinable @inline(__always)
    public var current: UInt8 {
        position < bytes.count ? bytes[position] : 0
    }

    @inlinable public var isAtEnd: Bool { position >= bytes.count }

    @inlinable @inline(__always)
    public mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    /// Takes `byte`, or throws.
    @inlinable @inline(__always)
    public mutating func expect(_ byte: UInt8) throws(JSONSyntaxError) {
        guard position < bytes.count else { throw .unexpectedEnd }
        guard bytes[position] == byte else { throw .unexpectedByte }
        position += 1
    }

    /// Takes `byte` if it is next.
    @inlinable @inline(__always)
    public mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte, !isAtEnd else { return false }
        position += 1
        return true
    }

    /// Notes that an object or array, whose opening byte the caller has taken, is open around what follows.
    @inlinable @inline(__always)
    public mutating func enter() throws(JSONSyntaxError) {
        guard depth < Self.maximumDepth else { throw .nestedTooDeeply }
        depth += 1
    }

    /// The object or array of the last `enter()` has been closed.
    @inlinable @inline(__always)
    public mutating func leave() {
        depth -= 1
    }

    /// White space up to the end of the text, or throws.
    public mutating func expectEnd() throws(JSONSyntaxError) {
        skipWhitespace()
        guard isAtEnd else { throw .trailingBytes }
    }

    /// Walks one value, whatever it is. White space in front of it must have been skipped.
    public mutating func scanValue() throws(JSONSyntaxError) -> JSONToken {
        let start = position
        switch current {
        case UInt8(ascii: "\""):
            return try scanString()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let kind: JSONToken.Kind = current == UInt8(ascii: "{") ? .object : .array
            try skipContainer()
            return JSONToken(kind: kind, start: start, end: position)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try skipNumber()
            return JSONToken(kind: .number, start: start, end: position)
        case UInt8(ascii: "t"):
            try skipLiteral("true")
            return JSONToken(kind: .true, start: start, end: position)
        case UInt8(ascii: "f"):
            try skipLiteral("false")
            return JSONToken(kind: .false, start: start, end: position)
        case UInt8(ascii: "n"):
            try skipLiteral("null")
            return JSONToken(kind: .null, start: start, end: position)
        default:
            throw isAtEnd ? .unexpectedEnd : .unexpectedByte
        }
    }

    /// Walks an object or array with all that is in it, without recursion: one bit a level says which it is.
    mutating func skipContainer() throws(JSONSyntaxError) {
        let outerDepth = depth
        var objects: UInt64 = 0  // bit 0 is the innermost level; 64 levels at the most
        var mayClose = true  // right after `{` or `[`
        try open(&objects)
        while depth > outerDepth {
            skipWhitespace()
            let isObject = objects & 1 == 1
            if mayClose, take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                depth -= 1
                objects >>= 1
            } else {
                if isObject { try skipKey() }
                if current == UInt8(ascii: "{") || current == UInt8(ascii: "[") {
                    try open(&objects)
                    mayClose = true
                    continue
                }
                _ = try scanValue()
            }
            // Behind a value: a comma and the next one, or the ends of as many levels as close here.
            mayClose = false
            while depth > outerDepth {
                skipWhitespace()
                if take(UInt8(ascii: ",")) { break }
                try expect(objects & 1 == 1 ? UInt8(ascii: "}") : UInt8(ascii: "]"))
                depth -= 1
                objects >>= 1
            }
        }
    }

    private mutating func open(_ objects: inout UInt64) throws(JSONSyntaxError) {
        objects = objects << 1 | (current == UInt8(ascii: "{") ? 1 : 0)
        position += 1
        try enter()
    }

    /// Walks `"key" :` and the white space around, up to the value.
    private mutating func skipKey() throws(JSONSyntaxError) {
        skipWhitespace()
        _ = try scanString()
        try skipColon()
    }

    /// Walks the colon behind a key and the white space around it.
    @inlinable @inline(__always)
    public mutating func skipColon() throws(JSONSyntaxError) {
        skipWhitespace()
        try expect(UInt8(ascii: ":"))
        skipWhitespace()
    }

    private mutating func skipLiteral(_ literal: StaticString) throws(JSONSyntaxError) {
        let text = UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        guard bytes.count - position >= text.count else {
            throw .unexpectedEnd
        }
        for byte in text { try expect(byte) }
    }

    /// `-? (0 | [1-9][0-9]*) (\.[0-9]+)? ([eE][+-]?[0-9]+)?`
    mutating func skipNumber() throws(JSONSyntaxError) {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try skipDigits() }
        if take(UInt8(ascii: ".")) { try skipDigits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try skipDigits()
        }
        // `01`, `1.2.3` and the like: a number must not run on.
        switch current {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"):
            throw .invalidNumber
        default:
            break
        }
    }

    private mutating func skipDigits() throws(JSONSyntaxError) {
        let start = position
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        guard position > start else { throw isAtEnd ? .unexpectedEnd : .invalidNumber }
    }
}
