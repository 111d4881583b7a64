import CMosquitto
import Glibc
import Logging
import NIOCore

/// The event loop of one MQTT connection: an epoll over the MQTT socket and the connection's eventfd.
///
/// libmosquitto's own loops are of no use here: they wait with select, which fails once the descriptor is 1024 or
/// more, and their reconnect blocks. Everything in this class happens on the connection's thread.
final class BrokerThread {
    enum Link {
        case down(retryAt: NIODeadline)
        /// From the non-blocking connect to CONNACK. `isConnected`: TCP's part is done.
        case connecting(deadline: NIODeadline, isConnected: Bool)
        case up(since: NIODeadline)
    }

    let connection: BrokerConnection
    let configuration: BrokerLinkConfiguration
    let observer: any BrokerLinkObserver
    let pending: PendingCount
    var logger: Logger

    var link = Link.down(retryAt: .now())
    var client: MosquittoClient?
    var addresses: AddressRotation
    var target: AddressRotation.Target?
    var fallback: ProtocolFallback
    var backoff: ReconnectBackoff
    /// Links in a row that the broker closed soon after they came up.
    var shortLives = 0
    var poll: BrokerPoll?

    /// What the last CONNACK, or the last DISCONNECT or lost connection, said; until it has been dealt with.
    var acknowledgement: ConnectAcknowledgement?
    var disconnection: (code: Int32, systemError: Int32)?

    var queue = OutboundQueue()
    var table = SubscriptionTable()
    /// By the topic whose SUBSCRIBE they go out with.
    var announcements: [String: BrokerPublish] = [:]
    var deliveries = DeliveryBatch()
    private let backlog = DeliveryBacklog()
    /// The socket is not read, because the event loops have enough to do.
    private var isReadingPaused = false
    var redeliveries = RedeliveryFilter()
    var failures = FailureCount()
    /// Messages that are no longer pending, since the last round.
    var settled = 0
    /// As the broker has lowered them; libmosquitto keeps them from one connection of a client to the next.
    var qualityOfService: Int32
    var maximumPacketSize: Int?
    var inFlightLimit: Int

    private static let redeliveryTime = TimeAmount.seconds(30)
    private var nextTick = NIODeadline.now()
    var stopDeadline: NIODeadline?
    private var isDisconnecting = false
    private var isFinished = false
    private var publishes: [BrokerPublish] = []
    private var commands: [BrokerConnection.Mailbox.Command] = []

    init(
        connection: BrokerConnection, configuration: BrokerLinkConfiguration, observer: any BrokerLinkObserver,
        logger: Logger, pending: PendingCount
    ) {
        self.connection = connection
        self.configuration = configuration
        self.observer = observer
        self.pending = pending
        self.logger = logger
        self.logger[metadataKey: "connection"] = "\(connection.index)"
        addresses = AddressRotation(addresses: configuration.addresses)
        fallback = ProtocolFallback(configured: configuration.protocolVersion)
        backoff = ReconnectBackoff(range: configuration.reconnectDelay)
        qualityOfService = configuration.qualityOfService.rawValue
        inFlightLimit = max(1, configuration.maxInflight)
    }

    /// Returns when the link has been stopped.
    func run() {
        guard let poll = BrokerPoll() else {
            logger.critical("no epoll for the broker link", metadata: ["error": "\(String(cString: strerror(errno)))"])
            return
        }
        self.poll = poll
        poll.add(connection.wakeUpDescriptor, .read)
        while true {
            takeMail()
            let now = NIODeadline.now()
            keepTime(now)
            if case .up = link, !isDisconnecting {
                sendSubscriptions()
                sendMessages(now)
            }
            stopIfDone(now)
            settle()
            if isFinished { break }
            watchSocket()
            let mayWait =
                !canSendMessages && connection.threadMaySleep() && !(isReadingPaused && !backlog.isFull)
            poll.wait(until: mayWait ? nextWakeUp(now) : now, handle)
        }
        _ = connection.shut(evenWithMail: true)
        connection.linkChanged(isUp: false)
        client = nil
        log(failures.reportAll())
        if !queue.isEmpty {
            logger.warning("broker link closed with messages undelivered", metadata: ["count": "\(queue.count)"])
        }
    }

    private func takeMail() {
        stopDeadline = connection.takeMail(publishes: &publishes, commands: &commands)
        for command in commands {
            switch command {
            case .subscribe(let topic, let receiver, let announcement):
                if let news = table.subscribe(topic: topic, receiver: receiver) {
                    deliveries.add([news])
                }
                if let announcement { announce(announcement, withSubscriptionTo: topic) }
            case .unsubscribe(let topic, let subscriber):
                if table.unsubscribe(topic: topic, subscriber: subscriber),
                    announcements.removeValue(forKey: topic) != nil
                {
                    settled += 1
                }
            case .discard(let topic): table.discard(topic: topic)
            }
        }
        for message in publishes {
            queue.append(message)
        }
        // Their memory is for the next messages, unless a burst has made it large.
        commands.removeAll(keepingCapacity: commands.count < 1024)
        publishes.removeAll(keepingCapacity: publishes.count < 1024)
    }

