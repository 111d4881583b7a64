import Testing

@testable import CredentialChecking

struct MemoTests {
    private let start = ContinuousClock.now
    private let key = ProcessKey()

    private func digest(_ number: Int) -> KeyedDigest { key.digest(of: [Array("\(number)".utf8)]) }

    @Test func `The oldest goes first when it is full`() {
        var memo = Memo<Int>(capacity: 3)
        for number in 1...4 { memo.keep(number, under: digest(number)) }
        #expect(memo.count == 3)
        #expect(memo.value(under: digest(1), at: start) == nil)
        #expect([2, 3, 4].map { memo.value(under: digest($0), at: start) } == [2, 3, 4])
    }

    @Test func `What is kept again is young again, and the memory stays bounded`() {
        var memo = Memo<Int>(capacity: 3)
        memo.keep(1, under: digest(1))
        memo.keep(2, under: digest(2))
        memo.keep(10, under: digest(1))
        memo.keep(3, under: digest(3))
        #expect(memo.value(under: digest(1), at: start) == 10)
        for _ in 0..<1000 { memo.keep(0, under: digest(1)) }
        #expect(memo.count == 1)
    }

    @Test func `Each is kept until its end`() {
        var memo = Memo<Int>(capacity: 10)
        memo.keep(1, under: digest(1), until: start + .seconds(5))
        memo.keep(2, under: digest(2), until: start + .seconds(6))
        #expect(memo.value(under: digest(1), at: start + .milliseconds(4999)) == 1)
        #expect(memo.value(under: digest(1), at: start + .seconds(5)) == nil)
        #expect(memo.count == 1)
        #expect(memo.value(under: digest(2), at: start + .seconds(5)) == 2)
    }

    @Test func `What is forgotten holds nothing up`() {
        var memo = Memo<Int>(capacity: 10)
        memo.keep(1, under: digest(1), until: start + .seconds(5))
        memo.keep(2, under: digest(2), until: start + .seconds(5))
        memo.forget(digest(1))
        #expect(memo.value(under: digest(1), at: start) == nil)
        #expect(memo.value(under: digest(3), at: start + .seconds(5)) == nil)
        #expect(memo.count == 0)
    }

    @Test func `The same words are said once in 10 seconds, with a count`() {
        var words = RepeatedWords()
        #expect(words.count("a", at: start) == 1)
        #expect(words.count("b", at: start) == 1)
        for second in 1...9 { #expect(words.count("a", at: start + .seconds(second)) == nil) }
        #expect(words.count("a", at: start + .seconds(10)) == 10)
        #expect(words.count("a", at: start + .seconds(19)) == nil)
        #expect(words.count("a", at: start + .seconds(20)) == 2)
    }

    @Test func `Ever new words do not fill the memory or the log`() {
        var words = RepeatedWords()
        let said = (0..<1000).filter { words.count("\($0)", at: start) != nil }
        #expect(said.count == 65)
    }
}
