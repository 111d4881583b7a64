import JSONText
import Testing

/// RFC 8259, sections 4 and 5: objects and arrays; 64 levels of them (behaviour.md).
@Suite struct NestingTests {
    @Test(arguments: ["[]", "[ ]", "[1]", "[[]]", "[[],[]]", "[{},[{}]]", "[\"]\",\"[\"]", "[[[1],2],3,[[]]]"])
    func `An array is read`(text: String) throws {
        #expect(try scan(text) == JSONToken(kind: .array, start: 0, end: text.utf8.count))
    }

    @Test(arguments: [
        "{}", "{ }", "{\"a\":1}", "{\"\":{}}", "{\"a\":[],\"b\":{\"c\":[{}]}}", "{\"}\":\"{\"}", "{\"a\":1,\"a\":2}",
        "{\"\\u0061\":null}",
    ])
    func `An object is read`(text: String) throws {
        #expect(try scan(text) == JSONToken(kind: .object, start: 0, end: text.utf8.count))
    }

    @Test(arguments: [
        "{,}", "{\"a\"}", "{\"a\":}", "{\"a\",1}", "{\"a\":1,}", "{1:2}", "{a:1}", "{\"a\":1 \"b\":2}", "{\"a\"::1}",
        "{:1}", "{null:1}", "{[]:1}", "{\"a\":1]", "[1}", "[{]}", "{\"a\":[}]", "[{\"a\":1]", "[[}]",
    ])
    func `A broken object or array is refused`(text: String) {
        #expect(refusal(text) == .unexpectedByte)
        #expect(refusal("[\(text)]") == .unexpectedByte)
    }

    private static let nestings: [(String, String)] = [
        ("[", "]"), ("{\"a\":", "}"), ("[1,[", "],2]"), ("[{\"a\":", "},null]"), (" [ ", " ] "),
    ]

    /// `levels` of objects and arrays around `inside`; an entry of two levels makes half as many.
    private func nested(_ nesting: (String, String), levels: Int, inside: String) -> String {
        let width = nesting.0.filter { "[{".contains($0) }.count
        let odd = levels % width
        return String(repeating: "[", count: odd) + String(repeating: nesting.0, count: levels / width) + inside
            + String(repeating: nesting.1, count: levels / width) + String(repeating: "]", count: odd)
    }

    @Test(arguments: nestings)
    func `Sixty four levels are read and one more is refused`(opening: String, closing: String) {
        for inside in ["1", "\"a\""] {
            #expect(refusal(nested((opening, closing), levels: 64, inside: inside)) == nil)
            #expect(refusal(nested((opening, closing), levels: 65, inside: inside)) == .nestedTooDeeply)
        }
        for empty in ["[]", "{}"] {
            #expect(refusal(nested((opening, closing), levels: 63, inside: empty)) == nil)
            #expect(refusal(nested((opening, closing), levels: 64, inside: empty)) == .nestedTooDeeply)
        }
        #expect(refusal(nested((opening, closing), levels: 100_000, inside: "")) == .nestedTooDeeply)
    }

    @Test func `Which level is an object is known at every depth`() {
        for level in 0..<64 {
            // One object among arrays, then one array among objects; closed rightly and wrongly.
            for (most, other) in [("[", "{\"a\":"), ("{\"a\":", "[")] {
                let opening = (0..<64).map { $0 == level ? other : most }
                let closing = opening.reversed().map { $0 == "[" ? "]" : "}" }
                var wrong = closing
                wrong[63 - level] = closing[63 - level] == "]" ? "}" : "]"
                let start = opening.joined() + "0"
                #expect(refusal(start + closing.joined()) == nil, "level \(level)")
                #expect(refusal(start + wrong.joined()) == .unexpectedByte, "level \(level)")
            }
        }
    }

    @Test func `Levels beside each other do not add up`() {
        let deep = nested(("[", "]"), levels: 63, inside: "")
        #expect(refusal("[\(deep),\(deep),{\"a\":1},\(deep)]") == nil)
    }

    @Test func `Levels that the caller has opened count`() throws {
        let bytes = Array((String(repeating: "[", count: 64) + String(repeating: "]", count: 64)).utf8)
        try bytes.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            try scanner.expect(UInt8(ascii: "["))
            try scanner.enter()
            let token = try scanner.scanValue()
            #expect(token.range == 1..<127)
            try scanner.expect(UInt8(ascii: "]"))
            scanner.leave()
            try scanner.expectEnd()
        }
        bytes.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            #expect(throws: JSONSyntaxError.nestedTooDeeply) {
                try scanner.enter()
                _ = try scanner.scanValue()
            }
        }
    }

    @Test(arguments: [
        "{\"a\":[1,-2.5e+10,true,false,null,\"b\\n\\u00e9\\ud83d\\ude00é€😀\",{}],\"c\":{\"d\":[[]]}}",
        "[2,\"19223201\",\"BootNotification\",{\"chargePointVendor\":\"VendorX\",\"chargePointModel\":\"Single\"}]",
        "\"0123456789012345678901234567890123456789\"", "true", "false", "null", "[[[[{\"\":\"\"}]]]]",
    ])
    func `Every beginning of a text is refused`(text: String) {
        let bytes = Array(text.utf8)
        #expect(refusal(bytes) == nil)
        for length in 0..<bytes.count {
            #expect(refusal(Array(bytes[..<length])) != nil, "\(length) bytes of \(text)")
        }
    }
}
