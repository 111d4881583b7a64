import Glibc
import Logging
import MemoryBudget
import NIOCore
import NIOPosix
import Synchronization

/// One `ws` or `wss` listener: its listening sockets and the connections accepted from them.
package final class WebSocketListener: Sendable {
    private let state: ListenerState
    private let group: any EventLoopGroup
    private let reserve: DescriptorReserve
    private let sockets = Mutex<[any Channel]>([])

    /// - Parameters:
    ///   - group: Its event loops carry the listening sockets and the connections.
    ///   - admission: Asked about each handshake, and given each accepted connection.
    ///   - memory: What all queues of the process may hold.
    package init(
        configuration: ListenerConfiguration,
        group: any EventLoopGroup,
        admission: any ConnectionAdmission,
        memory: MemoryBudget = MemoryBudget(limit: .max),
        logger: Logger
    ) {
        state = ListenerState(configuration: configuration, admission: admission, memory: memory)
        self.group = group
        reserve = DescriptorReserve(logger: logger)
    }

    /// Upgraded connections now.
    package var connectionCount: Int { state.connectionCount }

    /// Starts to listen.
    ///
    /// - Returns: The bound address, with the real port where the configuration has 0.
    /// - Throws: `ListenerError`.
    package func start() async throws -> SocketAddress {
        do {
            try state.tls?.reload()
            return try await bindAll()
        } catch {
            await closeSockets()
            throw ListenerError(configuration: state.configuration, underlying: error)
        }
    }

    /// Closes the listening sockets. Open connections stay; connections still in their handshake are answered 503.
    package func stopAccepting() async {
        state.stop()
        await closeSockets()
    }

    /// Has certificates that can be reloaded.
    package var usesTLS: Bool { state.tls != nil }

    /// Reads the certificate files anew. Open connections keep what they have; when a file is bad, new ones get what
    /// was read before.
    package func reloadCertificates() throws(TLSProblems) {
        try state.tls?.reload()
    }

    /// Whether certificate files are not what they were at the last reload, and at rest: unchanged since the last
    /// call.
    package func haveCertificatesChanged() -> Bool {
        state.tls?.haveFilesChanged() ?? false
    }

    private func bindAll() async throws -> SocketAddress {
        let configuration = state.configuration
        let loops = Array(group.makeIterator())
        let acceptors = max(configuration.acceptors ?? loops.count, 1)
        let wanted = try SocketAddress.makeAddressResolvingHost(configuration.host, port: configuration.port)
        if acceptors > 1, configuration.port != 0 {
            // With SO_REUSEPORT alone another process of the same user could share the port unnoticed, and each would
            // get some of the charge points.
            let probe = try await self.bootstrap(on: group.next(), sharesPort: false).bind(to: wanted).get()
            try await probe.close()
        }
        var bound: SocketAddress?
        for index in 0..<acceptors {
            // With port 0 the first socket chooses and the others follow.
            let bootstrap = self.bootstrap(on: loops[index % loops.count], sharesPort: acceptors > 1)
            let socket = try await bootstrap.bind(to: bound ?? wanted).get()
            sockets.withLock { $0.append(socket) }
            bound = bound ?? socket.localAddress
        }
        guard let bound else { throw ChannelError.unknownLocalAddress }
        return bound
    }

    /// - Parameter loop: Carries the listening socket and what is accepted from it, so no connection changes threads.
    private func bootstrap(on loop: any EventLoop, sharesPort: Bool) -> ServerBootstrap {
        let state = self.state
        let reserve = self.reserve
        let configuration = state.configuration
        return ServerBootstrap(group: loop, childGroup: loop)
            .serverChannelOption(.backlog, value: Int32(clamping: configuration.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: configuration.reuseAddress ? 1 : 0)
            .serverChannelOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: sharesPort ? 1 : 0)
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let throttle = AcceptThrottleHandler(listener: state, reserve: reserve)
                    try channel.pipeline.syncOperations.addHandler(throttle)
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: configuration.noDelay ? 1 : 0)
            .childChannelOption(.recvAllocator, value: ReleasingReceiveAllocator(shared: state.receiveBuffer(of: loop)))
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try AcceptedConnection.start(on: channel, listener: state) }
            }
    }

    private func closeSockets() async {
        let sockets = self.sockets.withLock { sockets in
            defer { sockets = [] }
            return sockets
        }
        for socket in sockets {
            // It fails only where the socket is closed already.
            try? await socket.close()
        }
    }
}
