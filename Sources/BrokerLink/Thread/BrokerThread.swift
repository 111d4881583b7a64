import CMosquitto
import Glibc
import Logging
import NIOCore

/// The event loop of MQTT connections: an epoll over their sockets and the inbox's eventfd. One connection is shared,
/// and leads the way to the broker; the others are charge points' own, with `broker.sessions: per_charge_point`.
///
/// libmosquitto's own loops are of no use here: they wait with select, which fails once the descriptor is 1024 or
/// more, and their reconnect blocks. Everything in this class, in `BrokerClient` and in the roles happens on the one
/// thread.
final class BrokerThread {
    private let context: BrokerThreadContext
    private let poll: BrokerPoll
    private let inbox: BrokerThreadInbox
    private let shared: BrokerClient
    private let sharedRole: SharedRole
    private let ownConnections: OwnConnections

    private var messagesInRound = 0
    // Their memory is used again and again.
    private var connectionsWithMail: [BrokerConnection] = []
    private var hostsFound: [BrokerThreadInbox.FoundHost] = []
    private var publishes: [BrokerPublish] = []
    private var commands: [ConnectionMailbox.Command] = []

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
        inbox = connection.inbox
        context = BrokerThreadContext(
            connection: connection, configuration: configuration, observer: observer, logger: logger,
            pending: pending, resolver: resolver, poll: poll)
        ownConnections = OwnConnections(context)
        sharedRole = SharedRole(context, ownConnections)
        shared = BrokerClient(connection: connection, context: context, role: sharedRole)
    }

    /// Returns when the link has been stopped.
    func run() {
        poll.add(inbox.wakeUpDescriptor, .read)
        context.schedule.list(shared)
        while true {
            takeMail()
            let now = NIODeadline.now()
            context.counts.turned(at: now)
            context.schedule.keepTime(now)
            if let stopDeadline = context.stopDeadline { stop(now, by: stopDeadline) }
            context.schedule.work(now)
            context.handOver()
            log(context.takeFailures(now: now))
            if sharedRole.isFinished { break }
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
        let backlog = context.backlog
        let isReadingPaused = backlog.isFull
        let mayWait = !context.schedule.hasWork && inbox.threadMaySleep() && !(isReadingPaused && !backlog.isFull)
        let until = mayWait ? nextWakeUp(now) : now
        if isReadingPaused {
            if poll.waitOnly(for: inbox.wakeUpDescriptor, until: until) { inbox.clearWakeUp() }
        } else {
            poll.wait(until: until, handle)
        }
    }

    private func nextWakeUp(_ now: NIODeadline) -> NIODeadline {
        var next = context.schedule.nextWakeUp
        if let stopDeadline = context.stopDeadline, stopDeadline > now {
            next = min(next, stopDeadline)
            // The event loops do not wake this thread to say that they are done.
            if !context.backlog.isEmpty { next = min(next, now + .milliseconds(5)) }
        }
        return next
    }

    private func handle(_ event: BrokerPoll.Event) {
        if event.descriptor == inbox.wakeUpDescriptor { return inbox.clearWakeUp() }
        guard let member = context.member(with: event.descriptor) else { return }
        member.handle(event)
        context.schedule.list(member)
    }

    private func takeMail() {
        context.stopDeadline = inbox.take(&connectionsWithMail, &hostsFound)
        if !hostsFound.isEmpty {
            for found in hostsFound { shared.nameServerSays(found.answer, about: found.host, .now()) }
            hostsFound.removeAll()
            context.schedule.list(shared)
        }
        for connection in connectionsWithMail {
            connection.takeMail(publishes: &publishes, commands: &commands)
            messagesInRound += publishes.count
            if let client = client(of: connection) {
                client.take(commands, publishes)
                context.schedule.list(client)
            }
            // Their memory is for the next messages, unless a burst has made it large.
            commands.removeAll(keepingCapacity: commands.count < 1024)
            publishes.removeAll(keepingCapacity: publishes.count < 1024)
        }
        connectionsWithMail.removeAll(keepingCapacity: connectionsWithMail.count < 1024)
    }

    /// Nil: it has ended.
    private func client(of connection: BrokerConnection) -> BrokerClient? {
        connection === shared.connection ? shared : ownConnections.client(of: connection, beside: shared)
    }

    // MARK: The end

    private func stop(_ now: NIODeadline, by deadline: NIODeadline) {
        if context.beginStop() { ownConnections.stop() }
        if now >= deadline { ownConnections.concludeAll() }
        context.schedule.list(shared)
    }

    private func end() {
        ownConnections.concludeAll()
        _ = shared.connection.shut(evenWithMail: true)
        shared.end()
        for connection in inbox.shut() { connection.refuseMail() }
        context.handOver()
        log(context.takeAllFailures())
        if !shared.queue.isEmpty {
            shared.logger.warning(
                "broker link closed with messages undelivered", metadata: ["count": "\(shared.queue.count)"])
        }
    }

    private func log(_ failures: [FailureCount.Report]) {
        for failure in failures {
            shared.logger.warning(
                "messages not delivered to the broker",
                metadata: [
                    "reason": "\(failure.reason)", "count": "\(failure.count)", "topic": "\(failure.topic)",
                ])
        }
    }
}
