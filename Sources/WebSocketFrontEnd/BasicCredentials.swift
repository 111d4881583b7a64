import OutsideNames

/// HTTP Basic credentials (RFC 7617) as OCPP charge points send them (behaviour.md, "Passwords").
package struct BasicCredentials: Sendable, Equatable {
    /// Everything before the first colon.
    package var username: UserName
    /// As it was sent. An AuthorizationKey is bytes, and need not be a text.
    package var password: [UInt8]

    package init(username: UserName, password: [UInt8]) {
        self.username = username
        self.password = password
    }

    /// For those who take a text only: where the password is not UTF-8, its bytes as hexadecimal digits in capitals.
    package var passwordText: String {
        String(validating: password, as: UTF8.self) ?? Self.hexadecimal(password)
    }

    /// Nil where the header is not that of Basic credentials: another scheme, no base64, no colon, a user name that is
    /// not UTF-8 or that holds control characters.
    ///
    /// - Parameter header: The value of `Authorization`.
    init?(authorization header: String) {
        let scheme = header.utf8.prefix { $0 != UInt8(ascii: " ") }
        let rest = header.utf8.dropFirst(scheme.count)
        guard Substring(scheme).isSame(ignoringASCIICase: "basic"), !rest.isEmpty,
            let bytes = Base64.decode(rest.filter { $0 != UInt8(ascii: " ") }),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let username = String(validating: bytes[..<colon], as: UTF8.self),
            !username.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return nil }
        self.username = UserName(username)
        password = Array(bytes[(colon + 1)...])
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

// A password must not get into a log or a debugger's dump.
extension BasicCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "credentials of \(username)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["username": username]) }
}

/// RFC 4648, 4; the padding may be left out.
enum Base64 {
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        var digits = text[...]
        while digits.last == UInt8(ascii: "="), text.count - digits.count < 2 { digits.removeLast() }
        guard digits.count % 4 != 1, text.count == digits.count || text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count * 3 / 4)
        var bits: UInt32 = 0
        var count = 0
        for digit in digits {
            guard let value = self.value(digit) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
