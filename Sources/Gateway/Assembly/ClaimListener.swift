import BrokerLink
import ChargePointSessions
import Logging
import NIOCore
import OutsideNames
import Synchronization

/// Hears the claims of all gateways (relay-format.md, "Several gateways on one broker"), and takes each to the session
/// that it concerns.
final class ClaimListener: Sendable {
    /// 2,000 a second.
    private static let claimsPerStep = 100
    private static let step = Duration.milliseconds(50)

    private let templates: [RelayTopicTemplates]
    private let connections: Int
    private let registry: SessionRegistry
    private let claims: GatewayClaims
    private let book = Mutex(ClaimBook())
    private let unclaimed = Mutex(UnclaimedMessages<UndeliveredMessage>())
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let subscription: ClaimSubscription

    /// Nil: takeover between gateways is off.
    init?(
        _ configuration: GatewayConfiguration, registry: SessionRegistry, eventLoop: any EventLoop, logger: Logger
    ) {
        let templates = configuration.listeners.map(\.topics).filter { $0.claim != nil }
        guard !templates.isEmpty else { return nil }
        self.templates = templates
        connections = max(1, configuration.broker.connections)
        self.registry = registry
        self.eventLoop = eventLoop
        claims = GatewayClaims(gatewayID: configuration.gatewayID)
        subscription = ClaimSubscription(claims: claims, logger: logger)
        self.logger = logger
    }

    var gatewayClaims: GatewayClaims { claims }

    private var filters: Set<Topic> { Set(templates.compactMap { $0.claim?.filter }) }

    /// On every connection, because only what one connection carries has an order: a charge point's claims count on
    /// the connection that has its messages.
    func subscribe(on link: BrokerLink) {
        for connection in link.connections {
            for filter in filters { connection.subscribe(topic: filter, subscriber: subscription, on: eventLoop) }
        }
    }

    func unsubscribe(from link: BrokerLink) {
        for connection in link.connections {
            for filter in filters { connection.unsubscribe(topic: filter, subscriber: subscription) }
        }
    }

    /// The broker has lost what it had for this gateway, claims of others perhaps: the sessions claim again, so that
    /// a gateway with a newer session of the same charge point answers. At most so fast that no broker minds.
    func claimAgain(connection: Int) {
        guard !claims.isAlone(now: .now()) else { return }
        let sessions = registry.all.filter {
            BrokerLink.connectionIndex(for: $0.downstreamTopic, of: connections) == connection
        }
        guard !sessions.isEmpty else { return }
        Task {
            for start in stride(from: 0, to: sessions.count, by: Self.claimsPerStep) {
                for session in sessions[start..<min(start + Self.claimsPerStep, sessions.count)] {
                    session.eventLoop.execute { session.assumeIsolated { $0.claimAgain() } }
                }
                try? await Task.sleep(for: Self.step)
            }
        }
    }

    /// Another gateway delivers what is published on this topic.
    func isElsewhere(downstreamTopic topic: Topic) -> Bool {
        book.withLock { $0.isElsewhere(topic, now: .now()) }
    }

    // MARK: Asking the others

    /// The broker delivered a message for a charge point that is not here. Another gateway may have it, and then
    /// delivers the message: it is asked. False: nobody is to be asked.
    ///
    /// - Parameter report: called when nobody has claimed the message in time.
    func ask(
        about undelivered: UndeliveredMessage, otherwise report: @escaping @Sendable (UndeliveredMessage) -> Void
    ) -> Bool {
        guard let claimTopic = undelivered.topics.claim, let uniqueID = undelivered.uniqueID,
            !claims.isAlone(now: .now())
        else { return false }
        let inquiry = claims.inquiry(about: uniqueID)
        let isHeld = unclaimed.withLock { unclaimed in
            unclaimed.hold(undelivered, topic: undelivered.topic, inquiry: inquiry, now: .now())
        }
        guard isHeld else { return false }
        _ = undelivered.connection.publish(BrokerPublish(topic: claimTopic, payload: inquiry.payload()))
        eventLoop.scheduleTask(in: UnclaimedMessages<UndeliveredMessage>.patience) { [self] in
            for message in unclaimed.withLock({ $0.takeDue(now: .now()) }) { report(message) }
        }
        return true
    }

