import CMosquitto
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization

/// A relay between charge points and a broker as one would write it in a hundred lines with SwiftNIO and libmosquitto:
/// a mark beside which the gateway is measured.
///
/// It cuts a frame into a relay message and back by searching for quotes. It checks, limits, counts, times and takes
/// over nothing, trusts every byte, and is for a bench's own charge points only.
package struct RelayServer: Sendable {
    package static let path = "/ocpp"

    private static let (up, down) = ("ocpp/cp/", "ocpp/cs/")

    private let broker: RelayBroker
    private let qualityOfService: Int32

    /// - Parameters:
    ///   - responder: Its host and port are those of the broker.
    ///   - listening: Is given the port.
    package static func run(_ responder: Responder.Plan, listening: (Int) -> Void) async throws {
        let broker = try RelayBroker(responder)
        let relay = RelayServer(broker: broker, qualityOfService: Int32(responder.qualityOfService))
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in
                channel.eventLoop.makeSucceededFuture(["Sec-WebSocket-Protocol": "ocpp1.6"])
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture { try relay.open(channel, head.uri) }
            })
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        listening(channel.localAddress?.port ?? 0)
        try await withTaskCancellationHandler {
            try await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
        broker.stop()
        try await group.shutdownGracefully()
    }

    private func open(_ channel: any Channel, _ uri: String) throws {
        let identity = String(uri.split(separator: "/").last ?? "")
        let handler = RelayHandler(broker: broker, topic: Self.up + identity, qualityOfService: qualityOfService)
        try channel.pipeline.syncOperations.addHandler(handler)
        let topic = Self.down + identity
        broker.subscribe(topic, qualityOfService) { message in
            guard let text = Self.frame(of: message) else { return }
            // On a thread of libmosquitto's.
            channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .text, data: text), promise: nil)
        }
        channel.closeFuture.whenComplete { _ in broker.unsubscribe(topic) }
    }

    /// `[2,"ID","ACTION",PAYLOAD]` becomes `{"MessageTypeId":2,"UniqueId":"ID","Action":"ACTION","Payload":PAYLOAD}`.
    static func relayMessage(of frame: ByteBuffer) -> [UInt8]? {
        frame.withUnsafeReadableBytes { bytes in
            let parts = bytes.split(separator: UInt8(ascii: "\""), maxSplits: 4, omittingEmptySubsequences: false)
            guard parts.count == 5, parts[4].count > 2 else { return nil }
            var message: [UInt8] = []
            message.reserveCapacity(bytes.count + 64)
            message += #"{"MessageTypeId":2,"UniqueId":""#.utf8
            message += parts[1]
            message += #"","Action":""#.utf8
            message += parts[3]
            message += #"","Payload":"#.utf8
            message += parts[4].dropFirst().dropLast()
            message.append(UInt8(ascii: "}"))
            return message
        }
    }

    /// `{"MessageTypeId":3,"UniqueId":"ID","Payload":PAYLOAD}` becomes `[3,"ID",PAYLOAD]`.
    ///
    /// - Parameter message: Its last byte, which is known, becomes the end that C's functions look for.
    static func frame(of message: UnsafeMutableBufferPointer<CChar>) -> ByteBuffer? {
        guard let text = message.baseAddress, !message.isEmpty else { return nil }
        message[message.count - 1] = 0
        guard let id = strstr(text, "\"UniqueId\":\""), let payload = strstr(text, "\"Payload\":"),
            let idEnd = strchr(id + 12, CInt(UInt8(ascii: "\"")))
        else { return nil }
        var frame = ByteBuffer()
        frame.reserveCapacity(message.count)
        frame.writeStaticString("[3,")
        frame.writeBytes(UnsafeRawBufferPointer(start: id + 11, count: idEnd + 1 - (id + 11)))
        frame.writeStaticString(",")
        frame.writeBytes(UnsafeRawBufferPointer(start: payload + 10, count: text + message.count - 1 - (payload + 10)))
        frame.writeStaticString("]")
        return frame
    }
}

private final class RelayHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    private let broker: RelayBroker
    private let topic: String
    private let qualityOfService: Int32

    init(broker: RelayBroker, topic: String, qualityOfService: Int32) {
        self.broker = broker
        self.topic = topic
        self.qualityOfService = qualityOfService
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text:
            if let message = RelayServer.relayMessage(of: frame.unmaskedData) {
                broker.publish(topic, message, qualityOfService)
            }
        case .connectionClose: context.close(promise: nil)
        default: break
        }
    }
}

/// A libmosquitto client with a thread of its own, as the library gives one.
private final class RelayBroker: Sendable {
    /// libmosquitto takes its own lock in each call.
    nonisolated(unsafe) private let client: OpaquePointer
    private let takers = Mutex<[String: @Sendable (UnsafeMutableBufferPointer<CChar>) -> Void]>([:])

    init(_ plan: Responder.Plan) throws {
        mosquitto_lib_init()
        guard let client = mosquitto_new(nil, true, nil) else {
            throw MQTTFloor.Failure.mosquitto(MOSQ_ERR_NOMEM.rawValue)
        }
        self.client = client
        mosquitto_user_data_set(client, Unmanaged.passRetained(self).toOpaque())
        mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1)
        mosquitto_message_callback_set(client) { _, user, message in
            guard let user, let message = message?.pointee, let topic = message.topic, let payload = message.payload
            else { return }
            let broker = Unmanaged<RelayBroker>.fromOpaque(user).takeUnretainedValue()
            let taker = broker.takers.withLock { $0[String(cString: topic)] }
            let count = Int(message.payloadlen)
            taker?(UnsafeMutableBufferPointer(start: payload.assumingMemoryBound(to: CChar.self), count: count))
        }
        for code in [mosquitto_connect(client, plan.host, Int32(plan.port), 300), mosquitto_loop_start(client)]
        where code != MOSQ_ERR_SUCCESS.rawValue {
            throw MQTTFloor.Failure.mosquitto(code)
        }
    }

    /// The library's thread ends by itself. It is not waited for, and keeps the client: the process ends soon.
    func stop() {
        mosquitto_disconnect(client)
    }

    func subscribe(
        _ topic: String, _ qualityOfService: Int32,
        _ take: @escaping @Sendable (UnsafeMutableBufferPointer<CChar>) -> Void
    ) {
        takers.withLock { $0[topic] = take }
        mosquitto_subscribe(client, nil, topic, qualityOfService)
    }

    func unsubscribe(_ topic: String) {
        _ = takers.withLock { $0.removeValue(forKey: topic) }
        mosquitto_unsubscribe(client, nil, topic)
    }

    func publish(_ topic: String, _ message: [UInt8], _ qualityOfService: Int32) {
        mosquitto_publish(client, nil, topic, Int32(message.count), message, qualityOfService, false)
    }
}
