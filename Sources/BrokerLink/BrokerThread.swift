import CMosquitto
import DequeModule
import Glibc
import HeapModule
import Logging
import NIOCore
import OutsideNames

/// The event loop of MQTT connections: an epoll over their sockets and the inbox's eventfd. One connection is shared,
/// and leads the way to the broker; the others are charge points' own, with `broker.sessions: per_charge_point`.
///
/// libmosquitto's own loops are of no use here: they wait with select, which fails once the descriptor is 1024 or
/// more, and their reconnect blocks. Everything in this class and in `BrokerClient` happens on the one thread.
final class BrokerThread {
    private struct Appointment: Comparable {
        var time: NIODeadline
        var client: BrokerClient

        static func < (one: Self, other: Self) -> Bool { one.time < other.time }
        static func == (one: Self, other: Self) -> Bool { one.time == other.time }
    }

    /// Charge points' connections between the first SYN and CONNACK; the others wait for their turn.
    private static let mostConnecting = 64

    let configuration: BrokerLinkConfiguration
    let observer: any BrokerLinkObserver
    let poll: BrokerPoll
    let logger: Logger
    let pending: PendingCount
    private let inbox: BrokerThreadInbox

    /// The way to the broker, as the shared connection has found it.
    var addresses: AddressRotation
    private let resolver: HostResolver
    var tlsContexts: BrokerTLSContexts
    var fallback: ProtocolFallback

    private var sharedClient: BrokerClient?
    private var chargePoints: [ObjectIdentifier: BrokerClient] = [:]
    /// The charge points' connections that the broker accepted last, by client id.
    private var holders: [ClientID: BrokerClient] = [:]
    private var estates = ClientEstates()
    private var clientsByDescriptor: [Int32: BrokerClient] = [:]
    /// Those that something has happened to.
    private var touched: [BrokerClient] = []
    private var appointments = Heap<Appointment>()
    private var connecting = 0
    private var waitingToConnect = Deque<BrokerClient>()
    /// Of these, so many have ended.
    private var endedInQueue = 0

    var deliveries = DeliveryBatch()
    let backlog: DeliveryBacklog
    private var failures = FailureCount()
    /// Messages that are no longer pending, since the last round, and their bytes.
    private var settled = 0
    private var settledBytes = 0

    private(set) var stopDeadline: NIODeadline?
    private(set) var isStopping = false
    /// The shared connection has been up.
    private(set) var hasLed = false
    private var messagesInRound = 0
    private var connectionsWithMail: [BrokerConnection] = []
    private var hostsFound: [BrokerThreadInbox.FoundHost] = []
    private var publishes: [BrokerPublish] = []
    private var commands: [BrokerConnection.Mailbox.Command] = []

    /// Nil: the kernel has no epoll for us.
    init?(
        connection: BrokerConnection, configuration: BrokerLinkConfiguration, observer: any BrokerLinkObserver,
        logger: Logger, pending: PendingCount, resolver: HostResolver
    ) {
        guard let poll = BrokerPoll() else {
            logger.critical("no epoll for the broker link", metadata: ["error": "\(String(cString: strerror(errno)))"])
            return nil
        }
        self.poll = poll
        self.configuration = configuration
        self.observer = observer
        self.pending = pending
        backlog = DeliveryBacklog(memory: pending.memory)
        var logger = logger
        logger[metadataKey: "connection"] = "\(connection.index)"
        self.logger = logger
        inbox = connection.inbox
        addresses = AddressRotation(addresses: configuration.addresses)
        self.resolver = resolver
        tlsContexts = BrokerTLSContexts(configuration.tls)
        fallback = ProtocolFallback(configured: configuration.protocolVersion)
        sharedClient = BrokerClient(connection: connection, thread: self)
    }

    /// The connection that leads the way.
    var shared: BrokerClient {
        guard let sharedClient else { preconditionFailure("set at the end of init") }
        return sharedClient
    }

    /// Returns when the link has been stopped.
    func run() {
        poll.add(inbox.wakeUpDescriptor, .read)
        touch(shared)
        while true {
            takeMail()
            let now = NIODeadline.now()
            keepAppointments(now)
            if let stopDeadline { touchForStop(now, stopDeadline) }
            workOnTouched(now)
            settle()
            log(failures.report(now: now))
            if shared.isFinished { break }
            wait(now)
        }
        end()
    }

