import NIOCore
import NIOPosix
import TestSupport

/// A small MQTT client of the tests' own, so that what the gateway's library does is seen from outside of it.
final class MQTTTestClient: Sendable {
    let messages: Mailbox<MQTTMessage>
    private let channel: any Channel
    private let handler: NIOLoopBound<Handler>

    private init(messages: Mailbox<MQTTMessage>, channel: any Channel, handler: NIOLoopBound<Handler>) {
        self.messages = messages
        self.channel = channel
        self.handler = handler
    }

    /// Connects and waits for the broker's CONNACK. With `onMessage`, messages go there and not to `messages`.
    static func connect(
        port: Int, clientID: String, version: MQTTVersion = .v5, cleanStart: Bool = true,
        credentials: (user: String, password: String)? = nil,
        onMessage: (@Sendable (MQTTMessage) -> Void)? = nil
    ) async throws -> MQTTTestClient {
        let messages = Mailbox<MQTTMessage>("MQTT client \(clientID)")
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.minutes(2))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = Handler(version: version, deliver: onMessage ?? { messages.append($0) })
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .get()
        let handler = try await channel.eventLoop.submit {
            NIOLoopBound(try channel.pipeline.syncOperations.handler(type: Handler.self), eventLoop: channel.eventLoop)
        }.get()
        channel.closeFuture.whenComplete { _ in messages.finish() }
        let client = MQTTTestClient(messages: messages, channel: channel, handler: handler)
        try await client.onLoop { handler in
            handler.connect(
                MQTTPackets.connect(
                    clientID: clientID, version: version, cleanStart: cleanStart, credentials: credentials),
                channel.eventLoop)
        }
        return client
    }

    func subscribe(_ filters: String..., qualityOfService: Int = 1) async throws {
        _ = try await onLoop { $0.subscribe(filters, qualityOfService) }
    }

    /// Publishes and waits until the broker has it (QoS 0: until it is written).
    /// - Returns: its reason code; with MQTT 5, 16 says that nobody is subscribed to the topic.
    @discardableResult
    func publish(_ message: MQTTMessage) async throws -> UInt8 {
        try await onLoop { $0.publish(message) }
    }

    /// Publishes and does not wait; a message that the link loses is lost.
    func post(_ message: MQTTMessage) {
        channel.eventLoop.execute { [handler] in
            handler.value.publish(message).whenComplete { _ in }
        }
    }

    /// Leaves in order: no Will, no lingering session beyond its expiry.
    func disconnect() async {
        try? await channel.writeAndFlush(MQTTPackets.disconnect)
        try? await channel.close()
    }

    var closed: EventLoopFuture<Void> { channel.closeFuture }

    private func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable (Handler) -> EventLoopFuture<Value>
    ) async throws -> Value {
        let promise = channel.eventLoop.makePromise(of: Value.self)
        let timer = channel.eventLoop.scheduleTask(in: .seconds(30)) {
            promise.fail(Failure("MQTT: the broker does not answer"))
        }
        channel.eventLoop.flatSubmit { [handler] in body(handler.value) }.cascade(to: promise)
        defer { timer.cancel() }
        return try await promise.futureResult.get()
    }

    /// The protocol's client side; everything on the channel's event loop.
    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let version: MQTTVersion
        private let deliver: @Sendable (MQTTMessage) -> Void
        private var context: ChannelHandlerContext?
        private var received = ByteBuffer()
        private var connected: EventLoopPromise<Void>?
        /// By the reason code of the broker's answer.
        private var waiting: [UInt16: EventLoopPromise<UInt8>] = [:]
        private var queue: CircularBuffer<(MQTTMessage, EventLoopPromise<UInt8>)> = []
        private var unacknowledged: Set<UInt16> = []
        private var unreleased: Set<UInt16> = []
        private var receiveMaximum = 20
        private var lastID: UInt16 = 0

        init(version: MQTTVersion, deliver: @escaping @Sendable (MQTTMessage) -> Void) {
            self.version = version
            self.deliver = deliver
        }

        func handlerAdded(context: ChannelHandlerContext) {
            self.context = context
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            self.context = nil
        }

        func connect(_ packet: ByteBuffer, _ eventLoop: any EventLoop) -> EventLoopFuture<Void> {
            guard context?.channel.isActive == true else {
                return eventLoop.makeFailedFuture(Failure("MQTT link lost"))
            }
            let promise = eventLoop.makePromise(of: Void.self)
            connected = promise
            write(packet)
            return promise.futureResult
        }

        func subscribe(_ filters: [String], _ qualityOfService: Int) -> EventLoopFuture<UInt8> {
            wait { id in
                MQTTPackets.subscribe(
                    id: id, filters: filters, qualityOfService: qualityOfService, version: self.version)
            }
        }

        func publish(_ message: MQTTMessage) -> EventLoopFuture<UInt8> {
            guard let context, context.channel.isActive else {
                return MultiThreadedEventLoopGroup.singleton.any().makeFailedFuture(Failure("MQTT link lost"))
            }
            guard message.qualityOfService > 0 else {
                return context.writeAndFlush(
                    wrapOutboundOut(MQTTPackets.publish(message, id: 0, version: version))
                ).map { 0 }
            }
            let promise = context.eventLoop.makePromise(of: UInt8.self)
            queue.append((message, promise))
            drainQueue()
            return promise.futureResult
        }

        private func drainQueue() {
            while unacknowledged.count < receiveMaximum, let (message, promise) = queue.popFirst() {
                let id = nextID()
                unacknowledged.insert(id)
                waiting[id] = promise
                write(MQTTPackets.publish(message, id: id, version: version))
            }
        }

        private func wait(_ packet: (UInt16) -> ByteBuffer) -> EventLoopFuture<UInt8> {
            guard let context, context.channel.isActive else {
                return MultiThreadedEventLoopGroup.singleton.any().makeFailedFuture(Failure("MQTT link lost"))
            }
            let promise = context.eventLoop.makePromise(of: UInt8.self)
            let id = nextID()
            waiting[id] = promise
            write(packet(id))
            return promise.futureResult
        }

        private func nextID() -> UInt16 {
            repeat {
                lastID = lastID == .max ? 1 : lastID + 1
            } while waiting[lastID] != nil
            return lastID
        }

        private func write(_ packet: ByteBuffer) {
            context?.writeAndFlush(wrapOutboundOut(packet), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received.writeImmutableBuffer(unwrapInboundIn(data))
            do {
                while let (type, body) = try nextPacket() {
                    try handle(type, body)
                }
                received.discardReadBytes()
            } catch {
                fail(error)
                context.close(promise: nil)
            }
        }

        private func nextPacket() throws -> (UInt8, ByteBuffer)? {
            var rest = received
            guard let type: UInt8 = rest.readInteger() else {
                return nil
            }
            guard let length = try? rest.readVariableByteInteger(), let body = rest.readSlice(length: length) else {
                return nil
            }
            received = rest
            return (type, body)
        }

        private func handle(_ type: UInt8, _ packet: ByteBuffer) throws {
            var body = packet
            switch type >> 4 {
            case 2:
                try handleConnack(&body)
            case 3:
                let (message, id) = try MQTTPackets.readPublish(flags: type & 0x0F, &body, version: version)
                receive(message, id)
            case 4, 7:
                finish(try body.require(UInt16.self), reason: body.readInteger())
            case 5:
                let id = try body.require(UInt16.self)
                if let reason: UInt8 = body.readInteger(), reason >= 0x80 {
                    finish(id, reason: reason)
                } else {
                    write(MQTTPackets.acknowledgement(0x62, id: id))
                }
            case 6:
                let id = try body.require(UInt16.self)
                unreleased.remove(id)
                write(MQTTPackets.acknowledgement(0x70, id: id))
            case 9:
                let id = try body.require(UInt16.self)
                let reasons = body.readableBytesView.suffix(1)
                finish(id, reason: reasons.first)
            case 14:
                throw Failure("MQTT: the broker disconnects, reason \(body.readInteger() ?? UInt8(0))")
            default:
                break
            }
        }

        private func handleConnack(_ body: inout ByteBuffer) throws {
            _ = try body.require(UInt8.self)
            let code = try body.require(UInt8.self)
            guard code == 0 else {
                throw Failure("MQTT: the broker refuses the connection, code \(code)")
            }
            if version == .v5 {
                let length = try body.readVariableByteInteger()
                if var properties = body.readSlice(length: length) {
                    receiveMaximum = try MQTTPackets.readReceiveMaximum(&properties) ?? 65_535
                }
            }
            connected?.succeed()
            connected = nil
        }

        private func receive(_ message: MQTTMessage, _ id: UInt16) {
            switch message.qualityOfService {
            case 1:
                write(MQTTPackets.acknowledgement(0x40, id: id))
            case 2:
                write(MQTTPackets.acknowledgement(0x50, id: id))
                guard unreleased.insert(id).inserted else {
                    return
                }
            default:
                break
            }
            deliver(message)
        }

        private func finish(_ id: UInt16, reason: UInt8?) {
            unacknowledged.remove(id)
            let promise = waiting.removeValue(forKey: id)
            if let reason, reason >= 0x80 {
                promise?.fail(Failure("MQTT: refused, reason \(reason)"))
            } else {
                promise?.succeed(reason ?? 0)
            }
            drainQueue()
        }

        func channelInactive(context: ChannelHandlerContext) {
            fail(Failure("MQTT link lost"))
        }

        private func fail(_ error: any Error) {
            let promises = Array(waiting.values) + queue.map(\.1)
            connected?.fail(error)
            waiting = [:]
            queue = []
            connected = nil
            for promise in promises {
                promise.fail(error)
            }
        }
    }
}
