import NIOCore

/// Stands before the HTTP decoder, or before TLS, until the handshake is over: knows whether the peer has said anything
/// at all, and swallows what it still sends after a refusal.
final class FirstBytesGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private(set) var sawBytes = false
    /// A TLS handshake record begins what was said (RFC 8446, 5.1).
    private(set) var sawTLS = false
    var discards = false
    /// Nil: what passes is not HTTP.
    private var requestLine: RequestLine?

    init(isBeforeHTTP: Bool) {
        requestLine = isBeforeHTTP ? RequestLine() : nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if !sawBytes {
            sawBytes = true
            sawTLS = bytes.readableBytesView.first == 0x16
        }
        guard !discards else { return }
        context.fireChannelRead(wrapInboundOut(requestLine?.ascii(bytes) ?? bytes))
    }
}
