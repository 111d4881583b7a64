import NIOCore
import NIOPosix
import Synchronization

/// Stands between the gateway and its broker, and breaks what passes in the ways that networks do.
final class TCPProxy: Sendable {
    private enum Mode {
        case pass
        case refuse
    }

    private struct State {
        var mode = Mode.pass
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// Bytes towards the broker after which every link is cut.
        var bytesUntilCut: Int?
        var accepted = 0
    }

    private let state = Mutex(State())
    private let target: Int
    private let server: Mutex<(any Channel)?> = Mutex(nil)

    private init(target: Int) {
        self.target = target
    }

    static func start(target: Int) async throws -> TCPProxy {
        let proxy = TCPProxy(target: target)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { proxy.link($0) }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        proxy.server.withLock { $0 = channel }
        return proxy
    }

    var port: Int {
        server.withLock { $0?.localAddress?.port ?? 0 }
    }

    /// How many connections came so far.
    var accepted: Int {
        state.withLock { $0.accepted }
    }

    /// Cuts every link; new ones pass.
    func cut() {
        let channels = state.withLock { state in
            defer { state.channels = [:] }
            return Array(state.channels.values)
        }
        for channel in channels {
            channel.close(promise: nil)
        }
    }

    /// Cuts every link, and each new one at once, until `pass`.
    func refuse() {
        state.withLock { $0.mode = .refuse }
        cut()
    }

    func pass() {
        state.withLock { $0.mode = .pass }
    }

    /// Lets so many more bytes through towards the broker, then cuts every link, in the middle of a packet most likely.
    func cut(afterBytes count: Int) {
        state.withLock { $0.bytesUntilCut = count }
    }

    /// Links stay open and carry nothing.
    func stall() {
        setReading(false)
    }

    func resume() {
        setReading(true)
    }

    func close() async {
        refuse()
        let channel = server.withLock { $0 }
        try? await channel?.close()
    }

    private func setReading(_ isReading: Bool) {
        for channel in state.withLock({ Array($0.channels.values) }) {
            channel.setOption(.autoRead, value: isReading).whenComplete { _ in }
        }
    }

    private func link(_ client: any Channel) -> EventLoopFuture<Void> {
        let isRefused = state.withLock { state in
            state.accepted += 1
            return state.mode == .refuse
        }
        guard !isRefused else {
            return client.close()
        }
        return ClientBootstrap(group: client.eventLoop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: "127.0.0.1", port: target)
            .flatMapThrowing { broker in
                // One side may have gone before the other was there.
                client.closeFuture.whenComplete { _ in broker.close(promise: nil) }
                broker.closeFuture.whenComplete { _ in client.close(promise: nil) }
                try client.pipeline.syncOperations.addHandler(Pump(proxy: self, to: broker, isTowardsBroker: true))
                try broker.pipeline.syncOperations.addHandler(Pump(proxy: self, to: client, isTowardsBroker: false))
                self.state.withLock { state in
                    state.channels[ObjectIdentifier(client)] = client
                    state.channels[ObjectIdentifier(broker)] = broker
                }
            }
            .flatMapError { error in
                client.close().flatMapThrowing { throw error }
            }
    }

    /// How much of a chunk may still go to the broker.
    private func allowance(for count: Int) -> Int {
        state.withLock { state in
            guard let left = state.bytesUntilCut else {
                return count
            }
            let allowed = min(left, count)
            state.bytesUntilCut = allowed < count ? nil : left - allowed
            return allowed
        }
    }

    private final class Pump: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        let proxy: TCPProxy
        let other: any Channel
        let isTowardsBroker: Bool

        init(proxy: TCPProxy, to other: any Channel, isTowardsBroker: Bool) {
            self.proxy = proxy
            self.other = other
            self.isTowardsBroker = isTowardsBroker
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            let count = bytes.readableBytes
            let allowed = isTowardsBroker ? proxy.allowance(for: count) : count
            if let slice = bytes.readSlice(length: allowed) {
                other.writeAndFlush(slice, promise: nil)
            }
            if allowed < count {
                proxy.cut()
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
