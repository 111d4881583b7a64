import NIOCore

/// Where a charge point connects from: the TCP peer, or as a trusted proxy has told.
package struct PeerAddress: Sendable, Hashable, CustomStringConvertible {
    /// `192.0.2.7`, `2001:db8::7`.
    package var host: String
    /// Nil: a proxy has told no port.
    package var port: UInt16?

    package init(host: String, port: UInt16?) {
        self.host = host
        self.port = port
    }

    /// What is no address of a host (a Unix domain socket) is shown as it is.
    init(_ address: SocketAddress?) {
        host = address?.ipAddress ?? address.map { "\($0)" } ?? "unknown"
        port = address?.ipAddress == nil ? nil : address?.port.flatMap { UInt16(exactly: $0) }
    }

    /// `192.0.2.7:5123`, `[2001:db8::7]:5123`. Without a port the address stands alone, so that nobody takes a made-up
    /// port for a real one.
    package var description: String {
        guard let port else { return host }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
