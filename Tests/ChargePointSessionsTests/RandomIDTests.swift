import Testing

@testable import ChargePointSessions

@Suite struct RandomIDTests {
    @Test func `An identifier has one text, of 32 hexadecimal digits, which no other has`() {
        let ids = (0..<100).map { _ in RandomID() }
        for id in ids {
            #expect(id.text == id.text && id.text.utf8.count == 32)
            #expect(id.text.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        }
        #expect(Set(ids.map(\.text)).count == 100)
        // Both halves tell them apart.
        #expect(Set(ids.map { $0.text.prefix(16) }).count == 100)
        #expect(Set(ids.map { $0.text.suffix(16) }).count == 100)
    }
}
