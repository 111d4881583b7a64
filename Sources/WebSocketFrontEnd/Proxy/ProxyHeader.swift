import NIOCore

/// What a proxy says about the connection that it passes on: the PROXY protocol, versions 1 and 2, of HAProxy's
/// `proxy-protocol.txt`.
struct ProxyHeader: Equatable {
    /// The other side of the proxy. Nil: the proxy speaks for itself (a health check), or cannot tell.
    var source: SocketAddress?
    /// Where the proxy has terminated TLS and the client has shown a certificate.
    var certificate: PeerCertificate?
    /// The proxy has terminated TLS.
    var isEncrypted = false

    struct Malformed: Error {
        var reason: String
    }

    /// - Returns: Whether the whole prefix is there.
    static func checkPrefix(_ prefix: [UInt8], of buffer: ByteBuffer) throws(Malformed) -> Bool {
        guard buffer.readableBytesView.starts(with: prefix.prefix(buffer.readableBytes)) else {
            throw Malformed(reason: "no PROXY header")
        }
        return buffer.readableBytes >= prefix.count
    }
}
