import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A small MQTT broker that acknowledges what comes, and does with some packets what a test says.
final class PolicyBroker: Sendable {
    enum Packet: Equatable {
        case publish(topic: String, payload: String)
        case subscribe(topics: [String])
        case unsubscribe
    }

    enum Verdict {
        /// With this reason code (MQTT 5, QoS 1).
        case acknowledge(UInt8)
        case close
        case silence
    }

    typealias Policy = @Sendable (Packet) -> Verdict

    private final class Record: Sendable {
        let packets = Mutex<[Packet]>([])
        let connects = Mutex(0)
        let channels = Mutex<[any Channel]>([])
    }

    private let server: any Channel
    private let record: Record
    let port: Int

    /// - Parameter isVersion5: speaks MQTT 5, else 3.1.1.
    init(isVersion5: Bool = true, policy: @escaping Policy) async throws {
        let record = Record()
        self.record = record
        server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                record.channels.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Peer(record: record, isVersion5: isVersion5, policy: policy))
                }
            }
            .bind(host: "127.0.0.1", port: try freePort()).get()
        self.port = server.localAddress?.port ?? 0
    }

    deinit {
        server.close(promise: nil)
    }

    /// What has come, in order, also what was not acknowledged.
    var packets: [Packet] { record.packets.withLock { $0 } }
    var connects: Int { record.connects.withLock { $0 } }

    func count(ofTopic topic: String) -> Int {
        packets.count { if case .publish(topic, _) = $0 { true } else { false } }
    }

    func dropConnections() {
        let channels = record.channels.withLock { channels in
            defer { channels = [] }
            return channels
        }
        for channel in channels { channel.close(promise: nil) }
    }

    private final class Peer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let record: Record
        private let isVersion5: Bool
        private let policy: Policy
        private var received = ByteBuffer()
        private var isClosed = false

        init(record: Record, isVersion5: Bool, policy: @escaping Policy) {
            self.record = record
            self.isVersion5 = isVersion5
            self.policy = policy
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received.writeImmutableBuffer(unwrapInboundIn(data))
            while !isClosed, let (head, body) = nextPacket() { handle(head, body, context) }
        }

        private func nextPacket() -> (UInt8, ByteBuffer)? {
            var copy = received
            guard let head: UInt8 = copy.readInteger(), let length = Self.readLength(&copy),
                let body = copy.readSlice(length: length)
            else { return nil }
            received = copy
            return (head, body)
        }

        private static func readLength(_ buffer: inout ByteBuffer) -> Int? {
            var length = 0
            for shift in [0, 7, 14, 21] {
                guard let byte: UInt8 = buffer.readInteger() else { return nil }
                length |= Int(byte & 0x7F) << shift
                if byte & 0x80 == 0 { return length }
            }
            return nil
        }

        private func handle(_ head: UInt8, _ whole: ByteBuffer, _ context: ChannelHandlerContext) {
            var body = whole
            switch head & 0xF0 {
            case 0x10:
                record.connects.withLock { $0 += 1 }
                // A client that offers MQTT 5 to a broker that does not speak it is told so.
                let level = body.getInteger(at: body.readerIndex + 6, as: UInt8.self)
                if !isVersion5, level == 5 { return write([0x20, 2, 0, 1], context) }
                write(isVersion5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0], context)
            case 0x30: publish(head, &body, context)
            case 0x80: subscribe(&body, context)
            case 0xA0:
                guard let id: UInt16 = body.readInteger() else { return }
                judge(.unsubscribe, context) { _ in
                    isVersion5
                        ? [0xB0, 4, UInt8(id >> 8), UInt8(id & 255), 0, 0] : [0xB0, 2, UInt8(id >> 8), UInt8(id & 255)]
                }
            case 0xC0: write([0xD0, 0], context)
            default: break
            }
        }

        private func publish(_ head: UInt8, _ body: inout ByteBuffer, _ context: ChannelHandlerContext) {
            guard let topic = body.readLengthPrefixedString() else { return }
            let id: UInt16 = head & 0x06 == 0 ? 0 : body.readInteger() ?? 0
            skipProperties(&body)
            judge(.publish(topic: topic, payload: String(buffer: body)), context) { code in
                guard head & 0x06 != 0 else { return [] }
                let bytes = [UInt8(id >> 8), UInt8(id & 255)]
                return code == 0 ? [0x40, 2] + bytes : [0x40, 3] + bytes + [code]
            }
        }

        private func subscribe(_ body: inout ByteBuffer, _ context: ChannelHandlerContext) {
            guard let id: UInt16 = body.readInteger() else { return }
            skipProperties(&body)
            var topics: [String] = []
            while let topic = body.readLengthPrefixedString() {
                topics.append(topic)
                body.moveReaderIndex(forwardBy: 1)
            }
            let granted = [UInt8](repeating: 1, count: topics.count)
            judge(.subscribe(topics: topics), context) { _ in
                let bytes = [UInt8(id >> 8), UInt8(id & 255)] + (isVersion5 ? [0] : []) + granted
                return [0x90, UInt8(bytes.count)] + bytes
            }
        }

        private func skipProperties(_ body: inout ByteBuffer) {
            if isVersion5, let length = Self.readLength(&body) { body.moveReaderIndex(forwardBy: length) }
        }

        private func judge(_ packet: Packet, _ context: ChannelHandlerContext, _ answer: (UInt8) -> [UInt8]) {
            record.packets.withLock { $0.append(packet) }
            switch policy(packet) {
            case .acknowledge(let code): write(answer(code), context)
            case .silence: break
            case .close:
                isClosed = true
                context.close(promise: nil)
            }
        }

        private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
            guard !bytes.isEmpty else { return }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func readLengthPrefixedString() -> String? {
        guard let length: UInt16 = readInteger() else { return nil }
        return readString(length: Int(length))
    }
}
