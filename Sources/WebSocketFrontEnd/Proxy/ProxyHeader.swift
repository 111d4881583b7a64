import NIOCore

/// What a proxy says about the connection that it passes on: the PROXY protocol, versions 1 and 2, of HAProxy's
/// `proxy-protocol.txt`.
struct ProxyHeader: Equatable {
    /// The other side of the proxy. Nil: the proxy speaks for itself (a health check), or cannot tell.
    var source: SocketAddress?
    /// Where the proxy has terminated TLS and the client has shown a certificate.
    var certificate: PeerCertificateNames?

    enum Outcome: Equatable {
        case incomplete
        case header(ProxyHeader)
        case malformed(reason: String)
    }

    struct Malformed: Error {
        var reason: String
    }

    /// Takes the header from the front of what was received, once it is whole.
    ///
    /// Bytes that cannot become a header are malformed at once, however few they are.
    static func read(from buffer: inout ByteBuffer) -> Outcome {
        let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self)
        do throws(Malformed) {
            let header =
                switch first {
                case nil: nil as ProxyHeader?
                case ProxyHeaderVersion1.prefix.first: try ProxyHeaderVersion1.read(from: &buffer)
                case ProxyHeaderVersion2.signature.first: try ProxyHeaderVersion2.read(from: &buffer)
                default: throw Malformed(reason: "no PROXY header")
                }
            return header.map(Outcome.header) ?? .incomplete
        } catch {
            return .malformed(reason: error.reason)
        }
    }

    /// - Returns: Whether the whole prefix is there.
    static func checkPrefix(_ prefix: [UInt8], of buffer: ByteBuffer) throws(Malformed) -> Bool {
        guard buffer.readableBytesView.starts(with: prefix.prefix(buffer.readableBytes)) else {
            throw Malformed(reason: "no PROXY header")
        }
        return buffer.readableBytes >= prefix.count
    }
}
