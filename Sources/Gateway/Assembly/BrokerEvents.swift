import BrokerLink
import ChargePointSessions
import Logging
import MemoryBudget
import NIOCore
import OCPPJ
import OutsideNames
import Synchronization

/// Hears of the broker link as a whole: sessions are told when it comes or goes, and what arrives for charge points
/// that are not here is reported.
final class BrokerEvents: BrokerLinkObserver {
    private let registry: SessionRegistry
    private let owners: Mutex<DownstreamOwners>
    private let counters: SessionCounters
    private let takeover: TakeoverListener?
    private let neighbours: GatewayNeighbours?
    private let memory: MemoryBudget
    /// Longer messages are for nobody here.
    private let longestDelivery: DeliveryLimit
    private let events: (any SessionEventSink)?
    private let logger: Logger
    private let unrouted = Mutex(UnroutedCalls())
    private let linkChanged: @Sendable (_ connection: Int, _ isUp: Bool) -> Void

    /// - Parameter linkChanged: called on the broker thread.
    init(
        registry: SessionRegistry, templates: [RelayTopicTemplates], counters: SessionCounters,
        takeover: TakeoverListener?, neighbours: GatewayNeighbours?, memory: MemoryBudget,
        longestDelivery: DeliveryLimit,
        events: (any SessionEventSink)? = nil, logger: Logger,
        linkChanged: @escaping @Sendable (_ connection: Int, _ isUp: Bool) -> Void
    ) {
        self.registry = registry
        owners = Mutex(DownstreamOwners(templates))
        self.counters = counters
        self.takeover = takeover
        self.neighbours = neighbours
        self.memory = memory
        self.longestDelivery = longestDelivery
        self.events = events
        self.logger = logger
        self.linkChanged = linkChanged
    }

    /// - Parameter templates: of each listener, and of the sessions that have begun under earlier ones.
    func use(_ templates: [RelayTopicTemplates]) {
        owners.withLock { $0 = DownstreamOwners(templates) }
    }

    func brokerLinkChanged(connection: Int, isUp: Bool) {
        for (eventLoop, sessions) in registry.byEventLoop {
            eventLoop.execute {
                for session in sessions { session.assumeIsolated { $0.linkChanged() } }
            }
        }
        if isUp, connection == 0 {
            takeover?.linkIsUp()
            neighbours?.linkIsUp()
        }
        linkChanged(connection, isUp)
    }

    func brokerSessionIsNew(connection: Int) {
        takeover?.brokerSessionIsNew(connection: connection)
    }

    func brokerRoute(of message: BrokerMessage, from connection: BrokerConnection) -> BrokerRoute {
        takeover?.route(of: message, from: connection) ?? neighbours?.route(of: message) ?? .unrouted
    }

    func brokerLost(_ purpose: BrokerPublish.Purpose) {
        switch purpose {
        case .send: counters.add(.droppedSends)
        case .report: counters.add(.lostReports)
        case .presence: counters.add(.lostPresence)
        case .copy: counters.add(.lostCopies)
        case .reply: counters.add(.lostReplies)
        // Those who have sent them are told, and count.
        case .call, .answer, .gateway: break
        }
    }

    func brokerFoundNoSubscriber(topic: Topic) {
        counters.add(.unroutedCalls)
        guard let calls = unrouted.withLock({ $0.found(now: .now()) }) else { return }
        logger.warning(
            "nobody subscribes to the topic of a CALL: the central system must subscribe to the upstream topics",
            metadata: ["topic": "\(topic)", "calls": "\(calls)"])
    }

    func brokerDeliveredUnrouted(_ message: BrokerMessage, from connection: BrokerConnection) {
        switch owners.withLock({ $0 }).owner(of: message.topic, payload: message.payload) {
        case .emptyMessage:
            connection.discardSubscription(topic: message.topic)
            logger.debug("empty message from the broker", metadata: ["topic": "\(message.topic)"])
        case .nobody:
            connection.discardSubscription(topic: message.topic)
            counters.add(.notConnected)
            logger.warning("message on a topic of no charge point", metadata: ["topic": "\(message.topic)"])
        case .chargePoint(let identity, let topics):
            let undelivered = undelivered(message, of: identity, topics, connection)
            connection.discardSubscription(topic: message.topic, with: topics.claim)
            guard let takeover else { return report(undelivered) }
            takeover.take(undelivered, otherwise: report)
        }
    }

    private func undelivered(
        _ message: BrokerMessage, of identity: ChargePointIdentity, _ topics: SessionTopics,
        _ connection: BrokerConnection
    ) -> UndeliveredMessage {
        // One byte more than any listener takes was read of it: the rest is not there to be looked at.
        let longest = longestDelivery.bytes - 1
        let isTooLong = message.payload.readableBytes > longest
        let head = isTooLong ? OCPPMessageHead() : OCPPMessage.head(ofRelay: message.payload)
        let report =
            isTooLong
            ? NotConnectedReport(longerThan: longest, topics: topics) : NotConnectedReport(head, topics: topics)
        var reply: BrokerPublish?
        var loan: MemoryLoan?
        if let address = message.replyAddress {
            loan = MemoryLoan(of: memory, bytes: address.size)
            reply = BrokerPublish(
                topic: address.topic, payload: report.payload,
                properties: .init(correlationData: address.correlationData.map { .bytes($0) }), purpose: .reply)
            if loan == nil { wasLost(address.topic, reason: "no memory", .lostReplies) }
        }
        return UndeliveredMessage(
            topic: message.topic, head: head, identity: identity, topics: topics, connection: connection,
            report: report, reply: loan == nil ? nil : reply, memory: loan)
    }

    /// The gateway stops: what still waits for an answer of other gateways is reported at once.
    func reportUnowned() {
        for undelivered in takeover?.takeUnowned() ?? [] { report(undelivered) }
    }

    @Sendable private func report(_ undelivered: UndeliveredMessage) {
        let report = undelivered.report
        counters.add(.notConnected)
        counters.reported(report.reason)
        logger.warning(
            "downstream message not delivered",
            metadata: [
                "cid": "\(undelivered.identity)", "id": "\(report.uniqueID)",
                "reason": "\(report.reason.rawValue)",
            ])
        if let events, events.isListening {
            events.occurred(.report(identity: undelivered.identity, payload: report.payload))
        }
        publish(
            BrokerPublish(topic: report.topic, payload: report.payload, purpose: .report), on: undelivered.connection,
            lost: .lostReports)
        if let reply = undelivered.reply { publish(reply, on: undelivered.connection, lost: .lostReplies) }
    }

    private func publish(_ message: BrokerPublish, on connection: BrokerConnection, lost: SessionCount) {
        let admission = connection.publish(message)
        if admission != .accepted { wasLost(message.topic, reason: "\(admission)", lost) }
    }

    private func wasLost(_ topic: Topic, reason: String, _ count: SessionCount) {
        counters.add(count)
        logger.error("message lost", metadata: ["topic": "\(topic)", "reason": "\(reason)"])
    }
}
