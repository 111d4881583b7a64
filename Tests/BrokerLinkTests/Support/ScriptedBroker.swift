import NIOCore
import NIOPosix
import Synchronization

/// A server that answers each CONNECT by a script; for brokers that Mosquitto cannot play.
final class ScriptedBroker: Sendable {
    enum Answer {
        case bytes([UInt8])
        case silence
        case close
    }

    private let server: any Channel
    private let connects: Connects
    let port: Int

    private final class Connects: Sendable {
        let versions = Mutex<[UInt8]>([])
    }

    /// - Parameter answer: by the protocol level in the CONNECT, 5 or 4 (3.1.1).
    init(answer: @escaping @Sendable (UInt8) -> Answer) async throws {
        let connects = Connects()
        self.connects = connects
        server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Script(connects: connects, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = server.localAddress?.port ?? 0
    }

    deinit {
        server.close(promise: nil)
    }

    /// The protocol levels of the CONNECTs so far.
    var versions: [UInt8] { connects.versions.withLock { $0 } }

    private final class Script: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let connects: Connects
        private let answer: @Sendable (UInt8) -> Answer

        init(connects: Connects, answer: @escaping @Sendable (UInt8) -> Answer) {
            self.connects = connects
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(unwrapInboundIn(data).readableBytesView)
            // CONNECT, with one length byte here: 0x10 length 0 4 M Q T T level.
            guard bytes.count > 8, bytes[0] == 0x10, let name = bytes.firstIndex(of: 0x4d) else { return }
            let level = bytes[name + 4]
            connects.versions.withLock { $0.append(level) }
            switch answer(level) {
            case .bytes(let bytes):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            case .silence: break
            case .close: context.close(promise: nil)
            }
        }
    }
}
