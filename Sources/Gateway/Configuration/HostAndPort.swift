import Glibc

/// `host:port`, `[IPv6]:port`, or a part of it.
enum HostAndPort {
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
            || (1...253).contains(text.utf8.count)
                && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
    }

    private static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }

    /// `0.0.0.0:33033`, `[::]:33033`, `33033`; 0 lets the system choose.
    static func bindAddress(_ text: String) -> (host: String, port: Int)? {
        let text = text.hasPrefix(":") ? String(text.dropFirst()) : text
        if let port = ConfigurationText.integer(text) {
            return (0...65535).contains(port) ? ("0.0.0.0", port) : nil
        }
        guard let (host, port) = split(text[...]), isHost(host), let port,
            let number = ConfigurationText.integer(port), (0...65535).contains(number)
        else { return nil }
        return (host, number)
    }
}
