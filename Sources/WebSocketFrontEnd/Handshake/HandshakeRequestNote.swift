import NIOHTTP1
import OutsideNames

/// What a refused handshake's log line says of its request: enough to find the charge point's mistake, and nothing that
/// could fill the log or carry a secret.
package struct HandshakeRequestNote: Sendable, Equatable {
    /// Without query, in printable ASCII: other bytes are percent-encoded. At most 200 bytes.
    package var path: String
    /// The subprotocols that were offered, in their order, in one line. Nil: none.
    package var offered: String?
    /// Of HTTP Basic, right or wrong. Nil: none that can be read.
    package var userName: UserName?

    private static let longest = 200

    init(_ request: HTTPRequestHead, userName: UserName?) {
        path = Self.printable(ChargePointIdentityRules.path(of: request.uri) ?? request.uri[...].utf8)
        let offered = request.headers["sec-websocket-protocol"].joined(separator: ", ")
        self.offered = offered.isEmpty ? nil : offered.inOneLine
        self.userName = userName.map { UserName($0.text.inOneLine) }
    }

    private static func printable(_ bytes: Substring.UTF8View) -> String {
        var text = ""
        for byte in bytes {
            let isPrintable = (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"")
            let digits = String(byte, radix: 16, uppercase: true)
            let shown = isPrintable ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + digits
            guard text.utf8.count + shown.utf8.count <= Self.longest else { return text + "..." }
            text += shown
        }
        return text
    }
}
