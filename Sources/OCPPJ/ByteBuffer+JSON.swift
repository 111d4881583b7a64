import NIOCore
import OutsideNames

extension ByteBuffer {
    /// Writes `text` as a JSON string, quotes included.
    package mutating func writeJSONString(_ text: String) {
        writeInteger(UInt8(ascii: "\""))
        writeEscaped(text.utf8)
        writeInteger(UInt8(ascii: "\""))
    }

    /// Writes a name as a JSON string, quotes included.
    package mutating func writeJSONString<Kind>(_ name: OutsideName<Kind>) {
        writeJSONString(name.text)
    }

    /// Writes UTF-8 as a JSON string; bytes that are none become U+FFFD.
    package mutating func writeJSONString(ofText text: ByteBuffer) {
        writeJSONString(String(decoding: text.readableBytesView, as: UTF8.self))
    }

    private mutating func writeEscaped(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""): writeStaticString("\\\"")
            case UInt8(ascii: "\\"): writeStaticString("\\\\")
            case UInt8(ascii: "\n"): writeStaticString("\\n")
            case UInt8(ascii: "\r"): writeStaticString("\\r")
            case UInt8(ascii: "\t"): writeStaticString("\\t")
            case ..<0x20:
                writeStaticString("\\u00")
                writeInteger(hexadecimalDigit(byte >> 4))
                writeInteger(hexadecimalDigit(byte & 0x0F))
            default: writeInteger(byte)
            }
        }
    }

    private func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
