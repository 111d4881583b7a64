/// An identifier that no other session has.
package enum RandomID {
    private static let digits = StaticString("0123456789abcdef")

    /// 128 random bits as 32 hexadecimal digits.
    package static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        let words = [generator.next(), generator.next()] as [UInt64]
        // No larger than it is: a session keeps one.
        return String(unsafeUninitializedCapacity: 32) { text in
            for place in 0..<32 {
                text[place] = digits.utf8Start[Int(words[place / 16] >> (place % 16 * 4) & 15)]
            }
            return 32
        }
    }
}
