import JSONText
import Testing

/// RFC 8259, section 7: strings and their escapes.
@Suite struct StringTests {
    @Test(arguments: [
        ("\"\"", ""), ("\"a\"", "a"), ("\"\\\"\"", "\""), ("\"\\\\\"", "\\"), ("\"\\/\"", "/"), ("\"\\b\"", "\u{8}"),
        ("\"\\f\"", "\u{C}"), ("\"\\n\"", "\n"), ("\"\\r\"", "\r"), ("\"\\t\"", "\t"), ("\"\\u0000\"", "\u{0}"),
        ("\"\\u001f\"", "\u{1F}"), ("\"\\u0041\"", "A"), ("\"\\u00E9\\u00e9\"", "éé"), ("\"\\u20aC\"", "€"),
        ("\"\\uD7FF\\uE000\"", "\u{D7FF}\u{E000}"), ("\"\\uffff\"", "\u{FFFF}"), ("\"\\uD83D\\uDE00\"", "😀"),
        ("\"\\ud800\\udc00\"", "\u{10000}"), ("\"\\uDBFF\\uDFFF\"", "\u{10FFFF}"), ("\"\\u005C\\u0022\"", "\\\""),
        ("\"/\u{7F}\"", "/\u{7F}"), ("\"é€😀\"", "é€😀"), ("\"\\né€😀\"", "\né€😀"),
        ("\"😀\\t\u{10FFFF}\"", "😀\t\u{10FFFF}"),
        ("\"\u{80}\\\\\u{7FF}\u{800}\u{FFFF}\u{10000}\"", "\u{80}\\\u{7FF}\u{800}\u{FFFF}\u{10000}"),
        ("\"e\\u0301\"", "e\u{301}"), ("\"\\u00e9\"", "\u{E9}"),
    ])
    func `A string is decoded`(text: String, decodedText: String) throws {
        #expect(try decoded(text) == Array(decodedText.unicodeScalars))
        let token = try scan(text)
        #expect(token == JSONToken(kind: .string, hasEscapes: text.contains("\\"), start: 0, end: text.utf8.count))
        #expect(token.content == 1..<(text.utf8.count - 1))
    }

    @Test(arguments: Array(UInt8.min...UInt8.max))
    func `Only the escapes of the specification are known`(byte: UInt8) {
        let isKnown = Array("\"\\/bfnrt".utf8).contains(byte)
        let text = Array("\"\\".utf8) + [byte] + Array("wxyz\"".utf8)
        #expect(refusal(text) == (isKnown ? nil : .invalidEscape))
    }

    @Test(arguments: [
        "\\u", "\\u1", "\\u12", "\\u123", "\\u123g", "\\u 123", "\\u-123", "\\u+123", "\\uD83D\\u", "\\uD83D\\uDE0",
        "\\U0041", "\\x41", "\\u12３4",
    ])
    func `An escape needs four hexadecimal digits`(content: String) {
        #expect(refusal("\"\(content)\"") != nil)
        #expect(refusal("\"\(content)") != nil)
        #expect(refusal("\"\(content) and more text behind it\"") == .invalidEscape)
    }

    @Test(arguments: [
        "\\ud83d", "\\udbff", "\\ud800", "\\udc00", "\\udfff", "\\ud83d\\ud83d", "\\ude00\\ud83d", "\\ud83dx",
        "\\ud83d\\n", "\\ud83d\\u0041", "\\ud83d\\ue000", "\\ud83d\\\\", "\\ud83d \\ude00", "\\ud83d😀", "a\\udc00b",
        "\\ud83d\\ude00\\ud83d", "\\uD83D\\\\uDE00",
    ])
    func `Half of a surrogate pair is refused`(content: String) {
        #expect(refusal("\"\(content)\"") == .loneSurrogate)
        #expect(refusal("{\"\(content)\":1}") == .loneSurrogate)
    }

    @Test(arguments: Array(UInt8(0)..<0x20))
    func `A control character must be escaped`(byte: UInt8) {
        #expect(refusal([0x22, byte, 0x22]) == .controlCharacterInString)
        #expect(refusal([0x22] + Array(repeating: 0x61, count: 20) + [byte, 0x22]) == .controlCharacterInString)
    }

    @Test(arguments: ["\"", "\"a", "\"\\", "\"\\\"", "\"12345678", "\"1234567\\\\"])
    func `A string needs its end`(text: String) {
        #expect(refusal(text) == .unexpectedEnd)
    }

    /// The scanner looks at eight bytes at a time.
    @Test(arguments: 0...24)
    func `A special byte is seen at every place of a long string`(offset: Int) throws {
        let before = String(repeating: "a", count: offset)
        for length in 0...24 {
            let after = String(repeating: "~", count: length)
            let start = Array("\"\(before)".utf8)
            let end = Array("\(after)\"".utf8)
            // Neighbours of the bytes that matter, which must not be taken for them.
            for plain in [0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7E, 0x7F] as [UInt8] {
                #expect(refusal(start + [plain] + end) == nil)
            }
            #expect(refusal(start + [0x22] + end) == .trailingBytes)
            for control in [0x00, 0x01, 0x0A, 0x1F] as [UInt8] {
                #expect(refusal(start + [control] + end) == .controlCharacterInString)
            }
            #expect(refusal(start + Array("\\x".utf8) + end) == .invalidEscape)
            for broken in [0x80, 0x9F, 0xA2, 0xDC, 0xFF] as [UInt8] {
                #expect(refusal(start + [broken] + end) == .invalidUTF8)
            }
            for (written, meant) in [("\\n", "\n"), ("é", "é"), ("€", "€"), ("😀", "😀"), ("\\ud83d\\ude00", "😀")] {
                let text = start + Array(written.utf8) + end
                #expect(try decoded(text) == Array((before + meant + after).unicodeScalars))
            }
        }
    }

    @Test func `Two special bytes in one word are both seen`() throws {
        for first in 0..<8 {
            for second in (first + 1)..<9 {
                var content = Array(repeating: UInt8(ascii: "a"), count: 16)
                content[first] = 0xC3
                content.insert(0xA9, at: first + 1)
                content[second + 1] = 0x1F
                #expect(refusal([0x22] + content + [0x22]) == .controlCharacterInString)
                content[second + 1] = 0x22
                #expect(refusal([0x22] + content + [0x22]) == .trailingBytes)
            }
        }
    }

    @Test(arguments: [
        ("\"Action\"", true), ("\"\\u0041ction\"", true), ("\"Actio\\u006E\"", true), ("\"action\"", false),
        ("\"Actio\"", false), ("\"Actions\"", false), ("\"\"", false), ("\"Action\\u0000\"", false),
        ("\"Actio\\\\\"", false),
    ])
    func `A text is compared decoded`(text: String, isEqual: Bool) throws {
        let bytes = Array(text.utf8)
        let token = try scan(bytes)
        #expect(bytes.withUnsafeBytes { token.hasText("Action", in: $0) } == isEqual)
    }

    @Test func `Texts that look alike are not equal`() throws {
        for text in ["\"e\u{301}\"", "\"e\\u0301\""] {
            let bytes = Array(text.utf8)
            let token = try scan(bytes)
            #expect(!bytes.withUnsafeBytes { token.hasText("\u{E9}", in: $0) })
            #expect(bytes.withUnsafeBytes { token.hasText("e\u{301}", in: $0) })
        }
    }
}
