import FoundationEssentials

/// Where the charge points connect: `ws://host:port/path` or `wss://…`, each with its identity appended.
package struct CentralSystemEndpoint: Sendable, Equatable {
    package let usesTLS: Bool
    package let host: String
    package let port: Int
    /// Without a slash at the end.
    package let path: String
    /// HTTP Basic password of every charge point, if there is one.
    package let password: String?

    /// - Parameters:
    ///   - url: `ws://…` or `wss://…`.
    ///   - password: sent with the identity as the user name (OCPP 1.6 security profile 1).
    package init(url: String, password: String? = nil) throws(URLRefusal) {
        guard let components = URLComponents(string: url) else { throw .notAURL }
        switch components.scheme?.lowercased() {
        case "ws": usesTLS = false
        case "wss": usesTLS = true
        default: throw .scheme(expected: "ws:// or wss://")
        }
        guard components.user == nil, components.password == nil else {
            throw .credentials(use: "the environment variable CHARGE_POINT_PASSWORD")
        }
        guard let host = components.unbracketedHost else { throw .noHost }
        self.host = host
        self.port = components.port ?? (usesTLS ? 443 : 80)
        var path = components.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
        self.password = password
    }

    /// The value of the Host header.
    package var authority: String {
        "\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// The value of the Authorization header for this identity.
    package func authorization(identity: String) -> String? {
        password.map { "Basic " + Data("\(identity):\($0)".utf8).base64EncodedString() }
    }
}
