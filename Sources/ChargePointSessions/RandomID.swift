/// An identifier that no other session has.
package enum RandomID {
    /// 128 random bits as 32 hexadecimal digits.
    package static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        let text = String(generator.next(), radix: 16) + "0000000000000000" + String(generator.next(), radix: 16)
        return String(text.prefix(16)) + String(text.suffix(16))
    }
}
