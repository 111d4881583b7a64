import BrokerLink
import ChargePointSessions
import Logging
import NIOCore
import OutsideNames
import Synchronization

/// Where charge points have connections of their own (`broker.sessions: per_charge_point`) the broker sees to takeover,
/// and nothing is claimed. Gateways meet all the same, where they do for claims, so that each knows the client ids of
/// the others: no charge point may come with one of them.
final class GatewayNeighbours: BrokerSubscriber {
    /// A charge point's client id is never as long: its identity has 255 bytes at the most.
    private static let longestID = 1024

    let seen = SeenGateways()
    /// By the topic on which gateways meet: where this one is answered, and what makes such topics.
    private let meetings: [Topic: (answers: Topic, template: TopicTemplate)]
    private let claims: GatewayClaims
    private let connection = Mutex<BrokerConnection?>(nil)
    let eventLoop: any EventLoop
    private let logger: Logger

    /// Nil: charge points share the gateway's connections, or gateways do not meet (`gateway.claim_topic` is empty).
    init?(_ configuration: GatewayConfiguration, eventLoop: any EventLoop, logger: Logger) {
        var meetings: [Topic: (answers: Topic, template: TopicTemplate)] = [:]
        for template in configuration.listeners.compactMap(\.meeting) {
            guard let gateways = template.gateways, let answers = template.answers(to: configuration.gatewayID) else {
                continue
            }
            meetings[gateways] = (answers, template)
        }
        guard let first = meetings.values.first else { return nil }
        self.meetings = meetings
        claims = GatewayClaims(gatewayID: configuration.gatewayID, filter: first.template.filter, logger: logger)
        self.eventLoop = eventLoop
        self.logger = logger
    }

    func subscribe(on link: BrokerLink) {
        guard let connection = link.connections.first else { return }
        self.connection.withLock { $0 = connection }
        for meeting in meetings.values { connection.subscribe(topic: meeting.answers, subscriber: self) }
    }

    func unsubscribe(from link: BrokerLink) {
        for meeting in meetings.values {
            link.connections.first?.unsubscribe(topic: meeting.answers, subscriber: self)
        }
    }

    /// Others may have come while there was no link: they are asked.
    func linkIsUp() {
        for (gateways, hello) in zip(meetings.keys, claims.hellos(meetings.count)) { publish(hello, on: gateways) }
    }

    /// On the broker thread.
    func route(of message: BrokerMessage) -> BrokerRoute {
        guard let meeting = meetings[message.topic] else { return .unrouted }
        if let hello = note(message), hello.isHello, let welcome = claims.welcome(hello),
            let answers = meeting.template.answers(to: hello.gateway)
        {
            publish(welcome, on: answers)
        }
        return .taken
    }

    private func publish(_ claim: SessionClaim, on topic: Topic) {
        _ = connection.withLock { $0 }?.publish(BrokerPublish(topic: topic, payload: claim.payload()))
    }

    /// Nil: it is none of another gateway's.
    private func note(_ message: BrokerMessage) -> SessionClaim? {
        guard !message.isRetained, let claim = try? SessionClaim(message.payload), !claims.isOwn(claim),
            claim.gateway.utf8.count <= Self.longestID
        else { return nil }
        if seen.insert(claim.gateway) {
            logger.debug("another gateway is on the broker", metadata: ["gateway": "\(claim.gateway)"])
        }
        return claim
    }

    // MARK: BrokerSubscriber

    func companion(of topic: Topic) -> Topic? { meetings.first { $0.value.answers == topic }?.key }

    func brokerSubscribed() {}

    func brokerRefusedSubscription(reasonCode: UInt8) {
        logger.notice(
            "the broker does not let this gateway hear of others, whose client ids it should keep charge points from",
            metadata: ["access_list": "readwrite \(meetings.values.first?.template.filter ?? "")"])
    }

    func brokerRefusedCompanion(reasonCode: UInt8) { brokerRefusedSubscription(reasonCode: reasonCode) }

    func brokerDelivered(_ message: BrokerMessage) { _ = note(message) }
}
