import CMosquitto
import Glibc
import Logging
import NIOCore
import OutsideNames

/// One MQTT connection on its broker thread: the link, what is subscribed to, and what waits to be published.
final class BrokerClient {
    enum Link {
        case down(retryAt: NIODeadline)
        /// The name server has been asked.
        case resolving(deadline: NIODeadline)
        /// From the non-blocking connect to CONNACK. `isConnected`: TCP's part is done.
        case connecting(deadline: NIODeadline, isConnected: Bool)
        case up(since: NIODeadline)
    }

    unowned let thread: BrokerThread
    let connection: BrokerConnection
    let configuration: BrokerLinkConfiguration

    var link = Link.down(retryAt: .now())
    var client: MosquittoClient?
    var target: AddressRotation.Target?
    var backoff: ReconnectBackoff
    /// Links in a row that the broker closed soon after they came up.
    var shortLives = 0

    /// What the last CONNACK, or the last DISCONNECT or lost connection, said; until it has been dealt with.
    var acknowledgement: ConnectAcknowledgement?
    var disconnection: (code: Int32, systemError: Int32)?

    var queue = OutboundQueue()
    var table = SubscriptionTable()
    /// By the topic whose SUBSCRIBE they go out with.
    var announcements: [Topic: BrokerPublish] = [:]
    /// Over which packet the broker ends the link, and has ended it.
    var suspects: SuspectPackets
    var culprits = CulpritMemory()
    var subscriptionCulprits = CulpritMemory()
    /// A packet that is to go out alone waits for the acknowledgements of others.
    var waitsForQuiet = false
    /// Longest SUBSCRIBE, in bytes.
    var subscriptionRoom = 65536
    /// The next link needs a new MQTT client, because this one would send again what is not to be sent again.
    var isClientSpent = false
    var redeliveries: RedeliveryFilter
    /// QoS 1 and 2 messages that the broker may have unacknowledged; libmosquitto searches them one by one.
    let receiveMaximum: Int
    /// As the broker has lowered them; libmosquitto keeps them from one connection of a client to the next.
    var qualityOfService: Int32
    var maximumPacketSize: Int?
    var inFlightLimit: Int
    /// As `broker.password_file` had it last.
    var passwordInFile: String?
    /// Nil for a shared connection.
    var chargePoint: ChargePointState?

    private static let redeliveryTime = TimeAmount.seconds(30)
    private let tickInterval: TimeAmount
    private var nextTick = NIODeadline.now()
    var isDisconnecting = false
    private(set) var isFinished = false
    /// The kernel keeps what is written together until the end of the round.
    private var isCollecting = false
    /// What the socket is watched for; nil: there is none.
    private var interest: BrokerPoll.Interest?

    // For the thread.
    var isTouched = false
    var appointment = NIODeadline.distantFuture
    /// It may connect, or is doing so.
    var hasTurn = false

    init(connection: BrokerConnection, thread: BrokerThread) {
        self.connection = connection
        self.thread = thread
        configuration = thread.configuration
        backoff = ReconnectBackoff(range: configuration.reconnectDelay)
        qualityOfService = configuration.qualityOfService.rawValue
        inFlightLimit = max(1, configuration.maxInflight)
        receiveMaximum = connection.login == nil ? 512 : 32
        redeliveries = RedeliveryFilter(receiveMaximum: receiveMaximum)
        // The search needs a new MQTT client, which does not know which messages of QoS 2 have half arrived.
        suspects = SuspectPackets(lossesNeeded: configuration.qualityOfService == .exactlyOnce ? 4 : 2)
        if let login = connection.login {
            chargePoint = ChargePointState(login: login)
            link = .down(retryAt: .distantFuture)
        }
        // With many connections it counts how often each is looked after; keep-alive is precise enough so.
        let quarter = configuration.keepAlive.components.seconds / 4
        tickInterval = connection.login == nil ? .seconds(1) : .seconds(min(max(1, quarter), 5))
    }

    var isShared: Bool { chargePoint == nil }

    /// Copied only where something is logged.
    var logger: Logger {
        var logger = thread.logger
        if let target { logger[metadataKey: "broker"] = "\(target.address)" }
        if let chargePoint { logger[metadataKey: "client_id"] = "\(chargePoint.login.clientID)" }
        return logger
    }

    // MARK: The rounds of the thread

    func take(_ commands: [BrokerConnection.Mailbox.Command], _ publishes: [BrokerPublish]) {
        for command in commands {
            switch command {
            case .logIn(let answer): logIn(answer)
            case .subscribe(let topic, let companion, let receiver, let announcement):
                attend(receiver)
                if let news = table.subscribe(topic: topic, companion: companion, receiver: receiver) {
                    thread.deliveries.add([news])
                }
                heedCulprits(of: topic)
                if let announcement { announce(announcement, withSubscriptionTo: topic) }
                releaseHeld()
            case .unsubscribe(let topic, let subscriber):
                if table.unsubscribe(topic: topic, subscriber: subscriber),
                    let announcement = announcements.removeValue(forKey: topic)
                {
                    thread.settle(announcement)
                }
            case .discard(let topic, let companion): table.discard(topic: topic, companion: companion)
            case .forget(let subscriber, let token): forget(subscriber, token)
            case .close: leave(.now())
            }
        }
        for message in publishes { enqueue(message) }
    }

