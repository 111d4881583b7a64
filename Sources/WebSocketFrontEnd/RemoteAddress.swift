import NIOCore

extension SocketAddress {
    /// `192.0.2.7:5123`, `[2001:db8::7]:5123`.
    var hostAndPort: String {
        guard let host = ipAddress, let port else { return "\(self)" }
        if case .v6 = self { return "[\(host)]:\(port)" }
        return "\(host):\(port)"
    }
}
