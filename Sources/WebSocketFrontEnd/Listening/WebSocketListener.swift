import Glibc
import Logging
import MemoryBudget
import NIOCore
import NIOPosix
import Synchronization

/// One opening of a `ws` or `wss` listener: its listening sockets and the connections accepted from them. It is opened
/// once; `ListenerSet` opens another in its place.
package final class WebSocketListener: Sendable {
    private let state: ListenerState
    private let group: any EventLoopGroup
    private let reserve: DescriptorReserve
    private let sockets = Mutex<[any Channel]>([])
    /// Of the openings whose place this one has taken: some of their handshakes may still be under way.
    private let earlier = Mutex<[Earlier]>([])

    private struct Earlier {
        weak var state: ListenerState?
    }

    /// - Parameters:
    ///   - group: Its event loops carry the listening sockets and the connections.
    ///   - admission: Asked about each handshake, and given each accepted connection.
    ///   - traffic: Of the listener, through all its openings.
    ///   - eventLoops: Those of `group`, for all listeners.
    ///   - memory: What all queues of the process may hold.
    package init(
        configuration: ListenerConfiguration,
        group: any EventLoopGroup,
        admission: any ConnectionAdmission,
        traffic: ListenerTraffic = ListenerTraffic(),
        eventLoops: EventLoopTable = EventLoopTable(),
        memory: MemoryBudget = MemoryBudget(limit: .max),
        logger: Logger
    ) {
        state = ListenerState(
            configuration: configuration, admission: admission, traffic: traffic, eventLoops: eventLoops,
            memory: memory)
        self.group = group
        reserve = DescriptorReserve(logger: logger)
    }

    package var configuration: ListenerConfiguration { state.configuration }

    /// Upgraded connections now, those of earlier openings included.
    package var connectionCount: Int { state.traffic.connectionCount }

    /// Where it listens; nil: it does not.
    package var address: SocketAddress? { sockets.withLock { $0.first?.localAddress } }

    /// Starts to listen.
    ///
    /// - Parameter predecessor: The opening whose place this one takes; both listen until that one has handed over.
    /// - Returns: The bound address, with the real port where the configuration has 0.
    /// - Throws: `ListenerError`.
    package func start(inPlaceOf predecessor: WebSocketListener? = nil) async throws -> SocketAddress {
        do {
            try state.tls?.reload()
            if let predecessor { take(over: predecessor) }
            return try await bindAll(beside: predecessor?.address)
        } catch {
            await closeSockets()
            throw ListenerError(configuration: state.configuration, underlying: error)
        }
    }

    /// Closes the listening sockets. Open connections stay; connections still in their handshake are answered 503.
    ///
    /// - Returns: When nobody comes in any more by this opening or one before it.
    package func stopAccepting() async {
        state.stop()
        for earlier in earlier.withLock({ $0 }) { earlier.state?.stop() }
        await closeSockets()
        // Behind each turn that may just be opening a connection.
        for loop in group.makeIterator() { try? await loop.submit {}.get() }
    }

    private func take(over predecessor: WebSocketListener) {
        let states = predecessor.earlier.withLock { $0.filter { $0.state != nil } }
        earlier.withLock { $0 = states + [Earlier(state: predecessor.state)] }
    }

    /// Closes the listening sockets, since another opening has taken the place of this one. Open connections stay, and
    /// handshakes go on.
    func handOver() async {
        await closeSockets()
    }

    // MARK: Certificates

    /// Has certificates that can be reloaded.
    package var usesTLS: Bool { state.tls != nil }

    /// When the first certificate of the listener's chain ends, in seconds since 1970; nil: there is none.
    package var certificateEnd: Int64? { state.tls?.material?.certificateEnd }

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

    // MARK: Sockets

    /// - Parameter own: Where this process listens already, and may go on beside it.
    private func bindAll(beside own: SocketAddress?) async throws -> SocketAddress {
        let configuration = state.configuration
        let loops = Array(group.makeIterator())
        let acceptors = max(configuration.acceptors ?? loops.count, 1)
        // The one that the system has chosen is kept.
        let port = configuration.port == 0 ? own?.port ?? 0 : configuration.port
        let wanted = try SocketAddress.makeAddressResolvingHost(configuration.host, port: port)
        if port != 0, port != own?.port {
            // With SO_REUSEPORT alone another process of the same user could share the port unnoticed, and each would
            // get some of the charge points.
            try checkIsFree(wanted)
        }
        var bound: SocketAddress?
        for index in 0..<acceptors {
            // With port 0 the first socket chooses and the others follow.
            let socket = try await bootstrap(on: loops[index % loops.count]).bind(to: bound ?? wanted).get()
            self.sockets.withLock { $0.append(socket) }
            bound = bound ?? socket.localAddress
        }
        guard let bound else { throw ChannelError.unknownLocalAddress }
        return bound
    }

    /// Binds as the listener does, but shares the port with nobody, and listens to nobody: a client that came to a
    /// socket that is about to be closed would be reset.
    private func checkIsFree(_ address: SocketAddress) throws {
        let descriptor = socket(
            address.protocol.rawValue, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        defer { close(descriptor) }
        var reuse: Int32 = state.configuration.reuseAddress ? 1 : 0
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        let code = address.withSockAddr { Glibc.bind(descriptor, $0, socklen_t($1)) }
        guard code == 0 else { throw IOError(errnoCode: errno, reason: "bind") }
    }

    /// - Parameter loop: Carries the listening socket and what is accepted from it, so no connection changes threads.
    private func bootstrap(on loop: any EventLoop) async throws -> ServerBootstrap {
        let state = state
        let reserve = reserve
        let configuration = state.configuration
        let receiveBuffer = try await state.eventLoops.receiveBuffer(capacity: configuration.receiveBuffer, of: loop)
        return ServerBootstrap(group: loop, childGroup: loop)
            .serverChannelOption(.backlog, value: Int32(clamping: configuration.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: configuration.reuseAddress ? 1 : 0)
            // Among the acceptors, and with the next opening.
            .serverChannelOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let throttle = AcceptThrottleHandler(listener: state, reserve: reserve)
                    try channel.pipeline.syncOperations.addHandler(throttle)
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: configuration.noDelay ? 1 : 0)
            .childChannelOption(.recvAllocator, value: ReleasingReceiveAllocator(shared: receiveBuffer))
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
