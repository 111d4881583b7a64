import Glibc
import NIOCore

/// Where a request comes from, in one spelling for each address: an IPv4 address that an IPv6 socket reports
/// (`::ffff:192.0.2.7`) is the IPv4 one, and a port that a proxy writes behind it is left out.
struct ClientAddress: Sendable, Equatable {
    let text: String
    /// What counts as one address: of IPv6 the first 64 bits, which one household has to itself.
    let subject: String

    init(_ address: SocketAddress?) {
        self.init(address?.ipAddress ?? "unknown")
    }

    /// What is no address is taken as it is.
    init(_ written: some StringProtocol) {
        let address = Self.withoutPort(written)
        guard let bytes = Self.ipv6(address) else {
            text = address
            subject = address
            return
        }
        if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
            text = bytes[12...].map { String($0) }.joined(separator: ".")
            subject = text
        } else {
            text = address
            subject = bytes[..<8].map { String($0, radix: 16) }.joined(separator: ":") + "/64"
        }
    }

    /// Its sixteen bytes; nil: it is none.
    private static func ipv6(_ text: String) -> [UInt8]? {
        // Longer than any address; inet_pton takes the text for C's, which ends at a NUL.
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return withUnsafeBytes(of: address) { Array($0) }
    }

    /// `192.0.2.7:4711` and `[2001:db8::7]:4711` without the port; all else as it is.
    private static func withoutPort(_ text: some StringProtocol) -> String {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            return String(text[text.index(after: text.startIndex)..<end])
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && parts[0].contains(".") ? String(parts[0]) : String(text)
    }
}
