import FoundationEssentials

extension URLComponents {
    /// The host; an IPv6 address without its brackets.
    var unbracketedHost: String? {
        guard var host, !host.isEmpty else { return nil }
        if host.hasPrefix("[") && host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return host.isEmpty ? nil : host
    }
}
