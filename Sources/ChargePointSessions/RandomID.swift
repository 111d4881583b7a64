/// An identifier that no other session has: 128 random bits. A session keeps it as these, and not as the text.
package struct RandomID: Sendable, Equatable {
    private static let digits = StaticString("0123456789abcdef")

    private let low: UInt64
    private let high: UInt64

    package init() {
        var generator = SystemRandomNumberGenerator()
        low = generator.next()
        high = generator.next()
    }

    /// 32 hexadecimal digits, always the same.
    package var text: String {
        String(unsafeUninitializedCapacity: 32) { text in
            for place in 0..<32 {
                let word = place < 16 ? low : high
                text[place] = Self.digits.utf8Start[Int(word >> (place % 16 * 4) & 15)]
            }
            return 32
        }
    }

    /// The text of a new one.
    package static func make() -> String { RandomID().text }
}
