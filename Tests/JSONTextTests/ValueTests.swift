import JSONText
import Testing

/// RFC 8259, sections 2, 3 and 6: white space, literals, numbers.
@Suite struct ValueTests {
    @Test(arguments: [
        "0", "-0", "7", "10", "-123", "9007199254740993", "123456789012345678901234567890", "0.0", "-0.5", "1.25",
        "3.1415926535897932384626433832795028841971", "1e5", "1E5", "1e+5", "1e-5", "0e0", "0E-0", "-1.5e+300",
        "1e99999",
    ])
    func `A number is taken as it is written`(number: String) throws {
        #expect(try scan(number) == JSONToken(kind: .number, start: 0, end: number.utf8.count))
        #expect(try scan("[\(number)]").kind == .array)
        #expect(try scan("{\"a\":\(number) }").kind == .object)
    }

    @Test(arguments: [
        "-", "+1", "01", "-01", "00", ".5", "-.5", "1.", "1.e5", "1e", "1e+", "1e-", "1E", "1.2.3", "1e5.2", "1e5e5",
        "--1",
        "1-", "1+2", "0x10", "1_000", "1,5", "NaN", "Infinity", "-Infinity", "-a", "1a", "١", "1\u{0}",
    ])
    func `What is no number is refused`(number: String) {
        #expect(refusal(number) != nil)
        #expect(refusal("[1,\(number)]") != nil || number == "1,5")
        #expect(refusal("{\"a\":\(number)}") != nil)
    }

    @Test func `A number that runs on is an invalid number`() {
        #expect(refusal("01") == .invalidNumber)
        #expect(refusal("[1.2.3]") == .invalidNumber)
        #expect(refusal("-x") == .invalidNumber)
    }

    @Test(arguments: [("true", JSONToken.Kind.true), ("false", .false), ("null", .null)])
    func `A literal is read in small letters only`(literal: String, kind: JSONToken.Kind) throws {
        #expect(try scan(literal) == JSONToken(kind: kind, start: 0, end: literal.utf8.count))
        for wrong in [literal.uppercased(), literal + "x", literal + literal, String(literal.dropLast()) + "x"] {
            #expect(refusal(wrong) != nil, "\(wrong)")
        }
    }

    @Test(arguments: [" ", "\t", "\n", "\r", " \r\n\t "])
    func `White space may stand around every value and sign`(space: String) throws {
        let text = ["{", "\"a\"", ":", "[", "1", ",", "true", "]", ",", "\"b\"", ":", "{", "}", "}"]
        let spaced = space + text.joined(separator: space) + space
        let length = space.utf8.count
        #expect(try scan(spaced) == JSONToken(kind: .object, start: length, end: spaced.utf8.count - length))
    }

    @Test(arguments: ["\u{B}", "\u{C}", "\u{0}", "\u{A0}", "\u{2028}", "\u{FEFF}", "//", "/**/", "#"])
    func `Nothing else is white space`(other: String) {
        #expect(refusal(other + "1") == .unexpectedByte)
        #expect(refusal("1" + other) == .trailingBytes)
        #expect(refusal("[1\(other),2]") == .unexpectedByte)
        #expect(refusal("[1,\(other)2]") == .unexpectedByte)
    }

    @Test(arguments: ["", " ", "\n\t "])
    func `An empty text ends too early`(text: String) {
        #expect(refusal(text) == .unexpectedEnd)
    }

    @Test(arguments: ["1 2", "{}{}", "[],", "[]]", "{}}", "null,", "\"a\"\"b\"", "true false", "\"a\":1", "{}\u{0}"])
    func `More than one value is refused`(text: String) {
        #expect(refusal(text) == .trailingBytes)
    }

    @Test(arguments: ["'a'", "a", "undefined", "]", "}", ",", ":", "\\", "[1,]", "[,1]", "[,]", "[1 2]", "[1:2]"])
    func `What starts no value is refused`(text: String) {
        #expect(refusal(text) == .unexpectedByte)
    }

    @Test func `Every reason is told`() {
        let errors: [JSONSyntaxError] = [
            .unexpectedEnd, .unexpectedByte, .controlCharacterInString, .invalidEscape, .loneSurrogate, .invalidUTF8,
            .invalidNumber, .nestedTooDeeply, .trailingBytes,
        ]
        #expect(Set(errors.map(\.reason)).count == errors.count)
        #expect(JSONSyntaxError.nestedTooDeeply.reason == "nested deeper than 64 levels")
    }
}
