import ClientEndpoints
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import OCPPJ

/// One simulated charge point on an event loop: moves messages and time between its connection and its life.
actor ChargePoint {
    private static let connectTimeout: TimeAmount = .seconds(10)
    /// How long the upgrade may take after the connection.
    private static let upgradeTimeout: TimeAmount = .seconds(10)
    /// How long a close waits for its echo.
    private static let closeTimeout: TimeAmount = .seconds(2)

    private enum Link {
        /// Not connected; a start or a reconnect may be scheduled.
        case down
        case connecting
        case open(any Channel)
        /// Our close frame is out; then the next connection comes after this pause, or none.
        case closing(any Channel, reconnectAfter: TimeAmount?)
    }

    nonisolated let identity: String
    nonisolated let version: OCPPVersion
    nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    private let endpoint: CentralSystemEndpoint
    private let tls: ClientTLS?
    private let counters: FleetCounters
    private var life: any ChargePointLife
    private var random: SplitMix64
    private var delay = ReconnectDelay()
    private var link: Link = .down
    private var isStopping = false
    private var stopped: EventLoopPromise<Void>?
    private var pendingConnect: Scheduled<Void>?
    private var pendingWake: (moment: NIODeadline, task: Scheduled<Void>)?

    init(
        identity: String, version: OCPPVersion, endpoint: CentralSystemEndpoint, tls: ClientTLS?, pace: LifePace,
        seed: UInt64, clock: WallClock, counters: FleetCounters, eventLoop: any EventLoop
    ) {
        self.identity = identity
        self.version = version
        self.endpoint = endpoint
        self.tls = tls
        self.counters = counters
        self.eventLoop = eventLoop
        life = version.life(of: Station(identity: identity, pace: pace, seed: seed, clock: clock, now: .now()))
        random = SplitMix64(seed: ~seed)
    }

    // MARK: Start and stop

    /// Connects after a pause, and stays connected until `stop`.
    func start(after pause: TimeAmount) {
        guard !isStopping else { return }
        connect(after: pause)
    }

    /// Closes with 1000. The future succeeds when the connection has ended.
    func stop() -> EventLoopFuture<Void> {
        if let stopped { return stopped.futureResult }
        isStopping = true
        pendingConnect?.cancel()
        pendingWake?.task.cancel()
        pendingWake = nil
        let promise = eventLoop.makePromise(of: Void.self)
        stopped = promise
        switch link {
        // An attempt under way is closed as soon as it is a connection; nobody waits for that.
        case .down, .connecting: promise.succeed()
        case .open(let channel): close(channel, code: .normalClosure, reconnectAfter: nil)
        case .closing(let channel, _): link = .closing(channel, reconnectAfter: nil)
        }
        return promise.futureResult
    }

    // MARK: Connecting

    private func connect(after pause: TimeAmount) {
        link = .down
        pendingConnect = eventLoop.scheduleTask(in: pause) {
            self.assumeIsolated { $0.connect() }
        }
    }

    private func connect() {
        guard !isStopping, case .down = link else { return }
        link = .connecting
        ClientBootstrap(group: eventLoop)
            .connectTimeout(Self.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Thousands of connections: the adaptive allocator would keep large buffers for each.
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1_024))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.configure(channel) }
            }
            .connect(host: endpoint.host, port: endpoint.port)
            .hop(to: eventLoop)
            .whenComplete { result in
                switch result {
                // What comes of it, the handlers tell; but not for ever.
                case .success(let channel): self.assumeIsolated { $0.watchUpgrade(of: channel) }
                case .failure(let error): self.assumeIsolated { $0.attemptFailed(reason: Self.text(of: error)) }
                }
            }
    }

    private nonisolated func configure(_ channel: any Channel) throws {
        if let tls { try channel.pipeline.syncOperations.addHandler(try tls.handler()) }
        let upgrader = NIOWebSocketClientUpgrader(maxFrameSize: SimulatorMessage.maximumLength) { channel, response in
            channel.eventLoop.makeCompletedFuture { try self.upgraded(channel, response) }
        }
        let configuration: NIOHTTPClientUpgradeSendableConfiguration = (
            upgraders: [upgrader],
            completionHandler: { context in
                context.pipeline.syncOperations.removeHandler(name: UpgradeRequestHandler.name, promise: nil)
            }
        )
        try channel.pipeline.syncOperations.addHTTPClientHandlers(
            // A command may come in the same segment as the handshake's answer.
            leftOverBytesStrategy: .forwardBytes, withClientUpgrade: configuration)
        try channel.pipeline.syncOperations.addHandler(
            UpgradeRequestHandler(chargePoint: self, endpoint: endpoint), name: UpgradeRequestHandler.name)
    }

    private nonisolated func upgraded(_ channel: any Channel, _ response: HTTPResponseHead) throws {
        guard response.headers["Sec-WebSocket-Protocol"] == [version.subprotocol] else {
            assumeIsolated { $0.attemptFailed(reason: "subprotocol \(version.subprotocol) not agreed") }
            channel.close(promise: nil)
            return
        }
        try channel.pipeline.syncOperations.addHandlers(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 64,
                maxAccumulatedFrameSize: SimulatorMessage.maximumLength),
            WebSocketChannelHandler(chargePoint: self))
        assumeIsolated { $0.connectionOpened(channel) }
    }

    private func watchUpgrade(of channel: any Channel) {
        eventLoop.scheduleTask(in: Self.upgradeTimeout) {
            self.assumeIsolated {
                // Closing an attempt that has become a connection, or another attempt, is not meant.
                if case .connecting = $0.link, channel.isActive { channel.close(promise: nil) }
            }
        }
    }

    private static func text(of error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { text(of: $0.error) } ?? "host name not found"
        case let error as IOError:
            String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout: "connect timed out"
        default: "connect failed"
        }
    }

    // MARK: What the channel's handlers tell

    func attemptFailed(reason: String) {
        guard case .connecting = link else { return }
        counters.attemptFailed(reason: reason)
        reconnect()
    }

    private func connectionOpened(_ channel: any Channel) {
        link = .open(channel)
        counters.connectionOpened()
        if isStopping {
            close(channel, code: .normalClosure, reconnectAfter: nil)
        } else {
            perform(life.connected(at: .now()))
        }
    }

    func received(_ text: ByteBuffer) {
        guard case .open(let channel) = link else { return }
        guard channel.isWritable else {
            // It commands and does not read the answers; nothing is piled up for it.
            channel.close(promise: nil)
            return
        }
        delay.reset()
        perform(life.received(text, at: .now()))
    }

    func closeReceived(code: WebSocketErrorCode?) {
        switch link {
        case .open(let channel):
            write(closeFrame(code ?? .normalClosure), to: channel)
            channel.close(promise: nil)
        case .closing(let channel, _): channel.close(promise: nil)
        case .down, .connecting: break
        }
    }

    func connectionEnded(reason: String) {
        switch link {
        case .open:
            counters.connectionLost(reason: reason)
            perform(life.disconnected(at: .now()))
            reconnect()
        case .closing(_, let pause):
            counters.connectionClosed()
            perform(life.disconnected(at: .now()))
            if let pause, !isStopping {
                connect(after: pause)
            } else {
                reconnect()
            }
        case .down, .connecting: break
        }
    }

    private func reconnect() {
        link = .down
        if isStopping {
            pendingWake?.task.cancel()
            stopped?.succeed()
        } else {
            connect(after: delay.next(using: &random))
        }
    }

    // MARK: What its life does

    private func perform(_ actions: [LifeAction]) {
        for action in actions {
            switch action {
            case .send(let message):
                guard case .open(let channel) = link else { continue }
                write(
                    WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: message.ocppJ()), to: channel)
            case .report(let occurrence):
                counters.count(occurrence)
            case .restart(let pause):
                guard case .open(let channel) = link else { continue }
                close(channel, code: .goingAway, reconnectAfter: pause)
            }
        }
        scheduleWake()
    }

    private func scheduleWake() {
        guard !isStopping, let moment = life.nextWake else { return }
        if let pendingWake {
            // An earlier wake looks again by itself.
            if pendingWake.moment <= moment { return }
            pendingWake.task.cancel()
        }
        let task = eventLoop.scheduleTask(deadline: moment) {
            self.assumeIsolated { $0.wake() }
        }
        pendingWake = (moment, task)
    }

    private func wake() {
        pendingWake = nil
        guard !isStopping else { return }
        perform(life.wake(at: .now()))
    }

    private func write(_ frame: WebSocketFrame, to channel: any Channel) {
        channel.writeAndFlush(frame, promise: nil)
    }

    private func closeFrame(_ code: WebSocketErrorCode) -> WebSocketFrame {
        var body = ByteBuffer()
        body.write(webSocketErrorCode: code)
        return WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: body)
    }

    private func close(_ channel: any Channel, code: WebSocketErrorCode, reconnectAfter pause: TimeAmount?) {
        link = .closing(channel, reconnectAfter: pause)
        write(closeFrame(code), to: channel)
        eventLoop.scheduleTask(in: Self.closeTimeout) { channel.close(promise: nil) }
    }
}
