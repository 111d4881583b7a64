/// Bytes as hexadecimal digits, and back.
package enum Hexadecimal {
    package static func capitals(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: digits(bytes, from: "0123456789ABCDEF"), as: UTF8.self)
    }

    package static func smallLetters(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: digits(bytes, from: "0123456789abcdef"), as: UTF8.self)
    }

    /// Nil where it is an odd number of digits, or holds what is none.
    package static func bytes(_ digits: some Collection<UInt8>) -> [UInt8]? {
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for digit in digits {
            guard let value = value(digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    private static func digits(_ bytes: some Collection<UInt8>, from alphabet: StaticString) -> [UInt8] {
        alphabet.withUTF8Buffer { alphabet in
            bytes.flatMap { [alphabet[Int($0 >> 4)], alphabet[Int($0 & 15)]] }
        }
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
