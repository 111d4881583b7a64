import Logging
import NIOCore
import OutsideNames

/// What all MQTT connections of a broker thread share; used on that thread alone.
final class BrokerThreadContext {
    let configuration: BrokerLinkConfiguration
    let observer: any BrokerLinkObserver
    let logger: Logger
    let pending: PendingCount
    let counts: ConnectionCounts
    /// Who is to be worked on now, and who later.
    let schedule = ThreadSchedule()
    let packetBuffers = PacketWire.Buffers()

    // MARK: The way to the broker, as the shared connection has found it

    var addresses: AddressRotation
    var fallback: ProtocolFallback
    var tlsContexts: BrokerTLSContexts

    // MARK: What the callers hear at the end of a round

    var deliveries = DeliveryBatch()
    let backlog: DeliveryBacklog
    private var failures = FailureCount()
    /// Messages that are no longer pending, since the last round, and their bytes.
    private var doneMessages = 0
    private var doneBytes = 0

    // MARK: The stop

    /// The thread is to end by then.
    var stopDeadline: NIODeadline?
    /// Everybody on the thread has heard of it.
    private(set) var isStopping = false

    private let poll: BrokerPoll
    private var membersByDescriptor: [Int32: any ThreadMember] = [:]
    private let resolver: HostResolver
    private let inbox: BrokerThreadInbox
    private let index: Int

    init(
        connection: BrokerConnection, configuration: BrokerLinkConfiguration, observer: any BrokerLinkObserver,
        logger: Logger, pending: PendingCount, resolver: HostResolver, poll: BrokerPoll
    ) {
        self.configuration = configuration
        self.observer = observer
        self.pending = pending
        self.resolver = resolver
        self.poll = poll
        var logger = logger
        logger[metadataKey: "connection"] = "\(connection.index)"
        self.logger = logger
        counts = connection.counts
        inbox = connection.inbox
        index = connection.index
        backlog = DeliveryBacklog(memory: pending.memory)
        addresses = AddressRotation(addresses: configuration.addresses)
        tlsContexts = BrokerTLSContexts(configuration.tls)
        fallback = ProtocolFallback(configured: configuration.protocolVersion)
    }

    /// True: nobody has heard of it yet.
    func beginStop() -> Bool {
        defer { isStopping = true }
        return !isStopping
    }

    // MARK: Sockets

    /// A new socket, watched for both.
    func watch(_ descriptor: Int32, of member: any ThreadMember) {
        membersByDescriptor[descriptor] = member
        poll.add(descriptor, .both)
    }

    func change(_ watch: ConnectionState.Watch) {
        poll.change(watch.descriptor, to: watch.interest)
    }

    /// - Parameter isOpen: a descriptor that was closed has left epoll by itself.
    func unwatch(_ descriptor: Int32, of member: any ThreadMember, isOpen: Bool) {
        if membersByDescriptor[descriptor] === member { membersByDescriptor[descriptor] = nil }
        if isOpen { poll.remove(descriptor) }
    }

    /// Nil: the socket of one that has gone in this very round.
    func member(with descriptor: Int32) -> (any ThreadMember)? { membersByDescriptor[descriptor] }

    // MARK: The name server

    /// Nil: the shared connection is told later.
    func lookUp(_ host: String) -> HostResolver.Answer? {
        resolver.resolve(host, for: index) { [inbox] answer in
            inbox.found(BrokerThreadInbox.FoundHost(host: host, answer: answer))
        }
    }

    // MARK: What becomes of messages

    /// It has reached the broker, or never will.
    func isDone(_ message: BrokerPublish) {
        doneMessages += 1
        doneBytes += pending.releaseShare(of: message)
    }

    /// The broker has not got it.
    func notTaken(_ message: BrokerPublish, reason: String) {
        isDone(message)
        counts.events.add(.undelivered)
        failures.add(reason, topic: message.topic)
    }

    /// The end of a round: the event loops are told, and there is room for new messages.
    func handOver() {
        deliveries.handOver(backlog) { [inbox] in inbox.wake() }
        if doneMessages > 0 {
            pending.remove(messages: doneMessages, bytes: doneBytes)
            counts.addPending(-doneMessages)
            (doneMessages, doneBytes) = (0, 0)
        }
    }

    /// Failures that are to be logged now.
    func takeFailures(now: NIODeadline) -> [FailureCount.Report] { failures.report(now: now) }

    /// All that have not been logged yet.
    func takeAllFailures() -> [FailureCount.Report] { failures.reportAll() }
}
