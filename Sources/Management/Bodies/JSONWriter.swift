import NIOCore

/// Writes JSON straight into a buffer, without a tree: a list of ten thousand clients is written in pieces.
package struct JSONWriter {
    package private(set) var bytes: ByteBuffer
    /// Whether a comma is due in front of the next member or element.
    private var needsComma = false

    package init(reserving capacity: Int = 1024) {
        bytes = ByteBuffer()
        bytes.reserveCapacity(capacity)
    }

    /// What has been written so far; the writer goes on with an empty buffer.
    package mutating func takeBytes() -> ByteBuffer {
        defer { bytes = ByteBuffer() }
        return bytes
    }

    package mutating func beginObject() { open("{") }
    package mutating func endObject() { close("}") }
    package mutating func beginArray() { open("[") }
    package mutating func endArray() { close("]") }

    package mutating func key(_ key: String) {
        separate()
        quoted(key)
        bytes.writeStaticString(":")
        needsComma = false
    }

    package mutating func null() { literal("null") }
    package mutating func string(_ value: String) {
        separate()
        quoted(value)
    }

    package mutating func member(_ key: String, _ value: String?) {
        self.key(key)
        if let value { string(value) } else { null() }
    }

    package mutating func member(_ key: String, _ value: Int) {
        self.key(key)
        literal(String(value))
    }

    package mutating func member(_ key: String, _ value: Bool) {
        self.key(key)
        literal(value ? "true" : "false")
    }

    package mutating func member(_ key: String, _ value: JSON) {
        self.key(key)
        self.value(value)
    }

    package mutating func value(_ value: JSON) {
        switch value {
        case .null: null()
        case .bool(let value): literal(value ? "true" : "false")
        case .number(let digits): literal(digits)
        case .string(let text): string(text)
        case .verbatim(var text):
            separate()
            bytes.writeBuffer(&text)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let members):
            beginObject()
            for member in members { self.member(member.key, member.value) }
            endObject()
        }
    }

    private mutating func open(_ bracket: StaticString) {
        separate()
        bytes.writeStaticString(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: StaticString) {
        bytes.writeStaticString(bracket)
        needsComma = true
    }

    private mutating func literal(_ text: String) {
        separate()
        bytes.writeString(text)
    }

    private mutating func separate() {
        if needsComma { bytes.writeStaticString(",") }
        needsComma = true
    }

    private mutating func quoted(_ text: String) {
        bytes.writeStaticString("\"")
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        if isPlain {
            bytes.writeString(text)
        } else {
            for byte in text.utf8 { escaped(byte) }
        }
        bytes.writeStaticString("\"")
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): bytes.writeStaticString("\\\"")
        case UInt8(ascii: "\\"): bytes.writeStaticString("\\\\")
        case UInt8(ascii: "\n"): bytes.writeStaticString("\\n")
        case UInt8(ascii: "\r"): bytes.writeStaticString("\\r")
        case UInt8(ascii: "\t"): bytes.writeStaticString("\\t")
        case ..<0x20:
            bytes.writeStaticString("\\u00")
            bytes.writeString(byte < 16 ? "0" + String(byte, radix: 16) : String(byte, radix: 16))
        default: bytes.writeInteger(byte)
        }
    }
}
