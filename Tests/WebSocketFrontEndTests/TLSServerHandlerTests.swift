import Foundation
import NIOCore
import NIOEmbedded
import NIOSSL
import NIOTLS
import TLSSessions
import Testing

@testable import WebSocketFrontEnd

@Suite("TLS of one connection, without a socket")
struct TLSServerHandlerTests {
    /// Stands behind the handler.
    private final class Behind: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var received = ByteBuffer()
        var errors: [any Error] = []
        var isShaken = false
        var isInactive = false
        var onRead: ((ChannelHandlerContext) -> Void)?
        var onShaken: ((ChannelHandlerContext) -> Void)?

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received.writeImmutableBuffer(unwrapInboundIn(data))
            onRead?(context)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard case .handshakeCompleted? = event as? TLSUserEvent else { return }
            isShaken = true
            onShaken?(context)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { errors.append(error) }

        func channelInactive(context: ChannelHandlerContext) { isInactive = true }
    }

    private final class Judge: TLSServerHandler.Judge {
        let mostCertificates = 3
        var shown: [[[UInt8]]] = []

        func judge(_ certificates: [[UInt8]]) { shown.append(certificates) }
    }

    /// A server and a client that are joined by nothing but `exchange`.
    private final class Pair {
        let server = EmbeddedChannel()
        let client = EmbeddedChannel()
        let behind = Behind()
        let judge = Judge()
        let handler: TLSServerHandler
        let resources: EventLoopResources

        init(_ options: TLSOptions, client: NIOSSLContext) throws {
            resources = EventLoopResources(eventLoop: server.embeddedEventLoop)
            let material = try TLSMaterial(options)
            handler = TLSServerHandler(material.context, resources: resources, judge: judge)
            try server.pipeline.syncOperations.addHandlers([handler, behind])
            let tls = try NIOSSLClientHandler(context: client, serverHostname: "localhost")
            try self.client.pipeline.syncOperations.addHandler(tls)
            for channel in [server, self.client] {
                try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            }
        }

        deinit {
            // Past the time for which each would wait for the other's goodbye.
            server.close(promise: nil)
            handler.deadlineReached(now: .now())
            client.close(promise: nil)
            client.embeddedEventLoop.advanceTime(by: .seconds(10))
        }

        func exchange() throws {
            var hasMoved = true
            while hasMoved {
                hasMoved = false
                while let bytes = try client.readOutbound(as: ByteBuffer.self) {
                    hasMoved = true
                    if server.isActive { _ = try? server.writeInbound(bytes) }
                }
                while let bytes = try server.readOutbound(as: ByteBuffer.self) {
                    hasMoved = true
                    if client.isActive { _ = try? client.writeInbound(bytes) }
                }
                server.embeddedEventLoop.run()
                client.embeddedEventLoop.run()
            }
        }

        func clientRead() throws -> String {
            var text = ""
            while let bytes = try client.readInbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
            return text
        }
    }

    private let certificates: TestCertificates

    init() throws {
        certificates = try TestCertificates.shared.get()
    }

    private func pair(_ version: TLSVersion? = nil) throws -> Pair {
        try Pair(certificates.options(), client: certificates.client(version: version))
    }

    private func judged(_ version: TLSVersion? = nil) throws -> Pair {
        try Pair(certificates.verifying(), client: certificates.client(certificate: "CP1", version: version))
    }

    private func text(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    // MARK: Writing

    @Test
    func `What is written before the handshake is done is sent behind it, and its promise kept`() throws {
        let pair = try pair()
        let promise = pair.server.eventLoop.makePromise(of: Void.self)
        pair.server.write(text("early "), promise: promise)
        pair.server.write(text("bird"), promise: nil)
        pair.server.flush()
        var isKept = false
        promise.futureResult.assumeIsolated().whenSuccess { isKept = true }
        #expect(!isKept)
        try pair.exchange()
        #expect(pair.behind.isShaken && isKept)
        #expect(try pair.clientRead() == "early bird")
    }

    @Test
    func `What is not flushed is not sent, and the promise of each write is kept`() throws {
        let pair = try pair()
        try pair.exchange()
        var kept: [Int] = []
        for number in 0..<3 {
            let promise = pair.server.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenSuccess { kept.append(number) }
            pair.server.write(text("\(number)"), promise: promise)
        }
        try pair.exchange()
        #expect(try pair.clientRead() == "" && kept == [])
        pair.server.flush()
        try pair.exchange()
        #expect(try pair.clientRead() == "012" && kept.sorted() == [0, 1, 2])
    }

    @Test
    func `Whoever reads may answer at once`() throws {
        let pair = try pair()
        try pair.exchange()
        pair.behind.onRead = { context in
            context.writeAndFlush(NIOAny(ByteBuffer(string: "pong")), promise: nil)
        }
        for _ in 0..<3 {
            pair.client.writeAndFlush(text("ping"), promise: nil)
            try pair.exchange()
            #expect(try pair.clientRead() == "pong")
        }
        #expect(String(buffer: pair.behind.received) == "pingpingping")
    }

    // MARK: The end

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `A close says goodbye, waits for the peer's, and closes`(version: TLSVersion) throws {
        let pair = try pair(version)
        try pair.exchange()
        let closed = pair.server.close()
        #expect(pair.server.isActive, "the peer has not answered")
        try pair.exchange()
        #expect(!pair.server.isActive && pair.behind.isInactive)
        try closed.wait()
        #expect(pair.behind.errors.isEmpty)
    }

    @Test
    func `A peer that does not answer the goodbye is not waited for long`() throws {
        let pair = try pair()
        try pair.exchange()
        _ = pair.server.close()
        #expect(pair.server.isActive && pair.resources.deadlines.count == 1)
        pair.handler.deadlineReached(now: .now())
        #expect(!pair.server.isActive && pair.resources.deadlines.count == 0)
    }

    @Test
    func `What comes after a close reaches nobody`() throws {
        let pair = try pair()
        try pair.exchange()
        pair.client.writeAndFlush(text("too late"), promise: nil)
        _ = pair.server.close()
        let bytes = try #require(try pair.client.readOutbound(as: ByteBuffer.self))
        _ = try? pair.server.writeInbound(bytes)
        #expect(pair.behind.received.readableBytes == 0)
        #expect(throws: ChannelError.self) { try pair.server.writeAndFlush(text("either")).wait() }
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `Whoever closes on the handshake's end is shown nothing that came with it`(version: TLSVersion) throws {
        let pair = try pair(version)
        pair.behind.onShaken = { $0.close(promise: nil) }
        pair.client.writeAndFlush(text("{}"), promise: nil)
        try pair.exchange()
        #expect(pair.behind.isShaken && pair.behind.received.readableBytes == 0)
        #expect(!pair.server.isActive)
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `A peer's goodbye is answered after what it sent before, and the connection closed`(
        version: TLSVersion
    ) throws {
        let pair = try pair(version)
        try pair.exchange()
        pair.behind.onRead = { context in
            context.writeAndFlush(NIOAny(ByteBuffer(string: "last")), promise: nil)
        }
        pair.client.writeAndFlush(text("words"), promise: nil)
        _ = pair.client.close()
        try pair.exchange()
        #expect(String(buffer: pair.behind.received) == "words")
        #expect(!pair.server.isActive && !pair.client.isActive)
        #expect(pair.behind.errors.isEmpty)
    }

    @Test
    func `A connection that ends without a goodbye is told as that, in the handshake as a failed one`() throws {
        let open = try pair()
        try open.exchange()
        open.server.pipeline.syncOperations.fireChannelInactive()
        #expect(open.behind.errors.count == 1 && open.behind.errors[0] is TLSServerHandler.UncleanEnd)
        #expect(ConnectionFailure.reason(open.behind.errors[0]) == "closed without a close frame")
        let young = try pair()
        young.server.pipeline.syncOperations.fireChannelInactive()
        #expect(young.behind.errors.count == 1)
        #expect(TLSFailure.reason(young.behind.errors[0]) == "TLS handshake failed: connection closed")
        #expect(open.behind.isInactive && young.behind.isInactive)
    }

    @Test
    func `Writes that were never sent fail with the connection`() throws {
        for isShaken in [true, false] {
            let pair = try pair()
            if isShaken { try pair.exchange() }
            var failures = 0
            for _ in 0..<3 {
                let promise = pair.server.eventLoop.makePromise(of: Void.self)
                promise.futureResult.assumeIsolated().whenFailure { _ in failures += 1 }
                pair.server.write(text("never"), promise: promise)
            }
            pair.server.pipeline.syncOperations.fireChannelInactive()
            #expect(failures == 3)
        }
    }

    @Test
    func `A record that cannot be read ends the connection with an alert, once`() throws {
        let pair = try pair()
        try pair.exchange()
        var record = ByteBuffer(bytes: [0x17, 3, 3, 0, 40])
        record.writeRepeatingByte(7, count: 40)
        _ = try? pair.server.writeInbound(record)
        #expect(pair.behind.errors.count == 1 && pair.behind.errors[0] is TLSFault)
        #expect(!pair.server.isActive)
        let alert = try #require(try pair.server.readOutbound(as: ByteBuffer.self))
        #expect(alert.readableBytes > 0)
    }

    @Test
    func `Whoever closes on an error does not have the connection closed twice`() throws {
        let pair = try pair()
        _ = try? pair.server.writeInbound(text("GET / HTTP/1.1\r\n\r\n"))
        #expect(
            pair.behind.errors.map { "\(TLSFailure.reason($0))" } == [
                "TLS handshake failed: plain HTTP on a TLS listener"
            ])
        #expect(!pair.server.isActive && !pair.behind.isShaken)
    }

    // MARK: Client certificates

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `While a certificate is judged nothing goes on, and what comes is read after it`(version: TLSVersion) throws {
        let pair = try judged(version)
        pair.client.writeAndFlush(text("hello"), promise: nil)
        try pair.exchange()
        #expect(pair.judge.shown.count == 1 && pair.judge.shown[0].count == 1)
        #expect(!pair.behind.isShaken && pair.behind.received.readableBytes == 0)
        pair.handler.decided(isAccepted: true)
        try pair.exchange()
        #expect(pair.behind.isShaken && String(buffer: pair.behind.received) == "hello")
        #expect(pair.handler.clientCertificate == pair.judge.shown[0][0])
        // A verdict nobody waits for changes nothing.
        pair.handler.decided(isAccepted: false)
        pair.client.writeAndFlush(text("!"), promise: nil)
        try pair.exchange()
        #expect(String(buffer: pair.behind.received) == "hello!")
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `A certificate that is refused ends the handshake, and nothing that came behind it is read`(
        version: TLSVersion
    ) throws {
        let pair = try judged(version)
        pair.client.writeAndFlush(text("hello"), promise: nil)
        try pair.exchange()
        pair.handler.decided(isAccepted: false)
        #expect(!pair.server.isActive && !pair.behind.isShaken && pair.behind.received.readableBytes == 0)
        #expect(pair.behind.errors.count == 1 && pair.behind.errors[0] is TLSFault)
    }

    @Test
    func `A verdict that comes after the connection has gone is nobody's`() throws {
        let pair = try judged()
        try pair.exchange()
        #expect(pair.judge.shown.count == 1)
        pair.server.pipeline.syncOperations.fireChannelInactive()
        pair.handler.decided(isAccepted: true)
        #expect(!pair.behind.isShaken)
    }
}
