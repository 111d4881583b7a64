import NIOCore
import OutsideNames
import Synchronization

/// One MQTT connection of the link. Any thread may call it; the work is done on a broker thread.
package final class BrokerConnection: Sendable {
    /// Of the thread that drives it, and so of the shared connection with the same number: from 0, in the order of
    /// `BrokerLink.connections`.
    package let index: Int
    /// Nil: shared by charge points.
    let login: BrokerLogin?
    /// The shared connection that takes what is published here once this one has ended.
    private let fallback: BrokerConnection?
    let inbox: BrokerThreadInbox
    private let upFlag = Atomic(false)
    private let maximumPacketSize = Atomic(0)
    private let resendsFlag = Atomic(false)
    private let abandonedFlag = Atomic(false)
    private let mailbox = Mutex(ConnectionMailbox())
    private let pending: PendingCount
    /// Of all connections with this index.
    let counts: ConnectionCounts

    /// A shared connection.
    init(index: Int, pending: PendingCount) {
        self.index = index
        self.pending = pending
        counts = ConnectionCounts()
        login = nil
        fallback = nil
        inbox = BrokerThreadInbox()
    }

    /// A charge point's own connection, beside a shared one.
    init(login: BrokerLogin, beside shared: BrokerConnection) {
        index = shared.index
        pending = shared.pending
        counts = shared.counts
        self.login = login
        fallback = shared
        inbox = shared.inbox
    }

    /// The broker has accepted this connection, and it has not been lost since.
    package var isUp: Bool { upFlag.load(ordering: .relaxed) }

    /// Takes a message for the broker; never waits. Messages of one connection keep their order. What is published on
    /// a charge point's own connection after its end goes out on the shared one.
    ///
    /// If it fails later, its origin is told on the event loop of the origin's subscriptions on this connection; one
    /// that has no subscription here any more is gone, and is not told.
    package func publish(_ message: BrokerPublish) -> PublishAdmission {
        let limit = maximumPacketSize.load(ordering: .relaxed)
        guard limit == 0 || message.packetSize <= limit else { return .tooLarge }
        guard admit(message) else { return .pendingFull }
        let isTaken = post { mailbox in
            guard !mailbox.isClosed else { return false }
            mailbox.publishes.append(message)
            return true
        }
        if isTaken { return .accepted }
        dismiss(message)
        return fallback?.publish(message) ?? .closed
    }

    private func admit(_ message: BrokerPublish) -> Bool {
        guard pending.admit(message) else { return false }
        counts.addPending(1)
        return true
    }

    /// One that was admitted does not go to the broker from here.
    private func dismiss(_ message: BrokerPublish) {
        pending.remove(message)
        counts.addPending(-1)
    }

    /// Subscribes at the configured QoS, now and after every reconnect.
    ///
    /// A subscriber that has the topic already is replaced; when the broker has acknowledged the topic on this link,
    /// the new one is told at once. Messages are routed by exact topic: those of a filter with wildcards come to
    /// `BrokerLinkObserver.brokerDeliveredUnrouted`.
    /// - Parameter announcement: published right behind the SUBSCRIBE, in front of whatever waits, so that the broker
    ///   puts hardly anything between the two; left out when too many messages are pending.
    package func subscribe(
        topic: Topic, subscriber: any BrokerSubscriber, announcing announcement: BrokerPublish? = nil
    ) {
        let admitted = announcement.flatMap { admit($0) ? $0 : nil }
        guard !post(.subscribe(topic: topic, subscriber: subscriber, announcement: admitted)) else { return }
        if let admitted { dismiss(admitted) }
        // Ended between the handshake and here.
        guard let end = mailbox.withLock({ $0.end }) else { return }
        subscriber.eventLoop.execute { subscriber.brokerConnectionEnded(end) }
    }

    /// Does nothing when another subscriber has taken the topic over meanwhile.
    package func unsubscribe(topic: Topic, subscriber: any BrokerSubscriber) {
        post(.unsubscribe(topic: topic, subscriber: subscriber))
    }

    /// Asks the broker to forget a topic that nobody here subscribes to (left over in a persistent session).
    package func discardSubscription(topic: Topic, with companion: Topic? = nil) {
        post(.discard(topic: topic, companion: companion))
    }

    /// A publish of this origin has been answered: should it wait to be sent again after a lost link, it no longer
    /// does.
    package func forget(subscriber: any BrokerSubscriber, token: String) {
        guard resendsFlag.load(ordering: .relaxed) else { return }
        post(.forget(subscriber: subscriber, token: token))
    }

    /// Ends a charge point's own connection: what is pending is published and the subscriptions are taken back first,
    /// on the shared connection where this one is down.
    package func close() {
        guard login != nil else { return }
        post(.close)
    }

    /// The charge point has gone while its connection was not accepted yet, and perhaps not even tried.
    func abandon() {
        abandonedFlag.store(true, ordering: .relaxed)
        close()
    }

    /// Must not be connected any more.
    var isAbandoned: Bool { abandonedFlag.load(ordering: .relaxed) }

    /// Has the thread look around.
    func wake() {
        inbox.wake()
    }

    @discardableResult
    private func post(_ command: ConnectionMailbox.Command) -> Bool {
        post { mailbox in
            guard !mailbox.isClosed else { return false }
            mailbox.commands.append(command)
            return true
        }
    }

    private func post(_ put: (inout ConnectionMailbox) -> Bool) -> Bool {
        let (isTaken, isNews) = mailbox.withLock { mailbox in
            guard put(&mailbox) else { return (false, false) }
            defer { mailbox.isAnnounced = true }
            return (true, !mailbox.isAnnounced)
        }
        if isNews, !inbox.announce(self) { refuseMail() }
        return isTaken
    }

    /// The thread has ended, or is ending: nobody reads this any more. Messages stay counted as pending, which they are
    /// found by as undelivered.
    func refuseMail() {
        let commands = mailbox.withLock { mailbox in
            mailbox.isClosed = true
            defer {
                mailbox.publishes = []
                mailbox.commands = []
            }
            return mailbox.commands
        }
        for command in commands {
            switch command {
            case .logIn(let answer): answer.succeed(.unavailable(reason: "the gateway is shutting down"))
            case .subscribe(_, _, let announcement?): dismiss(announcement)
            case .subscribe, .unsubscribe, .discard, .close, .forget: break
            }
        }
    }

    /// The first that a charge point's own connection is told.
    func logIn(_ answer: EventLoopPromise<BrokerLoginResult>) {
        post(.logIn(answer))
    }

    // MARK: For the broker thread

    /// Exchanges the mailbox's lists for these, which are empty: their memory is used again.
    func takeMail(publishes: inout [BrokerPublish], commands: inout [ConnectionMailbox.Command]) {
        mailbox.withLock { mailbox in
            mailbox.isAnnounced = false
            swap(&mailbox.publishes, &publishes)
            swap(&mailbox.commands, &commands)
        }
    }

    /// Takes nothing more from now on; false when something has come meanwhile.
    ///
    /// - Parameter end: what a subscriber is told that comes later.
    func shut(evenWithMail isForced: Bool, end: BrokerConnectionEnd? = nil) -> Bool {
        mailbox.withLock { mailbox in
            mailbox.isClosed = mailbox.isClosed || isForced || mailbox.isEmpty
            if mailbox.isClosed { mailbox.end = mailbox.end ?? end }
            return mailbox.isClosed
        }
    }

    var isShut: Bool { mailbox.withLock { $0.isClosed } }

    func linkChanged(isUp: Bool) {
        upFlag.store(isUp, ordering: .relaxed)
    }

    /// Whether something waits that was on its way when the link was lost.
    func resends(_ isOn: Bool) {
        resendsFlag.store(isOn, ordering: .relaxed)
    }

    func brokerTakesPackets(upTo size: Int) {
        maximumPacketSize.store(size, ordering: .relaxed)
    }
}
