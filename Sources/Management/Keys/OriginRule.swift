/// "A request whose `Origin` is not this server's: 403."
///
/// A page of somebody else may make its reader's browser ask here. It has no key, since a browser sends none by
/// itself; but it could read the metrics, which need none. Its `Origin` says where it is from; and where a name of
/// its own has been made to point to a loopback address (DNS rebinding), the `Host` says that.
struct OriginRule: Sendable, Equatable {
    /// The server listens on a loopback address alone: nobody calls it by another name than the machine's own.
    var isLoopback: Bool
    /// It is asked over TLS: a page that came without it is not this server's, whatever the name.
    var isHTTPS: Bool
    var hostName: String

    /// Why this request is foreign; nil: it is not.
    ///
    /// - Parameter isProxied: It comes from a trusted proxy, which may be called by any name.
    func fault(origin: String?, host: String?, isProxied: Bool) -> String? {
        if isLoopback, !isProxied, let host, !isOwnName(Self.name(of: host)) {
            return "this server is not called \(host.shortened)"
        }
        guard let origin else { return nil }
        // A proxy may have TLS on one side only.
        let schemes = isHTTPS && !isProxied ? ["https://"] : ["https://", "http://"]
        guard let host, let authority = Self.authority(of: origin, schemes), Self.isSame(authority, host, in: origin)
        else {
            return "the request comes from another page: \(origin.shortened)"
        }
        return nil
    }

    private func isOwnName(_ name: String) -> Bool {
        if name.hasPrefix("[") || name == "localhost" || name.hasSuffix(".localhost") || name == hostName {
            return true
        }
        return !name.isEmpty && name.allSatisfy { ($0.isASCII && $0.isNumber) || $0 == "." }
    }

    /// Host without port, in small letters.
    private static func name(of host: String) -> String {
        let host = host.lowercased()
        if host.hasPrefix("[") { return String(host.prefix { $0 != "]" }) + "]" }
        return String(host.prefix { $0 != ":" })
    }

    /// `http://host:port` alone; nil: `null`, another scheme, or more than that.
    private static func authority(of origin: String, _ schemes: [String]) -> Substring? {
        for scheme in schemes where origin.lowercased().hasPrefix(scheme) {
            let authority = origin.dropFirst(scheme.count)
            return authority.contains("/") ? nil : authority
        }
        return nil
    }

    private static func isSame(_ authority: Substring, _ host: String, in origin: String) -> Bool {
        let port = origin.lowercased().hasPrefix("https://") ? ":443" : ":80"
        func normalised(_ text: some StringProtocol) -> String {
            let text = text.lowercased()
            return text.hasSuffix(port) ? String(text.dropLast(port.count)) : text
        }
        return normalised(authority) == normalised(host)
    }
}
