import CMosquitto
import Glibc
import Logging
import NIOCore
import OutsideNames

/// One MQTT connection on its broker thread: it moves what the state, the queue and the tables of this connection say.
/// What it is for, its role says.
final class BrokerClient: ThreadMember {
    let connection: BrokerConnection
    unowned let context: BrokerThreadContext
    let role: any ConnectionRole

    var scheduled = ThreadSchedule.Entry()
    var state: ConnectionState
    var client: MosquittoClient?
    /// Where the last attempt went.
    var target: AddressRotation.Target?
    /// What the broker takes.
    var limits: BrokerLimits
    /// The next link needs a new MQTT client, because this one would send again what is not to be sent again.
    var isClientSpent = false

    // Rules that the extensions apply.
    var queue = OutboundQueue()
    var table = SubscriptionTable()
    var redeliveries: RedeliveryFilter
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

    /// What is delivered again comes by then; later the packet identifiers mean other messages.
    private static let redeliveryTime = TimeAmount.seconds(30)
    private var nextTick = NIODeadline.now()
    /// When the round or event that is being dealt with began: acknowledgements are timed by it.
    var roundTime = NIODeadline.now()

    init(connection: BrokerConnection, context: BrokerThreadContext, role: any ConnectionRole) {
        self.connection = connection
        self.context = context
        self.role = role
        let configuration = context.configuration
        state = ConnectionState(role.firstPause, reconnectDelay: configuration.reconnectDelay)
        limits = BrokerLimits(configuration)
        redeliveries = RedeliveryFilter(receiveMaximum: role.receiveMaximum)
        // The search needs a new MQTT client, which does not know which messages of QoS 2 have half arrived.
        suspects = SuspectPackets(lossesNeeded: configuration.qualityOfService == .exactlyOnce ? 4 : 2)
    }

    var configuration: BrokerLinkConfiguration { context.configuration }

    var isClosed: Bool { state.isClosed }

    /// Copied only where something is logged.
    var logger: Logger {
        var logger = context.logger
        if let target { logger[metadataKey: "broker"] = "\(target.address)" }
        if let clientID = role.loggedClientID { logger[metadataKey: "client_id"] = "\(clientID)" }
        return logger
    }

    // MARK: The rounds of the thread

    func take(_ commands: [ConnectionMailbox.Command], _ publishes: [BrokerPublish]) {
        for command in commands {
            switch command {
            case .logIn(let answer): role.logIn(answer, self)
            case .subscribe(let topic, let subscriber, let announcement):
                if let news = table.subscribe(topic: topic, subscriber: subscriber) {
                    context.deliveries.add([news])
                }
                heedCulprits(of: topic)
                if let announcement { announce(announcement, withSubscriptionTo: topic) }
                role.subscribed(subscriber, self)
            case .unsubscribe(let topic, let subscriber):
                if table.unsubscribe(topic: topic, subscriber: subscriber),
                    let announcement = announcements.removeValue(forKey: topic)
                {
                    context.isDone(announcement)
                }
            case .discard(let topic, let companion): table.discard(topic: topic, companion: companion)
            case .forget(let subscriber, let token): forget(subscriber, token)
            case .close: role.leave(self, .now())
            }
        }
        for message in publishes { enqueue(message) }
    }

    func handle(_ event: BrokerPoll.Event) {
        guard let client else { return }
        let now = NIODeadline.now()
        roundTime = now
        if state.isConnecting {
            if event.isWritable { state.becameWritable() }
            if client.usesTLS, event.isHangUp, cmosquitto_readable_bytes(client.socket) <= 0 {
                // libmosquitto takes an end of file in the handshake for a handshake that goes on.
                return abandonAttempt("closed by the broker during the TLS handshake", now)
            }
        }
        if event.isReadable || event.isHangUp || client.usesTLS {
            read(client, now)
        }
        guard state.hasSocket else { return }
        if event.isWritable || client.wantsWrite || client.usesTLS {
            check(client.write(), systemError: errno, now)
        }
    }

    private func read(_ client: MosquittoClient, _ now: NIODeadline) {
        client.read(while: { context.deliveries.bytes < DeliveryBacklog.bytesPerRound }) { code, systemError in
            passOnNews(now)
            return check(code, systemError: systemError, now)
        }
    }