    private func wait(_ now: NIODeadline) {
        // Where messages come by the handful, those who make them are let in first, and more come at once: a fifth of
        // the gateway's CPU at QoS 1 on two cores. Where they come one by one nothing is delayed.
        if messagesInRound > 1 { sched_yield() }
        messagesInRound = 0
        // The event loops have enough to do: what more the broker has must wait there.
        let isReadingPaused = backlog.isFull
        let mayWait = touched.isEmpty && inbox.threadMaySleep() && !(isReadingPaused && !backlog.isFull)
        let until = mayWait ? nextWakeUp(now) : now
        if isReadingPaused {
            if poll.waitOnly(for: inbox.wakeUpDescriptor, until: until) { inbox.clearWakeUp() }
        } else {
            poll.wait(until: until, handle)
        }
    }

    private func handle(_ event: BrokerPoll.Event) {
        if event.descriptor == inbox.wakeUpDescriptor { return inbox.clearWakeUp() }
        // The socket of one that has gone in this very round.
        guard let client = clientsByDescriptor[event.descriptor] else { return }
        client.handle(event)
        touch(client)
    }

    private func end() {
        for client in Array(chargePoints.values) { client.conclude(nil) }
        shared.end()
        for connection in inbox.shut() { connection.refuseMail() }
        settle()
        log(failures.reportAll())
        if !shared.queue.isEmpty {
            shared.logger.warning(
                "broker link closed with messages undelivered", metadata: ["count": "\(shared.queue.count)"])
        }
        sharedClient = nil
    }

    // MARK: Clients

    private func takeMail() {
        stopDeadline = inbox.take(&connectionsWithMail, &hostsFound)
        if !hostsFound.isEmpty {
            for found in hostsFound { shared.nameServerSays(found.answer, about: found.host, .now()) }
            hostsFound.removeAll()
            touch(shared)
        }
        for connection in connectionsWithMail {
            connection.takeMail(publishes: &publishes, commands: &commands)
            messagesInRound += publishes.count
            if let client = client(of: connection) {
                client.take(commands, publishes)
                touch(client)
            }
            // Their memory is for the next messages, unless a burst has made it large.
            commands.removeAll(keepingCapacity: commands.count < 1024)
            publishes.removeAll(keepingCapacity: publishes.count < 1024)
        }
        connectionsWithMail.removeAll(keepingCapacity: connectionsWithMail.count < 1024)
    }

    /// Nil: it has ended.
    private func client(of connection: BrokerConnection) -> BrokerClient? {
        if connection === shared.connection { return shared }
        let identifier = ObjectIdentifier(connection)
        if let client = chargePoints[identifier] { return client }
        guard !connection.isShut else { return nil }
        let client = BrokerClient(connection: connection, thread: self)
        chargePoints[identifier] = client
        return client
    }

    func forget(_ client: BrokerClient) {
        releaseTurn(of: client)
        chargePoints[ObjectIdentifier(client.connection)] = nil
        guard let clientID = client.chargePoint?.login.clientID, holders[clientID] === client else { return }
        holders[clientID] = nil
        estates.keep(client.redeliveries, of: clientID, now: .now())
    }

    /// What the connection with this one's client id has received that came before it.
    func redeliveries(before client: BrokerClient) -> RedeliveryFilter? {
        guard let clientID = client.chargePoint?.login.clientID else { return nil }
        if let holder = holders[clientID], holder !== client { return holder.redeliveries }
        return estates.filter(of: clientID)
    }

    /// The broker has accepted this one, and closed an older one with the same client id.
    func tookOver(_ client: BrokerClient) {
        guard let clientID = client.chargePoint?.login.clientID else { return }
        let older = holders.updateValue(client, forKey: clientID)
        if let older, older !== client { older.conclude(.takenOver) }
    }

    var hasChargePoints: Bool { !chargePoints.isEmpty }

    func watch(_ descriptor: Int32, of client: BrokerClient, _ interest: BrokerPoll.Interest) {
        clientsByDescriptor[descriptor] = client
        poll.add(descriptor, interest)
    }

    /// - Parameter isOpen: a descriptor that was closed has left epoll by itself.
    func unwatch(_ descriptor: Int32, of client: BrokerClient, isOpen: Bool) {
        if clientsByDescriptor[descriptor] === client { clientsByDescriptor[descriptor] = nil }
        if isOpen { poll.remove(descriptor) }
    }

    private func touch(_ client: BrokerClient) {
        guard !client.isTouched else { return }
        client.isTouched = true
        touched.append(client)
    }

    /// It has been given something to do.
    func touchShared() { touch(shared) }

