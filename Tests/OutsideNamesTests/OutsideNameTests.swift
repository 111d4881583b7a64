import OutsideNames
import Testing

@Suite("Names from outside are bytes")
struct OutsideNameTests {
    /// Equal for Swift's `String`, and different names for everybody else.
    static let twins = [
        ("K", "\u{212A}"), ("\u{C5}", "\u{212B}"), ("\u{E9}", "e\u{301}"), ("\u{1E9B}\u{323}", "\u{17F}\u{323}\u{307}"),
        ("\u{AC00}", "\u{1100}\u{1161}"), ("CP\u{E9}1", "CPe\u{301}1"),
    ]

    @Test(arguments: twins)
    func `Canonically equivalent names are different names, in comparisons, tables and order`(
        one: String, other: String
    ) {
        #expect(one == other, "the example is one")
        #expect(!one.hasSameBytes(as: other))
        let (name, twin) = (ChargePointIdentity(one), ChargePointIdentity(other))
        #expect(name != twin)
        #expect(Set([name, twin]).count == 2)
        #expect([name: 1, twin: 2][name] == 1)
        #expect((name < twin) != (twin < name))
    }

    @Test(
        arguments: ["", "CP1", String(repeating: "é😀", count: 100)])
    func `The same bytes are the same name, short or long`(text: String) {
        let copy = String(decoding: Array(text.utf8), as: UTF8.self)
        #expect(Topic(text) == Topic(copy))
        #expect(Topic(text).hashValue == Topic(copy).hashValue)
        #expect(!(Topic(text) < Topic(copy)))
    }

    @Test
    func `A name that is the beginning of another is not it, and comes before it`() {
        #expect(UniqueID("1") != "10")
        #expect(UniqueID("1") < "10")
        #expect(UniqueID("Z") < "a")
    }
}
