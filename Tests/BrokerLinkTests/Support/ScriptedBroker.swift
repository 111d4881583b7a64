import NIOCore
import NIOPosix
import Synchronization
import TestSupport

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
        let packets = Mutex<[UInt8]>([])
        let clientIDs = Mutex<[String]>([])
        let channels = Mutex<[any Channel]>([])
    }

    /// - Parameter answer: by the protocol level in the CONNECT, 5 or 4 (3.1.1).
    init(answer: @escaping @Sendable (UInt8) -> Answer) async throws {
        let connects = Connects()
        self.connects = connects
        server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                connects.channels.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Script(connects: connects, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: try freePort()).get()
        port = server.localAddress?.port ?? 0
    }

    deinit {
        server.close(promise: nil)
    }

    /// The protocol levels of the CONNECTs so far.
    var versions: [UInt8] { connects.versions.withLock { $0 } }
    /// The first bytes of the packets so far: type and flags.
    var packets: [UInt8] { connects.packets.withLock { $0 } }

    /// The client ids of the CONNECTs so far.
    var clientIDs: [String] { connects.clientIDs.withLock { $0 } }

    func dropFirstConnection() {
        connects.channels.withLock { $0.isEmpty ? nil : $0.removeFirst() }?.close(promise: nil)
    }

    func dropConnections() {
        let channels = connects.channels.withLock { channels in
            defer { channels = [] }
            return channels
        }
        for channel in channels {
            channel.close(promise: nil)
        }
    }

    private final class Script: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let connects: Connects
        private let answer: @Sendable (UInt8) -> Answer
        private var received: [UInt8] = []

        init(connects: Connects, answer: @escaping @Sendable (UInt8) -> Answer) {
            self.connects = connects
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += unwrapInboundIn(data).readableBytesView
            // The packets of these tests are so short that their length is one byte.
            while received.count >= 2, received.count >= 2 + Int(received[1]) {
                let packet = Array(received.prefix(2 + Int(received[1])))
                received.removeFirst(packet.count)
                connects.packets.withLock { $0.append(packet[0]) }
                // CONNECT: 0x10 length 0 4 M Q T T level.
                if packet[0] == 0x10, packet.count > 8 {
                    connects.clientIDs.withLock { $0.append(Self.clientID(in: packet)) }
                    connected(context, level: packet[8])
                }
            }
        }

        /// Behind the level: flags, two bytes of keep-alive, with level 5 properties, and the id with its length.
        private static func clientID(in connect: [UInt8]) -> String {
            var rest = connect.dropFirst(12)
            if connect[8] == 5, let length = rest.first { rest = rest.dropFirst(1 + Int(length)) }
            return String(decoding: rest.dropFirst(2).prefix(Int(rest.dropFirst().first ?? 0)), as: UTF8.self)
        }

        private func connected(_ context: ChannelHandlerContext, level: UInt8) {
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
