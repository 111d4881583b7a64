import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Testing

/// A TCP client that speaks just enough HTTP and WebSocket to get both wrong on purpose.
final class RawClient {
    enum Event: Equatable {
        case bytes([UInt8])
        case closed
    }

    struct Response: Equatable {
        var status: Int
        /// Names in lower case; what came several times is joined by commas.
        var headers: [String: String]
        var body: String
    }

    struct Frame: Equatable {
        var firstByte: UInt8
        var payload: [UInt8]

        var text: String { String(decoding: payload, as: UTF8.self) }

        static func text(_ text: String) -> Frame { Frame(firstByte: 0x81, payload: Array(text.utf8)) }
        static func pong(_ text: String) -> Frame { Frame(firstByte: 0x8A, payload: Array(text.utf8)) }
        static let ping = Frame(firstByte: 0x89, payload: [])

        /// The code of a close frame.
        var closeCode: UInt16? {
            guard firstByte == 0x88, payload.count >= 2 else { return nil }
            return UInt16(payload[0]) << 8 | UInt16(payload[1])
        }
    }

    struct ConnectionClosed: Error {}

    let channel: any Channel
    private let events: EventQueue<Event>
    private var received: [UInt8] = []
    private var isClosed = false

    private init(channel: any Channel, events: EventQueue<Event>) {
        self.channel = channel
        self.events = events
    }

    /// - Parameter tls: Speaks TLS with it; what is received is then what was encrypted.
    static func connect(
        to address: SocketAddress, receiveBuffer: Int? = nil, tls: NIOSSLContext? = nil
    ) async throws -> RawClient {
        let events = EventQueue<Event>()
        var bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup).connectTimeout(.minutes(2))
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: "localhost")
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(Recorder(events: events))
                }
            }
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: receiveBuffer)
        }
        let channel = try await bootstrap.connect(to: address).get()
        return RawClient(channel: channel, events: events)
    }

    // MARK: Sending

    func send(_ text: String) async throws {
        try await send(bytes: Array(text.utf8))
    }

    func send(bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    static func handshake(
        target: String = "/ocpp/CP1",
        method: String = "GET",
        version: String = "HTTP/1.1",
        without: Set<String> = [],
        adding: [String] = ["Sec-WebSocket-Protocol: ocpp1.6"]
    ) -> String {
        let headers = [
            "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        ].filter { header in !without.contains(String(header.prefix { $0 != ":" })) }
        return (["\(method) \(target) \(version)"] + headers + adding + ["", ""]).joined(separator: "\r\n")
    }

    /// A masked frame, with everything that may be wrong about one.
    static func frame(
        _ firstByte: UInt8,
        _ payload: [UInt8] = [],
        masked: Bool = true,
        declaredLength: Int? = nil
    ) -> [UInt8] {
        let length = declaredLength ?? payload.count
        let maskBit: UInt8 = masked ? 0x80 : 0
        var bytes = [firstByte]
        switch length {
        case ...125: bytes.append(maskBit | UInt8(length))
        case ...0xFFFF: bytes += [maskBit | 126, UInt8(length >> 8), UInt8(length & 0xFF)]
        default:
            bytes.append(maskBit | 127)
            bytes += stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: length >> $0) }
        }
        guard masked else { return bytes + payload }
        let key: [UInt8] = [0x12, 0xA5, 0x00, 0xFF]
        return bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
    }

    static func text(_ text: String) -> [UInt8] {
        frame(0x81, Array(text.utf8))
    }

    static func close(_ code: UInt16, reason: String = "") -> [UInt8] {
        frame(0x88, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8))
    }

    func send(frame firstByte: UInt8, _ payload: [UInt8] = []) async throws {
        try await send(bytes: RawClient.frame(firstByte, payload))
    }

    // MARK: Receiving

    func response(hasBody: Bool = true) async throws -> Response {
        while received.firstRange(of: [13, 10, 13, 10]) == nil { try await readMore() }
        let end = try #require(received.firstRange(of: [13, 10, 13, 10]))
        let head = String(decoding: received[..<end.lowerBound], as: UTF8.self)
        received.removeSubrange(..<end.upperBound)
        var lines = head.split(separator: "\r\n")
        let status = try #require(Int(lines.removeFirst().split(separator: " ")[1]))
        var headers: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            let value = String(parts[1].drop { $0 == " " })
            let name = parts[0].lowercased()
            headers[name] = headers[name].map { "\($0), \(value)" } ?? value
        }
        var body = ""
        if hasBody, let length = headers["content-length"].flatMap({ Int($0) }) {
            body = String(decoding: try await read(length), as: UTF8.self)
        }
        return Response(status: status, headers: headers, body: body)
    }

    func frame() async throws -> Frame {
        let head = try await read(2)
        var length = Int(head[1] & 0x7F)
        #expect(head[1] & 0x80 == 0, "a server never masks")
        if length == 126 {
            length = try await read(2).reduce(0) { $0 << 8 | Int($1) }
        } else if length == 127 {
            length = try await read(8).reduce(0) { $0 << 8 | Int($1) }
        }
        return Frame(firstByte: head[0], payload: try await read(length))
    }

    /// Waits until the server has closed its side; throws nothing away before that.
    func closedByServer() async throws -> Bool {
        while !isClosed {
            do { try await readMore() } catch is ConnectionClosed { break }
        }
        return received.isEmpty
    }

    func close() async throws {
        try? await channel.close()
    }

    /// Makes `close` send a reset.
    func resetOnClose() async throws {
        let options = try #require(channel as? any SocketOptionProvider)
        try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
    }

    private func read(_ count: Int) async throws -> [UInt8] {
        while received.count < count { try await readMore() }
        defer { received.removeFirst(count) }
        return Array(received.prefix(count))
    }

    private func readMore() async throws {
        guard !isClosed else { throw ConnectionClosed() }
        switch try await events.next() {
        case .bytes(let bytes): received += bytes
        case .closed:
            isClosed = true
            throw ConnectionClosed()
        }
    }

    private final class Recorder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let events: EventQueue<Event>

        init(events: EventQueue<Event>) {
            self.events = events
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            events.add(.bytes(Array(unwrapInboundIn(data).readableBytesView)))
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event as? ChannelEvent == .inputClosed { events.add(.closed) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            events.add(.closed)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
