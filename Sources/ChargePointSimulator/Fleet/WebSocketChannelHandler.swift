import NIOCore
import NIOWebSocket

/// Moves WebSocket frames between a channel and its charge point.
final class WebSocketChannelHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let chargePoint: ChargePoint
    private var closeCode: WebSocketErrorCode?

    init(chargePoint: ChargePoint) {
        self.chargePoint = chargePoint
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .binary:
            let text = frame.unmaskedData
            chargePoint.assumeIsolated { $0.received(text) }
        case .ping:
            let pong = WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: frame.unmaskedData)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .connectionClose:
            var body = frame.unmaskedData
            let code = body.readWebSocketErrorCode()
            closeCode = code
            chargePoint.assumeIsolated { $0.closeReceived(code: code) }
        default:
            break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let reason = closeCode.map { "closed with \(UInt16(webSocketErrorCode: $0))" } ?? "connection broken"
        chargePoint.assumeIsolated { $0.connectionEnded(reason: reason) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