    private func workOnTouched(_ now: NIODeadline) {
        let clients = touched
        touched = []
        for client in clients {
            client.isTouched = false
            // An appointment would keep it for ever.
            if client.hasEnded { continue }
            if client.work(now) { touch(client) }
            if !client.hasEnded { makeAppointment(client, at: client.nextWakeUp(now)) }
        }
        if touched.isEmpty, clients.count < 1024 {
            touched = clients
            touched.removeAll(keepingCapacity: true)
        }
    }

    // MARK: Time

    /// An appointment that was made earlier is kept, and leads to the next one.
    private func makeAppointment(_ client: BrokerClient, at time: NIODeadline) {
        guard time < client.appointment else { return }
        client.appointment = time
        appointments.insert(Appointment(time: time, client: client))
    }

    private func keepAppointments(_ now: NIODeadline) {
        while let first = appointments.min, first.time <= now {
            appointments.removeMin()
            // One that was made earlier has taken its place.
            guard first.client.appointment == first.time, !first.client.hasEnded else { continue }
            first.client.appointment = .distantFuture
            first.client.keepTime(now)
            touch(first.client)
        }
    }

    private func nextWakeUp(_ now: NIODeadline) -> NIODeadline {
        var next = appointments.min?.time ?? .distantFuture
        if let stopDeadline, stopDeadline > now {
            next = min(next, stopDeadline)
            // The event loops do not wake this thread to say that they are done.
            if !backlog.isEmpty { next = min(next, now + .milliseconds(5)) }
        }
        return next
    }

    private func touchForStop(_ now: NIODeadline, _ deadline: NIODeadline) {
        if !isStopping {
            isStopping = true
            for client in Array(chargePoints.values) {
                client.stop()
                touch(client)
            }
        }
        if now >= deadline {
            for client in Array(chargePoints.values) { client.conclude(nil) }
        }
        touch(shared)
    }

    // MARK: Connecting in turn

    /// False: it is to wait, and is called when its turn comes.
    func takeTurn(_ client: BrokerClient) -> Bool {
        guard !client.hasTurn else { return true }
        guard connecting < Self.mostConnecting else {
            waitingToConnect.append(client)
            return false
        }
        connecting += 1
        client.hasTurn = true
        return true
    }

    func releaseTurn(of client: BrokerClient) {
        guard client.hasTurn else { return }
        client.hasTurn = false
        connecting -= 1
        while connecting < Self.mostConnecting, let next = waitingToConnect.popFirst() {
            guard next.waitsForTurn else {
                endedInQueue -= 1
                continue
            }
            connecting += 1
            next.hasTurn = true
            next.connectSoon(.now())
            touch(next)
        }
    }

    /// One that waits for its turn has ended: the queue does not keep many of those.
    func endedWhileWaitingForTurn() {
        endedInQueue += 1
        guard endedInQueue > 256, endedInQueue * 2 > waitingToConnect.count else { return }
        waitingToConnect.removeAll { !$0.waitsForTurn }
        endedInQueue = 0
    }

    // MARK: The name server

    /// Nil: the shared connection is told later.
    func lookUp(_ host: String) -> HostResolver.Answer? {
        resolver.resolve(host, for: shared.connection.index) { [inbox] answer in
            inbox.found(BrokerThreadInbox.FoundHost(host: host, answer: answer))
        }
    }

    /// The shared connection is up: the charge points' connections follow, a thousand a second.
    func lead(_ now: NIODeadline) {
        hasLed = true
        let spread = Int64(chargePoints.count) * TimeAmount.milliseconds(1).nanoseconds
        for client in chargePoints.values where client.waitsForShared {
            client.connectSoon(now + .nanoseconds(.random(in: 0...spread)))
            touch(client)
        }
    }

    // MARK: What the callers hear

    func settle(_ message: BrokerPublish) {
        settled += 1
        settledBytes += pending.settleShare(of: message)
    }

    func notTaken(_ message: BrokerPublish, reason: String) {
        settle(message)
        failures.add(reason, topic: message.topic)
    }

    private func settle() {
        deliveries.handOver(backlog) { [inbox] in inbox.wake() }
        if settled > 0 {
            pending.settle(messages: settled, bytes: settledBytes)
            (settled, settledBytes) = (0, 0)
        }
    }

    private func log(_ failures: [(reason: String, count: Int, topic: Topic)]) {
        for failure in failures {
            shared.logger.warning(
                "messages not delivered to the broker",
                metadata: [
                    "reason": "\(failure.reason)", "count": "\(failure.count)", "topic": "\(failure.topic)",
                ])
        }
    }
}
