import BrokerLink
import ChargePointSessions
import Logging
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
    private let events: (any SessionEventSink)?
    private let logger: Logger
    private let unrouted = Mutex(UnroutedCalls())
    private let linkChanged: @Sendable (_ connection: Int, _ isUp: Bool) -> Void

    /// - Parameter linkChanged: called on the broker thread.
    init(
        registry: SessionRegistry, templates: [RelayTopicTemplates], counters: SessionCounters,
        takeover: TakeoverListener?, events: (any SessionEventSink)? = nil, logger: Logger,
        linkChanged: @escaping @Sendable (_ connection: Int, _ isUp: Bool) -> Void
    ) {
        self.registry = registry
        owners = Mutex(DownstreamOwners(templates))
        self.counters = counters
        self.takeover = takeover
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
        if isUp, connection == 0 { takeover?.linkIsUp() }
        linkChanged(connection, isUp)
    }

    func brokerSessionIsNew(connection: Int) {
        takeover?.brokerSessionIsNew(connection: connection)
    }

    func brokerRoute(of message: BrokerMessage, from connection: BrokerConnection) -> BrokerRoute {
        takeover?.route(of: message, from: connection) ?? .unrouted
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
            let undelivered = UndeliveredMessage(
                topic: message.topic, head: OCPPMessage.head(ofRelay: message.payload), identity: identity,
                topics: topics, connection: connection)
            connection.discardSubscription(topic: message.topic, with: topics.claim)
            guard let takeover else { return report(undelivered) }
            takeover.take(undelivered, otherwise: report)
        }
    }

    /// The gateway stops: what still waits for an answer of other gateways is reported at once.
    func reportUnowned() {
        for undelivered in takeover?.takeUnowned() ?? [] { report(undelivered) }
    }

    @Sendable private func report(_ undelivered: UndeliveredMessage) {
        let report = NotConnectedReport(undelivered.head, topics: undelivered.topics)
        counters.add(.notConnected)
        counters.reported(NotConnectedReport.reason)
        logger.warning(
            "downstream message not delivered",
            metadata: [
                "cid": "\(undelivered.identity)", "id": "\(report.uniqueID)",
                "reason": "\(NotConnectedReport.reason.rawValue)",
            ])
        if let events, events.isListening {
            events.occurred(.report(identity: undelivered.identity, payload: report.payload))
        }
        let admission = undelivered.connection.publish(
            BrokerPublish(topic: report.topic, payload: report.payload, purpose: .report))
        if admission != .accepted {
            counters.add(.lostReports)
            logger.error("message lost", metadata: ["topic": "\(report.topic)", "reason": "\(admission)"])
        }
    }
}
