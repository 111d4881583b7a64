import OutsideNames

/// HTTP Basic credentials (RFC 7617) as OCPP charge points send them (behaviour.md, "Passwords").
struct BasicCredentials: Sendable, Equatable {
    /// Everything before the first colon.
    var username: UserName
    /// As it was sent. An AuthorizationKey is bytes, and need not be a text.
    var password: [UInt8]

    init(username: UserName, password: [UInt8]) {
        self.username = username
        self.password = password
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
}

// A password must not get into a log or a debugger's dump.
extension BasicCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "credentials of \(username)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["username": username]) }
}
