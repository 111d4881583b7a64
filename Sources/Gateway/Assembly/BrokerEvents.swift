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
    private let templates: [RelayTopicTemplates]
    private let counters: GatewayCounters
    private let claims: ClaimListener?
    private let logger: Logger
    private let unrouted = Mutex(UnroutedCalls())
    private let linkChanged: @Sendable (_ connection: Int, _ isUp: Bool) -> Void

    /// - Parameter linkChanged: called on the broker thread.
    init(
        registry: SessionRegistry, templates: [RelayTopicTemplates], counters: GatewayCounters,
        claims: ClaimListener?, logger: Logger,
        linkChanged: @escaping @Sendable (_ connection: Int, _ isUp: Bool) -> Void
    ) {
        self.registry = registry
        self.templates = templates
        self.counters = counters
        self.claims = claims
        self.logger = logger
        self.linkChanged = linkChanged
    }

    func brokerLinkChanged(connection: Int, isUp: Bool) {
        let sessions = Dictionary(grouping: registry.all) { ObjectIdentifier($0.eventLoop) }
        for group in sessions.values {
            group.first?.eventLoop.execute {
                for session in group { session.assumeIsolated { $0.linkChanged() } }
            }
        }
        if isUp, connection == 0 { claims?.linkIsUp() }
        linkChanged(connection, isUp)
    }

    func brokerSessionIsNew(connection: Int) {
        claims?.brokerSessionIsNew(connection: connection)
    }

    func brokerRoute(of message: BrokerMessage, from connection: BrokerConnection) -> BrokerRoute {
        claims?.route(of: message, from: connection) ?? .unrouted
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
        // Somebody clears a retained message.
        guard message.payload.readableBytes > 0 else {
            connection.discardSubscription(topic: message.topic)
            return logger.debug("empty message from the broker", metadata: ["topic": "\(message.topic)"])
        }
        guard let (topics, identity) = owner(of: message.topic) else {
            connection.discardSubscription(topic: message.topic)
            counters.add(.notConnected)
            logger.warning("message on a topic of no charge point", metadata: ["topic": "\(message.topic)"])
            return
        }
        let undelivered = UndeliveredMessage(
            topic: message.topic, head: OCPPMessage.head(ofRelay: message.payload), identity: identity,
            topics: topics, connection: connection)
        connection.discardSubscription(topic: message.topic, with: topics.claim)
        guard let claims else { return report(undelivered) }
        claims.take(undelivered, otherwise: report)
    }

    /// The gateway stops: what still waits for an answer of other gateways is reported at once.
    func reportUnclaimed() {
        for undelivered in claims?.takeUnclaimed() ?? [] { report(undelivered) }
    }

    @Sendable private func report(_ undelivered: UndeliveredMessage) {
        counters.add(.notConnected)
        let error = GatewayError(
            uniqueID: undelivered.uniqueID,
            code: OCPPErrorCode.genericError.name(in: .v16), description: "the charge point is not connected")
        logger.warning(
            "downstream message not delivered",
            metadata: ["cid": "\(undelivered.identity)", "id": "\(error.uniqueID)", "reason": "not_connected"])
        counters.add(.reports)
        let report = BrokerPublish(
            topic: undelivered.topics.error(id: error.uniqueID),
            payload: error.relay(reason: "not_connected", type: undelivered.head.type),
            purpose: .report)
        let admission = undelivered.connection.publish(report)
        if admission != .accepted {
            counters.add(.lostReports)
            logger.error("message lost", metadata: ["topic": "\(report.topic)", "reason": "\(admission)"])
        }
    }

    /// The charge point that a downstream topic belongs to.
    private func owner(of topic: Topic) -> (SessionTopics, ChargePointIdentity)? {
        for template in templates {
            guard let identity = template.downstream.identity(in: topic) else { continue }
            return (SessionTopics(templates: template, identity: identity, version: nil), identity)
        }
        return nil
    }
}

/// What is to be said of a message for a charge point that is not here. The message itself may be long, and is let go.
struct UndeliveredMessage: Sendable {
    let topic: Topic
    let head: OCPPMessageHead
    var uniqueID: UniqueID? { head.uniqueID }
    let identity: ChargePointIdentity
    let topics: SessionTopics
    let connection: BrokerConnection
}