    // MARK: Time

    private func keepTime(_ now: NIODeadline) {
        if now >= nextTick {
            nextTick = now + .seconds(1)
            tick(now)
        }
        switch link {
        case .down(let retryAt) where now >= retryAt && !isStopping(withNothingToSendBy: now): connect(now)
        case .connecting(let deadline, _) where now >= deadline: abandonAttempt("no answer in time", now)
        default: break
        }
    }

    private func tick(_ now: NIODeadline) {
        if case .up(let since) = link, now - since >= Self.redeliveryTime { redeliveries.forgetSuspects() }
        if case .up = link, !isDisconnecting, let client {
            check(client.tick(), systemError: errno, now)
        } else {
            for message in queue.removeExpired(now: now) {
                notTaken(message, reason: Self.deadlinePassed)
            }
        }
        log(failures.report(now: now))
    }

    private func nextWakeUp(_ now: NIODeadline) -> NIODeadline {
        var next = nextTick
        switch link {
        case .down(let retryAt): next = min(next, retryAt)
        case .connecting(let deadline, _): next = min(next, deadline)
        case .up: break
        }
        if let stopDeadline, stopDeadline > now {
            next = min(next, stopDeadline)
            // The event loops do not wake this thread to say that they are done.
            if !backlog.isEmpty { next = min(next, now + .milliseconds(5)) }
        }
        return next
    }

    // MARK: The end

    private func isStopping(withNothingToSendBy now: NIODeadline) -> Bool {
        stopDeadline.map { queue.isEmpty || now >= $0 } ?? false
    }

    private func stopIfDone(_ now: NIODeadline) {
        guard let stopDeadline else { return }
        guard case .up = link, let client else {
            isFinished = isDisconnecting || isStopping(withNothingToSendBy: now)
            return
        }
        if !isDisconnecting, now >= stopDeadline || isDone(client) {
            isDisconnecting = true
            // Without a DISCONNECT the broker would publish the Will.
            client.disconnect()
            check(MOSQ_ERR_SUCCESS.rawValue, systemError: 0, now)
        }
        if now >= stopDeadline {
            isFinished = true
        }
        if case .down = link {
            isFinished = true
        }
    }

    /// All is said, and nobody can have more to say about what the broker has delivered.
    private func isDone(_ client: MosquittoClient) -> Bool {
        queue.isEmpty && table.unsubscribesAreSettled && !client.wantsWrite && deliveries.isEmpty && backlog.isEmpty
            && connection.shut(evenWithMail: false)
    }

    // MARK: The socket

    private func watchSocket() {
        guard let client, let poll else { return }
        switch link {
        case .down: break
        case .connecting(_, let isConnected) where client.usesTLS:
            // libmosquitto says nothing useful of what the handshake waits for; its packets are small, and only the
            // first must wait for TCP.
            poll.change(client.socket, to: isConnected ? .read : [.read, .write])
        case .connecting, .up:
            isReadingPaused = backlog.isFull
            let reading: BrokerPoll.Interest = isReadingPaused ? [] : .read
            poll.change(client.socket, to: client.wantsWrite ? [reading, .write] : reading)
        }
    }

    private func handle(_ event: BrokerPoll.Event) {
        if event.descriptor == connection.wakeUpDescriptor {
            connection.clearWakeUp()
            return
        }
        guard let client, event.descriptor == client.socket else { return }
        let now = NIODeadline.now()
        if case .connecting(let deadline, _) = link {
            if event.isWritable {
                link = .connecting(deadline: deadline, isConnected: true)
            }
            if client.usesTLS, event.isHangUp, cmosquitto_readable_bytes(client.socket) <= 0 {
                // libmosquitto takes an end of file in the handshake for a handshake that goes on.
                return abandonAttempt("closed by the broker during the TLS handshake", now)
            }
        }
        if event.isReadable || event.isHangUp || client.usesTLS {
            read(client, now)
        }
        if case .down = link { return }
        if event.isWritable || client.wantsWrite || client.usesTLS {
            check(client.write(), systemError: errno, now)
        }
    }

    private func read(_ client: MosquittoClient, _ now: NIODeadline) {
        // Bounded, so that a busy broker does not keep our own messages waiting.
        for _ in 0..<64 {
            let code = client.read()
            let systemError = errno
            announceIfAcknowledged(now)
            guard check(code, systemError: systemError, now), cmosquitto_readable_bytes(client.socket) > 0 else {
                return
            }
        }
    }

    /// False: that was the end of this connection.
    @discardableResult
    private func check(_ code: Int32, systemError: Int32, _ now: NIODeadline) -> Bool {
        guard let client, code != MOSQ_ERR_SUCCESS.rawValue || client.socket < 0 else { return true }
        connectionEnded(disconnection ?? (code, systemError), isOrderly: isDisconnecting, now)
        return false
    }

    private func settle() {
        deliveries.handOver(backlog) { [connection] in connection.wake() }
        if settled > 0 {
            pending.settle(settled)
            settled = 0
        }
    }
}
