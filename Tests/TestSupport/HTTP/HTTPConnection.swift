import NIOCore
import NIOPosix

/// HTTP/1.1 by hand over a socket, so that a test can send what no client would.
package final class HTTPConnection: Sendable {
    private let channel: any Channel
    private let bytes: ByteStream

    /// - Parameter receiveBuffer: Bytes that the kernel keeps for it; nil: as it likes.
    package init(to address: SocketAddress, receiveBuffer: Int? = nil) async throws {
        let bytes = ByteStream()
        self.bytes = bytes
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(.minutes(2))
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: receiveBuffer)
        }
        channel =
            try await bootstrap
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Receiver(bytes))
                }
            }
            .connect(to: address).get()
    }

    package func send(_ text: String) async throws { try await send(ByteBuffer(string: text)) }
    package func send(_ buffer: ByteBuffer) async throws { try await channel.writeAndFlush(buffer) }

    package func close() { channel.close(promise: nil) }

    /// Nothing more is sent; what the other side says can still be read.
    package func finishSending() async throws { try await channel.close(mode: .output).get() }

    /// Nothing is read from the socket any more, or again.
    package func setReading(_ isOn: Bool) async throws { try await channel.setOption(.autoRead, value: isOn).get() }

    /// One answer; chunks are put together.
    package func reply(toHead isHead: Bool = false) async throws -> HTTPReply {
        let head = try await bytes.line(until: "\r\n\r\n")
        var lines = head.split(separator: "\r\n").map(String.init)
        let status = Int(lines.removeFirst().split(separator: " ")[1]) ?? 0
        if status == 100 { return try await reply(toHead: isHead) }
        var reply = HTTPReply(status: status)
        for line in lines {
            let pair = line.split(separator: ":", maxSplits: 1)
            reply.headers[pair[0].lowercased()] = pair.count > 1 ? String(pair[1].dropFirst()) : ""
        }
        if isHead || status == 204 { return reply }
        if reply.headers["transfer-encoding"] == "chunked" {
            while let chunk = try await chunk() { reply.body += chunk }
        } else {
            reply.body = try await bytes.take(Int(reply.headers["content-length"] ?? "0") ?? 0)
        }
        return reply
    }

    /// The head alone; the body is a stream.
    package func streamHead() async throws -> Int {
        let head = try await bytes.line(until: "\r\n\r\n")
        return Int(head.split(separator: " ")[1]) ?? 0
    }

    /// Nil: the last one.
    package func chunk() async throws -> String? {
        let size = try await bytes.line(until: "\r\n")
        guard let count = Int(size.filter(\.isHexDigit), radix: 16) else { throw ByteStream.Ended() }
        let chunk = try await bytes.take(count + 2)
        return count == 0 ? nil : String(chunk.dropLast())
    }

    /// Returns when the other side has closed.
    package func closed() async throws { try await bytes.ended() }
}

private final class Receiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let bytes: ByteStream

    init(_ bytes: ByteStream) { self.bytes = bytes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { bytes.add(unwrapInboundIn(data)) }
    func channelInactive(context: ChannelHandlerContext) { bytes.end() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
