import Testing

@Suite struct PatternTests {
    @Test(arguments: [
        ("abc", ["abc", "xabcx"], ["ab", "", "aBc"]),
        ("^a.c$", ["abc", "a😀c", "a.c"], ["xabc", "abcx", "a\nc", "ac"]),
        ("^(foo|ba[rz])+$", ["foo", "barbaz"], ["", "fo", "foox"]),
        ("^a*$", ["", "aaa"], ["b"]),
        ("^a+b?$", ["a", "aab"], ["", "b", "abb"]),
        ("^a{2}$", ["aa"], ["a", "aaa"]),
        ("^a{2,}$", ["aa", "aaaaa"], ["a"]),
        ("^a{1,3}?$", ["a", "aaa"], ["", "aaaa"]),
        ("^[A-Fa-f0-9]{4}$", ["12aF"], ["12ag", "123"]),
        ("^[^a-c]$", ["d", "é"], ["a", "dd"]),
        (#"^[\w.-]+$"#, ["a_B-9."], ["a b", "é"]),
        (#"^[\]\\^]$"#, ["]", "\\", "^"], ["a"]),
        (#"^[\w-.]$"#, ["-", ".", "x"], ["+"]),
        (#"^[\D\-]$"#, ["a", "-"], ["1"]),
        (#"^\d\D\s\S\w\W$"#, ["1a b_ "], ["11 b_ ", "1a bb1"]),
        (#"\bcat\b"#, ["cat", "a cat!"], ["cats", "concat"]),
        (#"a\Bb"#, ["ab"], ["a b"]),
        (#"^\u00e9\x41\u{1F600}\ud83d\ude00$"#, ["éA😀😀"], ["eA😀😀"]),
        (#"^\t\n\r\v\f\0\cA$"#, ["\t\n\r\u{b}\u{c}\0\u{1}"], ["t"]),
        (#"^\$\.\*\+\?\(\)\[\]\{\}\|\/\^$"#, ["$.*+?()[]{}|/^"], ["x"]),
        ("^(?:a|b)(?<name>c)$", ["ac", "bc"], ["abc"]),
        ("^$|^x", ["", "xa"], ["a"]),
        ("a{,2}", ["a{,2}"], ["aa"]),
        ("^(a*)*$", ["", "aaaa"], ["ab"]),
        ("^(|a)+$", ["", "aa"], ["b"]),
        ("[]", [], ["", "a"]),
        ("^[^]$", ["a", "\n"], ["", "ab"]),
        ("", ["", "a"], []),
    ])
    func `Patterns match as in ECMA script`(pattern: String, matching: [String], other: [String]) throws {
        let schema = try schema("{\"pattern\":\(quoted(pattern))}")
        for text in matching { #expect(try violation(of: schema, in: quoted(text).utf8) == nil, "\(text)") }
        for text in other {
            #expect(try violation(of: schema, in: quoted(text).utf8)?.kind == .constraint, "\(text)")
        }
    }

    @Test(arguments: [
        ("(", "a group without its \")\""), (")", "a \")\" too many"), ("[a", "a set of characters without its \"]\""),
        ("*", "nothing to repeat in front of \"*\""), ("a**", "nothing to repeat in front of \"*\""),
        ("{2}", "nothing to repeat in front of \"{\""), ("^*", "an assertion cannot be repeated"),
        ("a{2,1}", "a repetition's bounds in the wrong order"), ("a{99999}", "too large a repetition"),
        ("(a{9000}){9000}", "too large: over 10000 parts"), ("((){9999}){9999}b{", nil),
        (#"(a)\1"#, "back references are not supported"), ("(?=a)", "look-ahead is not supported"),
        ("(?!a)", "look-ahead is not supported"), ("(?<=a)", "look-behind is not supported"),
        ("(?i)a", "an unknown kind of group"), (#"\p{L}"#, #"\p is not supported"#), (#"a\"#, "a backslash at the end"),
        ("[b-a]", "a range of characters in the wrong order"), (#"\u12"#, "an escape without its 4 hexadecimal digits"),
        (#"\ud800"#, "half of a surrogate pair"), (String(repeating: "(", count: 5000), "groups nested too deeply"),
    ])
    func `Patterns that cannot be used are problems`(pattern: String, reason: String?) {
        let expected = reason.map { ["test.json#/pattern: not a pattern that can be used: \($0)"] }
        #expect(problems(in: "{\"pattern\":\(quoted(pattern))}") == expected ?? [])
    }

    @Test(arguments: ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(.*)*(.*)*(.*)*x", "^(a?){60}a{60}$"])
    func `Texts made to tire a pattern do not`(_ pattern: String) throws {
        let schema = try schema("{\"pattern\":\(quoted(pattern))}")
        let text = "\"" + String(repeating: "a", count: 20_000) + "!\""
        #expect(try violation(of: schema, in: text.utf8)?.kind == .constraint)
    }

    private func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" || scalar.value < 0x20 {
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
