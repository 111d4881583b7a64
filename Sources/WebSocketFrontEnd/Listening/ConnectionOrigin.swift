import NIOCore

/// What is known of a connection before its first byte of TLS or HTTP.
struct ConnectionOrigin: Sendable {
    /// The peer's, or the one that a PROXY header tells.
    var address: SocketAddress?
    /// Of the TLS that the proxy in front terminated.
    var certificate: PeerCertificate?
    /// The proxy in front has terminated TLS.
    var isEncrypted = false
    /// A proxy speaks for itself: its health checks are nobody's failed handshakes.
    var isProxyItself = false
    /// When the handshake must be complete; counted from accept, whatever comes before HTTP.
    var handshakeDeadline: NIODeadline

    init(address: SocketAddress?, handshakeDeadline: NIODeadline) {
        self.address = address
        self.handshakeDeadline = handshakeDeadline
    }

    var peer: PeerAddress { PeerAddress(address) }
}
