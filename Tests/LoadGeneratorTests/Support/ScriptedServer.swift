import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization
import TestSupport

/// A WebSocket server that does to each text what the test says, and remembers the texts by who sent them. Only
/// identities that begin with `LOAD` are let in.
final class ScriptedServer: Sendable {
    enum Answer: Sendable {
        case text(String)
        case ping
        case close
    }

    typealias Script = @Sendable (_ text: String) -> [Answer]

    private let listener: any Channel
    private let heard: Heard

    fileprivate final class Heard: Sendable {
        let texts = Mutex<[String: [String]]>([:])
        let pongs = Mutex(0)
    }

    private init(listener: any Channel, heard: Heard) {
        self.listener = listener
        self.heard = heard
    }

    var port: Int { listener.localAddress?.port ?? 0 }

    func texts(of identity: String) -> [String] { heard.texts.withLock { $0[identity] ?? [] } }

    var pongs: Int { heard.pongs.withLock { $0 } }

    deinit { listener.close(promise: nil) }

    static func started(_ script: @escaping Script) async throws -> ScriptedServer {
        let heard = Heard()
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, head in
                let headers =
                    head.uri.hasPrefix("/ocpp/LOAD") ? HTTPHeaders([("Sec-WebSocket-Protocol", "ocpp1.6")]) : nil
                return channel.eventLoop.makeSucceededFuture(headers)
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    let identity = String(head.uri.dropFirst("/ocpp/".count))
                    try channel.pipeline.syncOperations.addHandler(
                        ScriptHandler(heard: heard, identity: identity, script: script))
                }
            })
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withServerUpgrade: (
                            upgraders: [upgrader],
                            completionHandler: { context in
                                context.pipeline.syncOperations.removeHandler(name: "refusal", promise: nil)
                            }
                        ))
                    try channel.pipeline.syncOperations.addHandler(RefusalHandler(), name: "refusal")
                }
            }
            .bind(host: "127.0.0.1", port: try freePort()).get()
        return ScriptedServer(listener: listener, heard: heard)
    }
}

/// Answers with 404 what is not let in.
private final class RefusalHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        let head = HTTPResponseHead(version: .http1_1, status: .notFound, headers: ["Content-Length": "0"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let heard: ScriptedServer.Heard
    private let identity: String
    private let script: ScriptedServer.Script

    init(heard: ScriptedServer.Heard, identity: String, script: @escaping ScriptedServer.Script) {
        self.heard = heard
        self.identity = identity
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text:
            let text = String(buffer: frame.unmaskedData)
            heard.texts.withLock { $0[identity, default: []].append(text) }
            for answer in script(text) { perform(answer, context) }
        case .pong: heard.pongs.withLock { $0 += 1 }
        case .connectionClose: context.close(promise: nil)
        default: break
        }
    }

    private func perform(_ answer: ScriptedServer.Answer, _ context: ChannelHandlerContext) {
        switch answer {
        case .text(let text):
            let frame = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text))
            context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        case .ping:
            let frame = WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer(string: "there?"))
            context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        case .close: context.close(promise: nil)
        }
    }
}
