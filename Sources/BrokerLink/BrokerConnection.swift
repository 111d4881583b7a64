import CMosquitto
import Glibc
import NIOCore
import Synchronization

/// One MQTT connection of the link. Any thread may call it; the work is done on the connection's own thread.
public final class BrokerConnection: Sendable {
    /// What the callers have for the broker thread, and how it sleeps.
    struct Mailbox {
        enum Command {
            case subscribe(topic: String, receiver: SubscriptionTable.Receiver, announcement: BrokerPublish?)
            case unsubscribe(topic: String, subscriber: any BrokerSubscriber)
            case discard(topic: String)
        }

        var publishes: [BrokerPublish] = []
        var commands: [Command] = []
        var stopDeadline: NIODeadline?
        /// Nothing more is taken.
        var isClosed = false
        /// The thread waits, or is about to: the next to put something in must wake it.
        var isThreadAsleep = false

        var isEmpty: Bool { publishes.isEmpty && commands.isEmpty }
    }

    /// From 0, in the order of `BrokerLink.connections`.
    public let index: Int
    /// eventfd: readable wakes the thread.
    let wakeUpDescriptor: Int32
    private let upFlag = Atomic(false)
    private let maximumPacketSize = Atomic(0)
    private let mailbox = Mutex(Mailbox())
    private let pending: PendingCount

    init(index: Int, pending: PendingCount) {
        self.index = index
        self.pending = pending
        wakeUpDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    }

    deinit {
        close(wakeUpDescriptor)
    }

    /// The broker has accepted this connection, and it has not been lost since.
    public var isUp: Bool { upFlag.load(ordering: .relaxed) }

    /// Takes a message for the broker; never waits. Messages of one connection keep their order.
    ///
    /// If it fails later, its origin is told on the event loop of the origin's subscriptions on this connection; one
    /// that has no subscription here any more is gone, and is not told.
    public func publish(_ message: BrokerPublish) -> PublishAdmission {
        let limit = maximumPacketSize.load(ordering: .relaxed)
        guard limit == 0 || message.packetSize <= limit else { return .tooLarge }
        guard pending.admit(hasOrigin: message.origin != nil) else { return .pendingFull }
        let isTaken = post { mailbox in
            guard !mailbox.isClosed else { return false }
            mailbox.publishes.append(message)
            return true
        }
        if !isTaken {
            pending.settle(1)
        }
        return isTaken ? .accepted : .closed
    }

    /// Subscribes at the configured QoS, now and after every reconnect.
    ///
    /// A subscriber that has the topic already is replaced; when the broker has acknowledged the topic on this link,
    /// the new one is told at once. Messages are routed by exact topic: those of a filter with wildcards come to
    /// `BrokerLinkObserver.brokerDeliveredUnrouted`.
    /// - Parameters:
    ///   - eventLoop: where every call of the subscriber is made.
    ///   - announcement: published right behind the SUBSCRIBE, in front of whatever waits, so that the broker puts
    ///     hardly anything between the two; left out when too many messages are pending.
    public func subscribe(
        topic: String, subscriber: any BrokerSubscriber, on eventLoop: any EventLoop,
        announcing announcement: BrokerPublish? = nil
    ) {
        let receiver = SubscriptionTable.Receiver(subscriber: subscriber, eventLoop: eventLoop)
        let admitted = announcement.flatMap { pending.admit(hasOrigin: false) ? $0 : nil }
        post(.subscribe(topic: topic, receiver: receiver, announcement: admitted))
    }

    /// Does nothing when another subscriber has taken the topic over meanwhile.
    public func unsubscribe(topic: String, subscriber: any BrokerSubscriber) {
        post(.unsubscribe(topic: topic, subscriber: subscriber))
    }

    /// Asks the broker to forget a topic that nobody here subscribes to (left over in a persistent session).
    public func discardSubscription(topic: String) {
        post(.discard(topic: topic))
    }

    /// Has the thread look around.
    func wake() {
        post { _ in true }
    }

    private func post(_ command: Mailbox.Command) {
        post { mailbox in
            mailbox.commands.append(command)
            return true
        }
    }

    @discardableResult
    private func post(_ put: (inout Mailbox) -> Bool) -> Bool {
        var mustWake = false
        let isTaken = mailbox.withLock { mailbox in
            guard put(&mailbox) else { return false }
            mustWake = mailbox.isThreadAsleep
            mailbox.isThreadAsleep = false
            return true
        }
        if mustWake {
            var one: UInt64 = 1
            _ = write(wakeUpDescriptor, &one, 8)
        }
        return isTaken
    }

    /// Ends the thread when all is delivered or the deadline has passed. Until then messages are still taken: what the
    /// broker delivers to the last may have to be reported.
    func requestStop(deadline: NIODeadline) {
        post { mailbox in
            mailbox.stopDeadline = min(deadline, mailbox.stopDeadline ?? deadline)
            return true
        }
    }

    // MARK: For the broker thread

    /// Exchanges the mailbox's lists for these, which are empty: their memory is used again.
    func takeMail(publishes: inout [BrokerPublish], commands: inout [Mailbox.Command]) -> NIODeadline? {
        mailbox.withLock { mailbox in
            mailbox.isThreadAsleep = false
            swap(&mailbox.publishes, &publishes)
            swap(&mailbox.commands, &commands)
            return mailbox.stopDeadline
        }
    }

    /// False: something has come meanwhile.
    func threadMaySleep() -> Bool {
        mailbox.withLock { mailbox in
            mailbox.isThreadAsleep = mailbox.isEmpty
            return mailbox.isThreadAsleep
        }
    }

    /// Takes nothing more from now on; false when something has come meanwhile.
    func shut(evenWithMail isForced: Bool) -> Bool {
        mailbox.withLock { mailbox in
            mailbox.isClosed = mailbox.isClosed || isForced || mailbox.isEmpty
            return mailbox.isClosed
        }
    }

    func clearWakeUp() {
        var count: UInt64 = 0
        _ = read(wakeUpDescriptor, &count, 8)
    }

    func linkChanged(isUp: Bool) {
        upFlag.store(isUp, ordering: .relaxed)
    }

    func brokerTakesPackets(upTo size: Int) {
        maximumPacketSize.store(size, ordering: .relaxed)
    }
}

/// The messages that wait or are unacknowledged, over all connections of a link.
final class PendingCount: Sendable {
    private let count = Atomic(0)
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    var current: Int { count.load(ordering: .relaxed) }

    /// Counts one more, unless that is too many. A message without an origin has nobody to tell, and gets twice the
    /// room.
    func admit(hasOrigin: Bool) -> Bool {
        let new = count.wrappingAdd(1, ordering: .relaxed).newValue
        guard new <= (hasOrigin ? limit : limit * 2) else {
            settle(1)
            return false
        }
        return true
    }

    func settle(_ messages: Int) {
        count.wrappingSubtract(messages, ordering: .relaxed)
    }
}

extension BrokerPublish {
    /// At most the length of the PUBLISH packet (MQTT 5, 3.3).
    fileprivate var packetSize: Int {
        var size = 16 + topic.utf8.count + payload.readableBytes
        if let properties = requestProperties {
            size += 32 + properties.responseTopic.utf8.count + properties.correlationData.utf8.count
            for (name, value) in properties.userProperties {
                size += 5 + name.utf8.count + value.utf8.count
            }
        }
        return size
    }
}
