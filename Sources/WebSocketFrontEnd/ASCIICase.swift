// HTTP, WebSocket and origins know the case of ASCII letters only. `lowercased()` knows Unicode's: it makes a `k` of the
// Kelvin sign (U+212A), and what must not pass would.

extension StringProtocol {
    /// With the ASCII capitals as small letters, all else as it is.
    var asciiLowercased: String {
        String(decoding: utf8.map(\.asciiLowercased), as: UTF8.self)
    }

    /// Whether the UTF-8 of both is the same but for the case of ASCII letters.
    func isSame(ignoringASCIICase other: some StringProtocol) -> Bool {
        utf8.count == other.utf8.count
            && zip(utf8, other.utf8).allSatisfy { $0.asciiLowercased == $1.asciiLowercased }
    }
}

extension UInt8 {
    fileprivate var asciiLowercased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
