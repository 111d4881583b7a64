import ClientEndpoints
import NIOCore
import NIOHTTP1
import NIOSSL

/// Asks for the WebSocket, and tells the charge point when that is refused. It leaves the pipeline with the upgrade.
final class UpgradeRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    static let name = "upgrade-request"

    private let chargePoint: ChargePoint
    private let request: HTTPRequestHead
    private var refusal: String?

    init(chargePoint: ChargePoint, endpoint: CentralSystemEndpoint) {
        self.chargePoint = chargePoint
        var headers = HTTPHeaders([
            ("Host", endpoint.authority), ("Sec-WebSocket-Protocol", chargePoint.version.subprotocol),
        ])
        if let authorization = endpoint.authorization(identity: chargePoint.identity) {
            headers.add(name: "Authorization", value: authorization)
        }
        request = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "\(endpoint.path)/\(chargePoint.identity)", headers: headers)
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            refusal = "refused with HTTP \(head.status.code)"
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let reason = refusal ?? "connection closed before the upgrade"
        chargePoint.assumeIsolated { $0.attemptFailed(reason: reason) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if refusal == nil {
            refusal = error is NIOSSLError ? "TLS: \(error)" : "no valid answer to the upgrade"
        }
        context.close(promise: nil)
    }
}
