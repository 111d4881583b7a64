import Glibc
import Settings

/// `host:port` or `[IPv6]:port`, and how the parts of it are told apart.
package struct HostAndPort: Sendable, Equatable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package var description: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// Nil: a bracket is missing. The port is not checked.
    static func split(_ text: Substring) -> (host: String, port: String?)? {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            guard isIPv6(host) else { return nil }
            if rest.isEmpty { return (host, nil) }
            return rest.hasPrefix(":") ? (host, String(rest.dropFirst())) : nil
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return (String(text), nil)
        case 2: return (String(parts[0]), String(parts[1]))
        default: return nil
        }
    }

    /// An IP address or a host name.
    static func isHost(_ text: String) -> Bool {
        isIPv6(text)
            || (1...253).contains(text.utf8.count) && !text.isMistypedIPv4
                && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
    }

    private static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `0.0.0.0:33033`, `[::]:33033`, `33033`; port 0 lets the system choose.
    init?(bindAddress text: String) {
        let text = text.hasPrefix(":") ? String(text.dropFirst()) : text
        if let port = SettingText.integer(text) {
            guard (0...65535).contains(port) else { return nil }
            self.init(host: "0.0.0.0", port: port)
            return
        }
        guard let (host, port) = Self.split(text[...]), Self.isHost(host), let port,
            let number = SettingText.integer(port), (0...65535).contains(number)
        else { return nil }
        self.init(host: host, port: number)
    }

    /// Nobody on another machine can reach it.
    var isLoopback: Bool { host == "::1" || host.lowercased() == "localhost" || host.utf8.starts(with: "127.".utf8) }

    /// RFC 6454, 6.2: scheme, host, and a port where it is not the scheme's own; or `null`.
    static func isOrigin(_ text: String) -> Bool {
        if text.lowercased() == "null" { return true }
        guard let separator = text.firstIndex(of: ":"), text[separator...].hasPrefix("://"),
            let (host, port) = split(text[separator...].dropFirst(3)), isHost(host)
        else { return false }
        let scheme = text[..<separator]
        guard let first = scheme.first, first.isASCII, first.isLetter,
            scheme.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) })
        else { return false }
        return port.map { SettingText.integer($0).map((1...65535).contains) ?? false } ?? true
    }
}
