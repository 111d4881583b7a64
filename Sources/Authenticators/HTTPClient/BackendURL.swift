import CredentialChecking
import Settings

/// An `http` or `https` URL taken apart as far as a request needs it; what is between is left as it was written.
package struct BackendURL: Sendable, Equatable {
    package var isEncrypted: Bool
    /// Without brackets.
    package var host: String
    package var port: Int
    /// Path and query, at least `/`.
    package var target: String

    /// Nil: another scheme, no host, digits and dots that are no IPv4 address, credentials in it (they belong into a
    /// header), a fragment, spaces or control characters.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), !text.utf8.contains(UInt8(ascii: "#")) else {
            return nil
        }
        let rest: Substring
        if let after = text.withoutPrefix("https://") {
            (isEncrypted, rest) = (true, after)
        } else if let after = text.withoutPrefix("http://") {
            (isEncrypted, rest) = (false, after)
        } else {
            return nil
        }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let path = rest[end...]
        target = path.hasPrefix("/") ? String(path) : "/" + path
        var authority = rest[..<end]
        guard !authority.contains("@") else { return nil }
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<close])
            authority = authority[authority.index(after: close)...]
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = String(authority[..<colon])
            authority = authority[colon...]
        }
        guard !host.isEmpty, !host.isMistypedIPv4 else { return nil }
        if authority.isEmpty {
            port = isEncrypted ? 443 : 80
        } else {
            guard let number = Int(authority.dropFirst()), (1...65535).contains(number) else { return nil }
            port = number
        }
    }

    /// A text as it may be shown, whatever is wrong with it: what stands before an `@`, where credentials would be, and
    /// what the query says beside placeholders, such as a key, is hidden.
    package static func shown(_ text: String) -> String {
        let query = text.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? text.endIndex
        var start = text[..<query]
        if let at = start.utf8.lastIndex(of: UInt8(ascii: "@")) {
            let scheme = start.utf8.firstRange(of: "://".utf8)?.upperBound ?? start.startIndex
            start = "\(start[..<min(scheme, at)])\(SettingProblem.hidden)\(start[at...])"
        }
        guard query < text.endIndex else { return String(start) }
        let parts = text[text.utf8.index(after: query)...].utf8.split(
            separator: UInt8(ascii: "&"), omittingEmptySubsequences: false
        ).map { part in
            let name = part.prefix { $0 != UInt8(ascii: "=") }
            let value = part.dropFirst(name.count + 1)
            let (shown, judged) = name.count < part.count ? (String(Substring(name)) + "=", value) : ("", part)
            let text = String(Substring(judged))
            return shown + (CredentialTemplate.isOfPlaceholders(text) ? text : SettingProblem.hidden)
        }
        return "\(start)\(text[query...].utf8.first == UInt8(ascii: "#") ? "#" : "?")\(parts.joined(separator: "&"))"
    }

    /// Scheme, host and port as a URL writes them.
    package func origin(host: String) -> String {
        let shown = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(isEncrypted ? "https" : "http")://\(shown):\(port)"
    }
}

extension String {
    fileprivate func withoutPrefix(_ prefix: String) -> Substring? {
        lowercased().hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