    func work(_ now: NIODeadline) -> Bool {
        roundTime = now
        if state.isOpen {
            if queue.waitingCount > 1 { client?.gather() }
            if !sendSuspects(now) {
                sendSubscriptions()
                sendMessages(now)
            }
        }
        client?.sendGathered()
        role.worked(self, now)
        if let client, let change = state.watch(usesTLS: client.usesTLS, wantsWrite: client.wantsWrite) {
            context.change(change)
        }
        return !isClosed && canSendMessages
    }

    /// False: that was the end of this connection.
    @discardableResult
    private func check(_ code: Int32, systemError: Int32, _ now: NIODeadline) -> Bool {
        guard let client, code != MOSQ_ERR_SUCCESS.rawValue || client.socket < 0 else { return true }
        connectionEnded(ConnectionState.End(code: code, systemError: systemError), now)
        return false
    }

    // MARK: Time

    func keepTime(_ now: NIODeadline) {
        if now >= nextTick {
            nextTick = now + role.tickInterval
            tick(now)
        }
        suspects.expire(now: now)
        switch state.onTime(now) {
        case .nothing: break
        case .connect: role.attempt(self, now)
        case .noAnswerOfNameServer: nameNotFound("the name server does not answer in time", now)
        case .noAnswerOfBroker: noAnswer(now)
        }
    }

    private func tick(_ now: NIODeadline) {
        if let since = state.upSince, now - since >= Self.redeliveryTime { redeliveries.forgetSuspects() }
        if state.isOpen, let client {
            let code = client.tick()
            let systemError = errno
            if code != MOSQ_ERR_SUCCESS.rawValue, client.socket < 0 {
                state.keepAliveOver(
                    ConnectionState.End(code: MOSQ_ERR_KEEPALIVE.rawValue, systemError: systemError))
            }
            check(code, systemError: systemError, now)
        } else {
            for message in queue.removeExpired(now: now) {
                notTaken(message, reason: Self.deadlinePassed)
            }
        }
        role.ticked(self)
    }

    func nextWakeUp(_ now: NIODeadline) -> NIODeadline {
        var next = min(nextTick, state.deadline)
        if state.isUp, let deadline = suspects.deadline, deadline > now { next = min(next, deadline) }
        return min(next, role.nextCheck(now))
    }

    // MARK: For the role

    func wait(_ pause: ConnectionState.Pause) { state.wait(pause) }

    func backOff(_ now: NIODeadline) -> Duration { state.backOff(now) }

    func noteShortLife() -> Bool { state.noteShortLife() }

    func adaptWill(to refusal: ConnectAcknowledgement) -> Bool { client?.adaptWill(to: refusal) ?? false }

    /// All that there was to say has reached the broker.
    var hasNothingToSend: Bool {
        queue.isEmpty && !table.hasOpenUnsubscribes && client?.wantsWrite == false
    }

    /// For a connection that says little.
    func releaseMemory() { queue.releaseMemory() }

    /// What was on its way when the link was lost, and is to be sent again.
    func takeResent() -> [BrokerPublish] { queue.removeResent() }

    /// What is not known to have reached the broker, oldest first. Announcements lose their meaning.
    func takeAll() -> [BrokerPublish] {
        for announcement in announcements.values { context.isDone(announcement) }
        announcements = [:]
        return queue.removeAll()
    }

    /// Says goodbye, and goes on until the broker has closed.
    func disconnect(_ now: NIODeadline) {
        guard let client else { return }
        state.disconnectSent()
        client.disconnect(forgettingSession: false)
        check(MOSQ_ERR_SUCCESS.rawValue, systemError: 0, now)
    }

    /// Says goodbye and is gone, also behind a CONNECT that is not answered yet (MQTT 5, 3.1.4): the broker must not
    /// publish the Will.
    func close() {
        if state.hasSocket, let client, client.isConnected {
            state.disconnectSent()
            client.disconnect(forgettingSession: true)
        }
        end()
    }

    /// Is gone, as the thread ends.
    func end() {
        unwatch(state.close())
        connection.linkChanged(isUp: false)
        client = nil
    }

    /// To be called when the connection has ended, whether libmosquitto has closed the socket or not.
    func unwatch(_ descriptor: Int32?) {
        guard let descriptor else { return }
        context.unwatch(descriptor, of: self, isOpen: client?.socket == descriptor)
    }
}