    /// The gateway stops: what waits for an answer is given out, to be reported at once.
    func takeUnclaimed() -> [UndeliveredMessage] {
        unclaimed.withLock { $0.takeDue(now: .distantFuture) }
    }

    // MARK: Hearing the others

    /// On the broker thread.
    func route(of message: BrokerMessage, from connection: BrokerConnection) -> BrokerRoute {
        for template in templates {
            guard let claim = template.claim, let identity = claim.identity(in: message.topic),
                let downstream = template.downstream.filled(identity: identity).topic
            else { continue }
            guard BrokerLink.connectionIndex(for: downstream, of: connections) == connection.index else {
                return .taken
            }
            return route(of: message, from: connection, identity: identity, downstreamTopic: downstream)
        }
        return .unrouted
    }

    private func route(
        of message: BrokerMessage, from connection: BrokerConnection, identity: ChargePointIdentity,
        downstreamTopic topic: Topic
    ) -> BrokerRoute {
        let claim: SessionClaim
        do throws(SessionClaim.Flaw) {
            claim = try SessionClaim(message.payload)
        } catch {
            return ignored(identity, reason: error.reason)
        }
        // A claim is news, or it is nothing.
        if message.isRetained { return ignored(identity, reason: "retained") }
        guard claims.heard(claim) else {
            return ignored(
                identity,
                reason: "its time lies too far ahead: the clocks of \(claim.gateway) and of this gateway differ")
        }
        if let answer = claims.answer(to: claim, topic: topic) {
            _ = connection.publish(BrokerPublish(topic: message.topic, payload: answer.payload()))
            return .taken
        }
        let session = registry.session(ofDownstreamTopic: topic)
        if claim.inquiredMessage == nil { note(claim, topic, held: session?.claim) }
        guard let session else { return .taken }
        return .deliver(on: session.eventLoop) { session.assumeIsolated { $0.received(claim) } }
    }

    private func note(_ claim: SessionClaim, _ topic: Topic, held: SessionClaim?) {
        guard claim.successor == nil else { return }
        if !claims.isOwn(claim) { weigh(claim, topic) }
        // That a message was delivered there says nothing about who has the charge point now.
        if claim.hasDelivered { return }
        book.withLock { book in
            if claims.isOwn(claim) {
                book.claimedHere(topic)
            } else if held.map({ claim.isNewer(than: $0) }) ?? true {
                book.claimedElsewhere(topic, now: .now())
            }
        }
    }

    /// What waits for an answer, by what another gateway has said.
    private func weigh(_ claim: SessionClaim, _ topic: Topic) {
        let isAnswer = unclaimed.withLock { unclaimed in
            if claim.inquiry != nil { return unclaimed.answered(claim) }
            unclaimed.begun(session: claim.session, topic: topic)
            return false
        }
        if isAnswer {
            logger.debug(
                "message left to the gateway that has the charge point, as that says", metadata: ["topic": "\(topic)"])
        }
    }

    private func ignored(_ identity: ChargePointIdentity, reason: String) -> BrokerRoute {
        logger.warning("claim ignored", metadata: ["cid": "\(identity)", "reason": "\(reason)"])
        return .taken
    }
}

/// Hears whether the broker lets this gateway hear claims.
private final class ClaimSubscription: BrokerSubscriber {
    private let claims: GatewayClaims
    private let logger: Logger

    init(claims: GatewayClaims, logger: Logger) {
        self.claims = claims
        self.logger = logger
    }

    func brokerSubscribed() {
        claims.subscriptionChanged(isAcknowledged: true)
    }

    func brokerRefusedSubscription(reasonCode: UInt8) {
        claims.subscriptionChanged(isAcknowledged: false)
        logger.error(
            "the broker refuses the subscription to claims: other gateways cannot take charge points over",
            metadata: ["code": "\(reasonCode)"])
    }

    func brokerDelivered(_ message: BrokerMessage) {}
}
