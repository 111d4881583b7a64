import NIOCore
import NIOEmbedded
import NIOSSL
import TLSSessions
import Testing

/// A client by another hand (swift-nio-ssl's), without a socket, and the session that it speaks to.
final class TLSClient {
    let session: TLSServerSession
    let transport: TLSTransport
    let channel = EmbeddedChannel()
    /// Plain bytes that the server has read.
    private(set) var received = ByteBuffer()
    private(set) var isShaken = false
    private(set) var hasSaidGoodbye = false
    private(set) var fault: TLSFault?
    private(set) var timesAsked = 0
    /// What came and was not read.
    private var unread = ByteBuffer()

    init(_ configuration: TLSConfiguration, of context: TLSServerContext, _ transport: TLSTransport = TLSTransport())
        throws
    {
        session = TLSServerSession(context, transport: transport)
        self.transport = transport
        let handler = try NIOSSLClientHandler(
            context: NIOSSLContext(configuration: configuration), serverHostname: "localhost")
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    deinit {
        // Past the time for which it would wait for a goodbye.
        channel.close(promise: nil)
        channel.embeddedEventLoop.advanceTime(by: .seconds(10))
    }

    /// Carries bytes to and fro until nobody has any.
    ///
    /// - Parameter piece: So many reach the server at once.
    func exchange(piece: Int = .max) throws {
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            while var bytes = try channel.readOutbound(as: ByteBuffer.self) {
                hasMoved = true
                while let part = bytes.readSlice(length: min(piece, bytes.readableBytes)), part.readableBytes > 0 {
                    take(part)
                }
            }
            if let bytes = transport.takeOutgoing() {
                hasMoved = true
                // What the client thinks of it shows in what it says.
                _ = try? channel.writeInbound(bytes)
            }
        }
    }

    /// Hands ciphertext to the server.
    func take(_ bytes: ByteBuffer) {
        unread.writeImmutableBuffer(bytes)
        proceed()
    }

    /// Goes on where a verdict was asked for.
    func decide(_ isAccepted: Bool) {
        session.verdict = isAccepted
        proceed()
    }

    private func proceed() {
        guard fault == nil else { return }
        if !isShaken {
            switch session.handshake(&unread) {
            case .done: isShaken = true
            case .unfinished: return
            case .asksForVerdict:
                timesAsked += 1
                return
            case .failed(let fault):
                self.fault = fault
                return
            }
        }
        while true {
            // Smaller than a record: what does not fit is read the next time.
            var plaintext = ByteBuffer()
            plaintext.reserveCapacity(1000)
            let result = session.read(into: &plaintext, &unread)
            received.writeBuffer(&plaintext)
            switch result {
            case .bytes(let areAll):
                if areAll { return }
            case .waits: return
            case .ended:
                hasSaidGoodbye = true
                return
            case .failed(let fault):
                self.fault = fault
                return
            }
        }
    }

    func send(_ bytes: ByteBuffer) {
        channel.writeAndFlush(bytes, promise: nil)
    }

    /// Plain bytes that the client has read since the last call.
    func read() throws -> ByteBuffer {
        var all = ByteBuffer()
        while var bytes = try channel.readInbound(as: ByteBuffer.self) { all.writeBuffer(&bytes) }
        return all
    }
}
