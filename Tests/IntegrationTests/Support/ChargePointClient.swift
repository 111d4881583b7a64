import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport

/// A charge point as the gateway's socket sees it: OCPP-J when it behaves, raw bytes when a test wants otherwise.
final class ChargePointClient: Sendable {
    /// The answer to the upgrade request.
    struct Handshake: Sendable {
        var status: Int
        var headers: [String: String]
        var body: String

        /// By lower-case name.
        func header(_ name: String) -> String? { headers[name] }
    }

    /// How the connection ended; no code when there was no close frame.
    struct Closing: Sendable, Equatable {
        var code: UInt16?
        var reason: String
    }

    struct Settings: Sendable {
        var subprotocols = ["ocpp1.6"]
        var path = "/ocpp/"
        var headers: [(String, String)] = []
        /// How many pings it answers; behind that it is silent.
        var answeredPings = Int.max
        /// The address that it comes from; nil: the system's choice.
        var localHost: String?
        var host = "127.0.0.1"
        /// How long the answer to the handshake may take: on a slow machine that is busy, long.
        var patience = TimeAmount.seconds(120)
        /// Nil: no TLS.
        var tls: NIOSSLContext?
    }

    let identity: String
    /// What came from the gateway and was neither an answer to `call` nor answered by `onCall`.
    let texts: Mailbox<String>
    let pings: Mailbox<Int>
    private let closings: Mailbox<Closing>
    private let handshakes: Mailbox<Handshake>
    private let settings: Settings
    private let channel: Mutex<(any Channel)?> = Mutex(nil)
    private let pending = Mutex<[String: EventLoopPromise<String>]>([:])
    private let answer = Mutex<(@Sendable (String) -> String?)?>(nil)
    private let lastID = Counter()
    private let pingCount = Counter()

    private init(identity: String, settings: Settings) {
        self.identity = identity
        self.settings = settings
        self.texts = Mailbox("texts to \(identity)")
        self.pings = Mailbox("pings to \(identity)")
        self.closings = Mailbox("closing of \(identity)")
        self.handshakes = Mailbox("handshake of \(identity)")
    }

    /// A connected charge point; any other answer than 101 is a failure.
    ///
    /// - Parameter prepare: called before anything can arrive.
    static func connect(
        port: Int, identity: String, settings: Settings = Settings(),
        prepare: (ChargePointClient) -> Void = { _ in }
    ) async throws -> ChargePointClient {
        let (client, handshake) = try await open(
            port: port, identity: identity, settings: settings, prepare: prepare)
        guard handshake.status == 101 else {
            throw Failure("\(identity): the handshake was answered \(handshake.status) \(handshake.body)")
        }
        return client
    }

