import NIOCore
import NIOPosix
import Synchronization

/// Stands between a client and its server on a loopback port, and breaks what passes in the ways that networks do.
/// It is gone when nobody holds it any more.
package final class TCPProxy: Sendable {
    private let links: Links
    private let server: any Channel

    private init(links: Links, server: any Channel) {
        self.links = links
        self.server = server
    }

    package static func start(target: Int) async throws -> TCPProxy {
        let links = Links(target: target)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { links.link($0) }
            .bind(host: "127.0.0.1", port: try freePort())
            .get()
        return TCPProxy(links: links, server: server)
    }

    deinit {
        server.close(promise: nil)
        refuse()
    }

    package var port: Int { server.localAddress?.port ?? 0 }

    /// How many connections came so far.
    package var accepted: Int { links.state.withLock { $0.accepted } }

    /// Cuts every link; new ones pass.
    package func cut() { links.cut() }

    /// Cuts every link, and each new one at once, until `pass`.
    package func refuse() {
        links.state.withLock { $0.isRefusing = true }
        cut()
    }

    package func pass() {
        links.state.withLock { $0.isRefusing = false }
    }

    /// Lets so many more bytes through towards the server, then cuts every link, in the middle of a packet most likely.
    package func cut(afterBytes count: Int) {
        links.state.withLock { $0.bytesUntilCut = count }
    }

    /// The links that there are stay open and carry nothing from now on, and nobody is told; new ones pass.
    package func stall() async throws {
        for channel in links.state.withLock({ Array($0.channels.values) }) {
            try await channel.setOption(.autoRead, value: false).get()
        }
    }

    package func close() async {
        refuse()
        try? await server.close()
    }
}

/// What the listening channel of a proxy holds; the proxy itself can go.
private final class Links: Sendable {
    struct State {
        var isRefusing = false
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// Bytes towards the server after which every link is cut.
        var bytesUntilCut: Int?
        var accepted = 0
    }

    let state = Mutex(State())
    private let target: Int

    init(target: Int) {
        self.target = target
    }

    func cut() {
        let channels = state.withLock { state in
            defer { state.channels = [:] }
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    func link(_ client: any Channel) -> EventLoopFuture<Void> {
        let isRefused = state.withLock { state in
            state.accepted += 1
            return state.isRefusing
        }
        guard !isRefused else { return client.close() }
        return ClientBootstrap(group: client.eventLoop).connectTimeout(.minutes(2))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: "127.0.0.1", port: target)
            .flatMapThrowing { server in
                // One side may have gone before the other was there.
                client.closeFuture.whenComplete { _ in self.ended(client, server) }
                server.closeFuture.whenComplete { _ in self.ended(server, client) }
                try client.pipeline.syncOperations.addHandler(Pump(links: self, to: server, isTowardsServer: true))
                try server.pipeline.syncOperations.addHandler(Pump(links: self, to: client, isTowardsServer: false))
                let isRefused = self.state.withLock { state in
                    state.channels[ObjectIdentifier(client)] = client
                    state.channels[ObjectIdentifier(server)] = server
                    return state.isRefusing
                }
                if isRefused { self.cut() }
            }
            .flatMapError { error in
                client.close().flatMapThrowing { throw error }
            }
    }

    private func ended(_ channel: any Channel, _ other: any Channel) {
        state.withLock { _ = $0.channels.removeValue(forKey: ObjectIdentifier(channel)) }
        other.close(promise: nil)
    }

    /// How much of a chunk may still go to the server.
    func allowance(for count: Int) -> Int {
        state.withLock { state in
            guard let left = state.bytesUntilCut else { return count }
            let allowed = min(left, count)
            state.bytesUntilCut = allowed < count ? nil : left - allowed
            return allowed
        }
    }
}

private final class Pump: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let links: Links
    private let other: any Channel
    private let isTowardsServer: Bool

    init(links: Links, to other: any Channel, isTowardsServer: Bool) {
        self.links = links
        self.other = other
        self.isTowardsServer = isTowardsServer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        let count = bytes.readableBytes
        let allowed = isTowardsServer ? links.allowance(for: count) : count
        if let slice = bytes.readSlice(length: allowed) { other.writeAndFlush(slice, promise: nil) }
        if allowed < count { links.cut() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
