import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy on a loopback port whose connections can be cut, and which can be closed for new ones.
final class CuttableProxy: Sendable {
    private struct State {
        var isOpen = true
        var channels: [any Channel] = []
    }

    private let state: StateBox
    private let server: any Channel
    let port: Int

    private final class StateBox: Sendable {
        let state = Mutex(State())
    }

    init(to target: Int) async throws {
        let box = StateBox()
        state = box
        server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(ChannelOptions.autoRead, value: false)
            .childChannelInitializer { client in
                guard box.state.withLock({ $0.isOpen }) else { return client.close() }
                return ClientBootstrap(group: client.eventLoop)
                    .channelOption(ChannelOptions.autoRead, value: false)
                    .connect(host: "127.0.0.1", port: target)
                    .flatMap { broker in
                        box.state.withLock { $0.channels += [client, broker] }
                        return client.eventLoop.makeCompletedFuture {
                            try client.pipeline.syncOperations.addHandler(Pipe(to: broker))
                            try broker.pipeline.syncOperations.addHandler(Pipe(to: client))
                        }
                        .flatMap {
                            broker.setOption(ChannelOptions.autoRead, value: true)
                                .and(client.setOption(ChannelOptions.autoRead, value: true)).map { _ in }
                        }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = server.localAddress?.port ?? 0
    }

    deinit {
        server.close(promise: nil)
        cut()
    }

    /// Closes all connections and every new one, until `open`.
    func cut() {
        let channels = state.state.withLock { state in
            state.isOpen = false
            defer { state.channels = [] }
            return state.channels
        }
        for channel in channels {
            channel.close(promise: nil)
        }
    }

    func open() {
        state.state.withLock { $0.isOpen = true }
    }

    /// Nothing passes any more, and nobody is told.
    func freeze() async throws {
        for channel in state.state.withLock({ $0.channels }) {
            try await channel.setOption(ChannelOptions.autoRead, value: false).get()
        }
    }

    private final class Pipe: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let other: any Channel

        init(to other: any Channel) {
            self.other = other
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            other.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            other.close(promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