    /// Sends the upgrade request and reports whatever the answer is. The identity goes into the path as it is.
    static func open(
        port: Int, identity: String, settings: Settings = Settings(),
        prepare: (ChargePointClient) -> Void = { _ in }
    ) async throws -> (ChargePointClient, Handshake) {
        let client = ChargePointClient(identity: identity, settings: settings)
        prepare(client)
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(.minutes(2))
        if let host = settings.localHost {
            bootstrap = bootstrap.bind(to: try SocketAddress(ipAddress: host, port: 0))
        }
        let channel =
            try await bootstrap
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls = settings.tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: "localhost"))
                    }
                    try channel.pipeline.syncOperations.addHandler(ChargePointHandler(client: client))
                }
            }
            .connect(host: settings.host, port: port)
            .get()
        client.channel.withLock { $0 = channel }
        var request = "GET \(settings.path)\(identity) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
        request += "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        request += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        if !settings.subprotocols.isEmpty {
            request += "Sec-WebSocket-Protocol: \(settings.subprotocols.joined(separator: ", "))\r\n"
        }
        for (name, value) in settings.headers {
            if name == "Authorization" { Secrets.add(authorization: value) }
            request += "\(name): \(value)\r\n"
        }
        try await client.send(bytes: ByteBuffer(string: request + "\r\n"))
        let answer = try await client.handshakes.first("the answer to the handshake", within: settings.patience)
        return (client, answer)
    }

    /// What the gateway showed.
    var peerCertificate: NIOSSLCertificate? {
        get async throws {
            guard let channel = channel.withLock({ $0 }) else { return nil }
            return try await channel.eventLoop.submit {
                try channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self).peerCertificate
            }.get()
        }
    }

    // MARK: Sending

    func send(bytes: ByteBuffer) async throws {
        guard let channel = channel.withLock({ $0 }) else {
            throw Failure("\(identity) is not connected")
        }
        try await channel.writeAndFlush(bytes)
    }

    func send(_ frame: WebSocketFrame) async throws {
        try await send(bytes: frame.bytes)
    }

    func send(text: String) async throws {
        try await send(WebSocketFrame(.text, Array(text.utf8)))
    }

    /// Sends a CALL and returns the whole text of its answer.
    func call(
        _ action: String, _ payload: String = "{}", id: String? = nil, within limit: TimeAmount = .seconds(60)
    ) async throws -> String {
        try await call(text: { #"[2,"\#($0)","\#(action)",\#(payload)]"# }, id: id, within: limit)
    }

    private func call(text: (String) -> String, id: String?, within limit: TimeAmount) async throws -> String {
        let id = id ?? "\(identity)-\(lastID.next())"
        guard let channel = channel.withLock({ $0 }) else {
            throw Failure("\(identity) is not connected")
        }
        let promise = channel.eventLoop.makePromise(of: String.self)
        pending.withLock { $0[id] = promise }
        let timer = channel.eventLoop.scheduleTask(in: limit) { [identity] in
            promise.fail(Failure("\(identity): CALL \(id) had no answer within \(limit)"))
        }
        // Who has been disconnected before has nobody to fail it.
        if !isOpen { promise.fail(Failure("\(identity) is disconnected: \(closings.all)")) }
        channel.writeAndFlush(WebSocketFrame(.text, Array(text(id).utf8)).bytes, promise: nil)
        defer {
            timer.cancel()
            pending.withLock { $0[id] = nil }
        }
        return try await promise.futureResult.get()
    }

    /// How CALLs from the central system are answered: with the text returned, or not at all.
    func onCall(_ answer: @escaping @Sendable (String) -> String?) {
        self.answer.withLock { $0 = answer }
    }

    /// Answers every CALL with a CALLRESULT.
    func acceptEveryCall(_ payload: String = #"{"status":"Accepted"}"#) {
        onCall { text in
            guard let id = OCPPText(text).uniqueID else {
                return nil
            }
            return #"[3,"\#(id)",\#(payload)]"#
        }
    }

    /// Takes nothing from the socket any more.
    func stopReading() async throws {
        try await channel.withLock { $0 }?.setOption(.autoRead, value: false).get()
    }

    // MARK: The end

    /// Waits until the gateway has closed the connection.
    func closing(within limit: TimeAmount = .seconds(60)) async throws -> Closing {
        try await closings.first("the close of \(identity)", within: limit)
    }

    var isOpen: Bool { closings.all.isEmpty }

    /// Says goodbye by a close frame, and hangs up.
    func close() async {
        try? await send(WebSocketFrame(.close, [0x03, 0xE8]))
        await cut()
    }

    /// The cable is pulled.
    func cut() async {
        try? await channel.withLock { $0 }?.close()
    }

    // MARK: What comes in

    private func received(text: String) {
        let message = OCPPText(text)
        if message.type == 2 {
            if let answer = answer.withLock({ $0 }) {
                if let reply = answer(text) {
                    write(WebSocketFrame(.text, Array(reply.utf8)))
                }
                return
            }
        } else if let id = message.uniqueID, let promise = pending.withLock({ $0.removeValue(forKey: id) }) {
            promise.succeed(text)
            return
        }
        texts.append(text)
    }

    private func received(ping: [UInt8]) {
        pings.append(ping.count)
        if pingCount.next() <= settings.answeredPings {
            write(WebSocketFrame(.pong, ping))
        }
    }

    private func write(_ frame: WebSocketFrame) {
        channel.withLock { $0 }?.writeAndFlush(frame.bytes, promise: nil)
    }

    private func ended(_ closing: Closing) {
        if closings.all.isEmpty {
            closings.append(closing)
        }
        let promises = pending.withLock { pending in
            defer { pending = [:] }
            return Array(pending.values)
        }
        for promise in promises {
            promise.fail(Failure("\(identity) was disconnected: \(closing)"))
        }
        handshakes.finish()
        texts.finish()
    }

    /// The client side of the socket: one HTTP answer, then frames.
    private final class ChargePointHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let client: ChargePointClient
        private var buffer = ByteBuffer()
        private var isUpgraded = false
        private var fragments: [UInt8] = []
        private var refusal: Handshake?
        private var closing = Closing(code: nil, reason: "")

        init(client: ChargePointClient) {
            self.client = client
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            buffer.writeImmutableBuffer(unwrapInboundIn(data))
            if !isUpgraded {
                readHandshake()
            }
            if isUpgraded {
                while let frame = WebSocketFrame.read(&buffer) {
                    handle(frame, context)
                }
                buffer.discardReadBytes()
            }
        }

        private func readHandshake() {
            let text = String(buffer: buffer)
            guard let end = text.range(of: "\r\n\r\n") else {
                return
            }
            let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
            let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                if let name = parts.first {
                    let value = parts.dropFirst().first?.trimmingCharacters(in: .whitespaces) ?? ""
                    headers[name.lowercased()] = headers[name.lowercased()].map { "\($0), \(value)" } ?? value
                }
            }
            var handshake = Handshake(status: status, headers: headers, body: "")
            if status == 101 {
                buffer.moveReaderIndex(forwardBy: text[..<end.upperBound].utf8.count)
                isUpgraded = true
                client.handshakes.append(handshake)
                return
            }
            handshake.body = String(text[end.upperBound...])
            refusal = handshake
            if let length = headers["content-length"].flatMap({ Int($0) }), handshake.body.utf8.count >= length {
                client.handshakes.append(handshake)
                refusal = nil
            }
        }

        private func handle(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
            switch WebSocketFrame.Opcode(rawValue: frame.opcode) {
            case .text, .binary, .continuation:
                fragments += frame.payload
                if frame.isFinal {
                    client.received(text: String(decoding: fragments, as: UTF8.self))
                    fragments = []
                }
            case .ping:
                client.received(ping: frame.payload)
            case .close:
                if frame.payload.count >= 2 {
                    closing.code = UInt16(frame.payload[0]) << 8 | UInt16(frame.payload[1])
                    closing.reason = String(decoding: frame.payload.dropFirst(2), as: UTF8.self)
                }
                client.ended(closing)
                let answer = WebSocketFrame(.close, Array(frame.payload.prefix(2)))
                context.writeAndFlush(wrapOutboundOut(answer.bytes), promise: nil)
            case .pong, nil:
                client.texts.append("(opcode \(frame.opcode)) " + String(decoding: frame.payload, as: UTF8.self))
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            if let refusal {
                client.handshakes.append(refusal)
            }
            client.ended(closing)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            closing.reason = "\(error)"
            context.close(promise: nil)
        }
    }
}
