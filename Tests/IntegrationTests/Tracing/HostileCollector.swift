import NIOCore
import NIOPosix
import TestSupport

/// A collector that answers what none should.
final class HostileCollector: Sendable {
    enum Answer: String, Sendable, CaseIterable {
        case redirect
        case endlessBody = "endless body"
        case endlessHead = "endless head"

        /// What the gateway says of it.
        var reason: String {
            switch self {
            case .redirect: "HTTP status 307"
            case .endlessBody: "longer than 65536 bytes"
            case .endlessHead: "too many header bytes"
            }
        }

        fileprivate var begin: String {
            switch self {
            case .redirect: "HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n"
            case .endlessBody: "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
            case .endlessHead: "HTTP/1.1 200 OK\r\n"
            }
        }

        /// Again and again, until nobody is there.
        fileprivate var rest: String? {
            switch self {
            case .redirect: nil
            case .endlessBody: String(repeating: "[", count: 4096)
            case .endlessHead: "x-more: " + String(repeating: "x", count: 4096) + "\r\n"
            }
        }
    }

    /// What was asked for.
    let targets = Mailbox<String>("targets")
    /// Connections that have ended.
    let closed = Mailbox<Void>("closed")
    private let answer: Answer
    private let server: any Channel

    private init(_ answer: Answer, server: any Channel) {
        self.answer = answer
        self.server = server
    }

    static func start(_ answer: Answer) async throws -> HostileCollector {
        let own = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: HostileCollector.self)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                own.futureResult.hop(to: channel.eventLoop).flatMap { collector in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Handler(collector))
                    }
                }
            }
            .bind(host: "127.0.0.1", port: try freePort()).get()
        let collector = HostileCollector(answer, server: server)
        own.succeed(collector)
        return collector
    }

    var endpoint: String { "http://127.0.0.1:\(server.localAddress?.port ?? 0)" }

    func stop() async {
        try? await server.close()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let collector: HostileCollector
        private var hasBegun = false

        init(_ collector: HostileCollector) {
            self.collector = collector
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let words = String(buffer: unwrapInboundIn(data)).split(separator: " ", maxSplits: 2)
            guard words.first == "POST", words.count > 1 else { return }
            collector.targets.append(String(words[1]))
            guard collector.answer.rest == nil || !hasBegun else { return }
            hasBegun = true
            context.writeAndFlush(NIOAny(ByteBuffer(string: collector.answer.begin)), promise: nil)
            if let rest = collector.answer.rest { Self.goOn(context.channel, ByteBuffer(string: rest)) }
        }

        private static func goOn(_ channel: any Channel, _ rest: ByteBuffer) {
            channel.writeAndFlush(rest).whenSuccess { channel.eventLoop.execute { goOn(channel, rest) } }
        }

        func channelInactive(context: ChannelHandlerContext) {
            collector.closed.append(())
        }
    }
}