    func handle(_ event: BrokerPoll.Event) {
        guard let client else { return }
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

    /// Several packets in one segment: about a tenth of the gateway's CPU at QoS 0, 64 CALLs open. For a single packet it
    /// would only be two system calls more, and acknowledgements gain nothing by it.
    private func collectPackets(_ client: MosquittoClient) {
        guard !isCollecting else { return }
        isCollecting = true
        client.collectPackets(true)
    }

    private func sendCollected() {
        guard isCollecting else { return }
        isCollecting = false
        client?.collectPackets(false)
    }

    private func read(_ client: MosquittoClient, _ now: NIODeadline) {
        // Bounded, so that a busy broker does not keep our own messages waiting.
        for _ in 0..<64 {
            let code = client.read()
            let systemError = errno
            announceIfAcknowledged(now)
            guard check(code, systemError: systemError, now), cmosquitto_readable_bytes(client.socket) > 0,
                thread.deliveries.bytes < DeliveryBacklog.bytesPerRound
            else { return }
        }
    }

    /// Whatever has changed is acted upon. True: there is more to do at once.
    func work(_ now: NIODeadline) -> Bool {
        if case .up = link, !isDisconnecting {
            if queue.waitingCount > 1, let client { collectPackets(client) }
            if !sendSuspects(now) {
                sendSubscriptions()
                sendMessages(now)
            }
        }
        sendCollected()
        if isShared {
            stopIfDone(now)
        } else {
            endLoginIfLate(now)
            leaveIfDone(now)
        }
        watchSocket()
        return !isFinished && canSendMessages
    }

    /// False: that was the end of this connection.
    @discardableResult
    func check(_ code: Int32, systemError: Int32, _ now: NIODeadline) -> Bool {
        guard let client, code != MOSQ_ERR_SUCCESS.rawValue || client.socket < 0 else { return true }
        connectionEnded(disconnection ?? (code, systemError), isOrderly: isDisconnecting, now)
        return false
    }

    // MARK: Time

    func keepTime(_ now: NIODeadline) {
        if now >= nextTick {
            nextTick = now + tickInterval
            tick(now)
        }
        suspects.expire(now: now)
        switch link {
        case .down(let retryAt) where now >= retryAt && !isStopping(withNothingToSendBy: now):
            if isShared { connect(now) } else { connectInTurn(now) }
        case .resolving(let deadline) where now >= deadline:
            nameNotFound("the name server does not answer in time", now)
        case .connecting(let deadline, _) where now >= deadline: noAnswer(now)
        default: break
        }
    }

    private func tick(_ now: NIODeadline) {
        if case .up(let since) = link, now - since >= Self.redeliveryTime { redeliveries.forgetSuspects() }
        if case .up = link, !isDisconnecting, let client {
            let code = client.tick()
            let systemError = errno
            if code != MOSQ_ERR_SUCCESS.rawValue, client.socket < 0 {
                // Only the keep-alive makes it close the socket here, under several codes.
                disconnection = (MOSQ_ERR_KEEPALIVE.rawValue, systemError)
            }
            check(code, systemError: systemError, now)
        } else {
            for message in queue.removeExpired(now: now) {
                notTaken(message, reason: Self.deadlinePassed)
            }
        }
        if !isShared { queue.releaseMemory() }
    }

    func nextWakeUp(_ now: NIODeadline) -> NIODeadline {
        var next = nextTick
        switch link {
        case .down(let retryAt): next = min(next, retryAt)
        case .resolving(let deadline), .connecting(let deadline, _): next = min(next, deadline)
        case .up: if let deadline = suspects.deadline, deadline > now { next = min(next, deadline) }
        }
        return min(next, nextOwnCheck(now))
    }

    // MARK: The end of a shared connection

    private func isStopping(withNothingToSendBy now: NIODeadline) -> Bool {
        guard isShared, let stopDeadline = thread.stopDeadline else { return false }
        return now >= stopDeadline || (queue.isEmpty && !thread.hasChargePoints)
    }

    private func stopIfDone(_ now: NIODeadline) {
        guard let stopDeadline = thread.stopDeadline else { return }
        guard case .up = link, let client else {
            isFinished = isDisconnecting || isStopping(withNothingToSendBy: now)
            return
        }
        if !isDisconnecting, now >= stopDeadline || isDone(client) {
            isDisconnecting = true
            // Without a DISCONNECT the broker would publish the Will.
            client.disconnect(forgettingSession: false)
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
        queue.isEmpty && table.unsubscribesAreSettled && !client.wantsWrite && thread.deliveries.isEmpty
            && thread.backlog.isEmpty && !thread.hasChargePoints && connection.shut(evenWithMail: false)
    }

    /// The thread ends.
    func end() {
        _ = connection.shut(evenWithMail: true)
        connection.linkChanged(isUp: false)
        forgetSocket()
        client = nil
    }

    // MARK: The socket

    private func watchSocket() {
        guard let client, let interest else { return }
        let wanted: BrokerPoll.Interest
        switch link {
        case .down, .resolving: return
        case .connecting(_, let isConnected) where client.usesTLS:
            // libmosquitto says nothing useful of what the handshake waits for; its packets are small, and only the
            // first must wait for TCP.
            wanted = isConnected ? .read : [.read, .write]
        case .connecting, .up:
            wanted = client.wantsWrite ? [.read, .write] : .read
        }
        guard wanted != interest else { return }
        self.interest = wanted
        thread.poll.change(client.socket, to: wanted)
    }

    func watchNewSocket(_ client: MosquittoClient) {
        interest = [.read, .write]
        watchedDescriptor = client.socket
        thread.watch(client.socket, of: self, [.read, .write])
    }

    private var watchedDescriptor: Int32?

    /// To be called when the connection has ended, whether libmosquitto has closed the socket or not.
    func forgetSocket() {
        guard let descriptor = watchedDescriptor else { return }
        thread.unwatch(descriptor, of: self, isOpen: client?.socket == descriptor)
        watchedDescriptor = nil
        interest = nil
    }
}
