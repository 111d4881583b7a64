import NIOCore

/// Stands before the HTTP decoder until the upgrade: knows whether the peer has said anything at all, and swallows
/// what it still sends after a refusal.
final class HandshakeGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private(set) var sawBytes = false
    var discards = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.sawBytes = true
        if !self.discards {
            context.fireChannelRead(data)
        }
    }
}
