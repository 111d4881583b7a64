import NIOCore

/// Writes JSON straight into bytes, without a tree: a list of clients is written hundreds of times a second, and one of
/// ten thousand in pieces.
package struct JSONWriter {
    private var written: [UInt8] = []
    /// Whether a comma is due in front of the next member or element.
    private var needsComma = false

    package init(reserving capacity: Int = 1024) {
        written.reserveCapacity(capacity)
    }

    package var bytes: ByteBuffer { ByteBuffer(bytes: written) }

    /// What has been written so far; the writer goes on with nothing before it.
    package mutating func takeBytes() -> ByteBuffer {
        defer { written.removeAll(keepingCapacity: true) }
        return bytes
    }

    package mutating func beginObject() { open("{") }
    package mutating func endObject() { close("}") }
    package mutating func beginArray() { open("[") }
    package mutating func endArray() { close("]") }

    package mutating func key(_ key: String) {
        separate()
        quoted(key)
        written.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// One of ours: it has nothing that would have to be escaped.
    package mutating func key(_ key: StaticString) {
        separate()
        written.append(UInt8(ascii: "\""))
        append(key)
        written.append(UInt8(ascii: "\""))
        written.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func null() { literal("null") }
    package mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

    /// A JSON text that is known to be well-formed.
    package mutating func verbatim(_ text: some Sequence<UInt8>) {
        separate()
        written.append(contentsOf: text)
    }

    package mutating func string(_ value: String) {
        separate()
        quoted(value)
    }

    package mutating func member(_ key: StaticString, _ value: String?) {
        self.key(key)
        if let value { string(value) } else { null() }
    }

    package mutating func member(_ key: StaticString, _ value: Int) {
        self.key(key)
        separate()
        written.append(decimal: value)
    }

    package mutating func member(_ key: StaticString, _ value: Bool) {
        self.key(key)
        bool(value)
    }

    package mutating func member(_ key: StaticString, _ value: Timestamp) {
        self.key(key)
        separate()
        written.append(UInt8(ascii: "\""))
        value.append(to: &written)
        written.append(UInt8(ascii: "\""))
    }

    private mutating func open(_ bracket: Unicode.Scalar) {
        separate()
        written.append(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        written.append(UInt8(ascii: bracket))
        needsComma = true
    }

    private mutating func literal(_ text: StaticString) {
        separate()
        append(text)
    }

    private mutating func separate() {
        if needsComma { written.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func append(_ text: StaticString) {
        written.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func quoted(_ text: String) {
        written.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { bytes in
            if bytes.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
                written.append(contentsOf: bytes)
            } else {
                for byte in bytes { escaped(byte) }
            }
        }
        written.append(UInt8(ascii: "\""))
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\r"): append("\\r")
        case UInt8(ascii: "\t"): append("\\t")
        case ..<0x20:
            append(byte < 16 ? "\\u000" : "\\u001")
            let digit = byte & 0x0F
            written.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        default: written.append(byte)
        }
    }
}

extension [UInt8] {
    /// The digits of a number, without a text made of it.
    mutating func append(decimal value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(digitsOf: UInt64(value.magnitude), width: 1)
    }

    /// With zeros in front.
    mutating func append(decimal value: Int64, width: Int) {
        append(digitsOf: value.magnitude, width: width)
    }

    private mutating func append(digitsOf value: UInt64, width: Int) {
        let start = count
        // The lowest come first, and then change places.
        var rest = value
        while rest > 0 || count - start < width {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        var (low, high) = (start, count - 1)
        while low < high {
            swapAt(low, high)
            low += 1
            high -= 1
        }
    }
}
