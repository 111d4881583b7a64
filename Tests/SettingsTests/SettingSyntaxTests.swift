@testable import Settings
import Testing

@Suite("What values may be")
struct SettingSyntaxTests {
    private func value<Value>(_ syntax: SettingSyntax<Value>, _ text: String) -> (Value?, [String]) {
        var read = reader(["K": text])
        let value = read.optional("k", syntax, help: "")
        return (value, read.problems.map(\.expectation))
    }

    @Test(arguments: [("500ms", 0.5), ("30s", 30), ("5m", 300), ("2h", 7200), ("7", 7), (" 1s ", 1)])
    func `A duration has a unit, or is seconds`(text: String, seconds: Double) {
        #expect(value(.duration(.zero ... .seconds(86_400)), text).0 == .seconds(seconds))
    }

    @Test(arguments: [("64KB", 65_536), ("1MB", 1 << 20), ("1gb", 1 << 30), ("17", 17), ("1 kb", 1024)])
    func `A size has a unit, or is bytes`(text: String, size: Int) {
        #expect(value(.byteSize(0...1 << 40), text).0 == size)
    }

    @Test(arguments: ["9223372036854775807", "-1", "1e3", "0x10", "٣", "９", "1 2", "9223372036854775807GB", "1.5"])
    func `What no machine can count is refused`(_ text: String) {
        #expect(value(.integer(0...99), text) == (nil, ["expected a whole number of 0 to 99"]))
        #expect(value(.byteSize(0...99), text).0 == nil)
        #expect(value(.duration(.zero ... .seconds(99)), text).0 == nil)
    }

    @Test func `Several names of a choice may mean the same, and its first is how it is written`() {
        let syntax = SettingSyntax<Int>.choice(["warn": 1, "warning": 1, "error": 2])
        #expect(value(syntax, "WARNING").0 == 1)
        #expect(value(syntax, "fatal").1 == ["expected warn, warning, error"])
        #expect(SettingsReader.table { _ = $0("k", syntax, default: 1, help: "") }.first?.defaultText == "warn")
    }

    @Test func `A map is JSON in the environment, and a map in a file`() {
        let expected = [SettingsMember("x-a", .text("1")), SettingsMember("b", .text("${clientid}"))]
        #expect(value(.textMap, #" {"x-a": 1, "b": "${clientid}"} "#).0 == expected)
        var read = reader(file: [
            SettingsMember("k", .map([SettingsMember("x-a", .plain("1")), SettingsMember("b", .text("${clientid}"))]))
        ])
        #expect(read.optional("k", .textMap, help: "") == expected)
        #expect(read["k"]?.text == #"{"x-a":1,"b":"${clientid}"}"#)
        #expect(value(.textMap, "").0 == [])
    }

    @Test(
        arguments: [
            "{", "[]", "x", #"{"a":1,"a":2}"#, #"{"a":{"b":1}}"#, #"{"a":null}x"#, #"{"a":"\u0000"}"#,
            String(repeating: "[", count: 100_000),
        ])
    func `What is no map of texts is refused, and nothing of it is shown`(_ text: String) {
        let (value, problems) = value(.textMap, text)
        #expect(value == nil && problems.count == 1, "\(problems)")
    }

    @Test func `A document keeps its kinds of values`() {
        let text = #"{"a":{"$or":[1,true,null,"x"]},"e":"\ud83d\ude00\n"}"#
        var read = reader(["K": text])
        let document = read.optional("k", .document, help: "") ?? []
        #expect(SettingsValue.map(document).json == #"{"a":{"$or":[1,true,null,"x"]},"e":"😀\u000a"}"#)
    }

    @Test func `A list is no plain value, and of a map each key is judged by itself`() {
        for bad in [SettingsValue.list([.list([])]), .list([.null])] {
            var read = reader(file: [SettingsMember("k", bad)])
            #expect(read.optional("k", .text, help: "") == nil)
            #expect(read.problems.count == 1)
        }
        var read = reader(file: [SettingsMember("k", .map([SettingsMember("a", .plain("1"))]))])
        #expect(read.optional("k", .text, help: "") == nil)
        read.checkNames(strict: [], others: [])
        #expect(read.problems.map(\.key) == ["k.a"])
    }
}
