import BrokerLink
import ChargePointSessions
import Logging
import NIOCore
import OutsideNames
import Synchronization

/// Takes what other gateways say (relay-format.md, "Several gateways on one broker") to where it belongs: a claim to
/// the session that it concerns, a hello and an answer to the rules in `ChargePointSessions/Takeover`.
///
/// Claims come beside the messages of the charge points that are here: each session subscribes to its own claim topic.
final class TakeoverListener: Sendable {
    /// 2,000 a second.
    private static let claimsPerStep = 100
    private static let step = Duration.milliseconds(50)

    private let currentTopics: Mutex<TakeoverTopics>
    /// Where gateways meet, by where this one is answered; those that it has left too, as the broker link asks for them
    /// when it unsubscribes.
    private let meetings: Mutex<[Topic: Topic]>
    private let gatewayID: ClientID
    private let connections: Int
    private let registry: SessionRegistry
    private let counters: SessionCounters
    private let claims: GatewayClaims
    private let directory: Mutex<TakeoverDirectory<UndeliveredMessage>>
    /// The one on which gateways meet.
    private let connection = Mutex<BrokerConnection?>(nil)
    let eventLoop: any EventLoop
    private let logger: Logger

    /// Nil: takeover between gateways is off.
    init?(
        _ configuration: GatewayConfiguration, registry: SessionRegistry, counters: SessionCounters,
        eventLoop: any EventLoop, logger: Logger
    ) {
        guard let topics = TakeoverTopics(configuration.listeners.map(\.topics), gatewayID: configuration.gatewayID)
        else { return nil }
        currentTopics = Mutex(topics)
        meetings = Mutex(topics.gatewaysByAnswers)
        gatewayID = configuration.gatewayID
        connections = max(1, configuration.broker.connections)
        self.registry = registry
        self.counters = counters
        self.eventLoop = eventLoop
        claims = GatewayClaims(gatewayID: configuration.gatewayID, filter: topics.filter, logger: logger)
        directory = Mutex(TakeoverDirectory(gatewayID: configuration.gatewayID))
        self.logger = logger
    }

    var gatewayClaims: GatewayClaims { claims }

    private var topics: TakeoverTopics { currentTopics.withLock { $0 } }

    /// Meets other gateways where these topics say.
    ///
    /// - Parameter templates: of each listener, and of the sessions that have begun under earlier ones.
    func use(_ templates: [RelayTopicTemplates]) {
        guard let new = TakeoverTopics(templates, gatewayID: gatewayID) else { return }
        let old = currentTopics.withLock { topics in
            defer { topics = new }
            return topics
        }
        meetings.withLock { $0.merge(new.gatewaysByAnswers) { _, new in new } }
        guard let connection = connection.withLock({ $0 }) else { return }
        let left = old.meetings.filter { new.meetings[$0.key] == nil }
        let found = new.meetings.filter { old.meetings[$0.key] == nil }
        for answers in left.values { connection.unsubscribe(topic: answers, subscriber: self) }
        for answers in found.values { connection.subscribe(topic: answers, subscriber: self) }
        for (topic, hello) in zip(found.keys, claims.hellos(found.count)) {
            _ = connection.publish(BrokerPublish(topic: topic, payload: hello.payload()))
        }
    }

    func subscribe(on link: BrokerLink) {
        guard let connection = link.connections.first else { return }
        self.connection.withLock { $0 = connection }
        for answers in topics.meetings.values { connection.subscribe(topic: answers, subscriber: self) }
    }

    func unsubscribe(from link: BrokerLink) {
        for answers in topics.meetings.values { link.connections.first?.unsubscribe(topic: answers, subscriber: self) }
    }

    // MARK: The link

    /// Others may have come while there was no link: they are asked.
    func linkIsUp() {
        guard let connection = connection.withLock({ $0 }) else { return }
        let meetings = topics.meetings.keys
        for (topic, hello) in zip(meetings, claims.hellos(meetings.count)) {
            _ = connection.publish(BrokerPublish(topic: topic, payload: hello.payload()))
        }
    }

    /// The broker has lost what it had for this gateway, claims of others perhaps: the sessions claim again, so that
    /// a gateway with a newer session of the same charge point answers.
    func brokerSessionIsNew(connection: Int) {
        if claims.isInCompany { return claimAgain(connection: connection) }
        eventLoop.scheduleTask(in: GatewayClaims.acquaintance) { [self] in
            if !claims.isAlone(now: .now()) { claimAgain(connection: connection) }
        }
    }

    /// At most so fast that no broker minds.
    private func claimAgain(connection: Int) {
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

    // MARK: Messages for charge points that are not here

    /// The broker delivered a message for a charge point that is not here. Where another gateway may have got it too,
    /// that is asked first.
    ///
    /// - Parameter report: called when nobody has got the message.
    func take(_ undelivered: UndeliveredMessage, otherwise report: @escaping @Sendable (UndeliveredMessage) -> Void) {
        let decision = directory.withLock { directory in
            directory.arrived(
                undelivered, topic: undelivered.topic, uniqueID: undelivered.head.uniqueID,
                isAlone: claims.isAlone(now: .now()), now: .now())
        }
        switch decision {
        case .leave:
            logger.debug(
                "message left to the gateway that has the charge point", metadata: ["topic": "\(undelivered.topic)"])
        case .report: report(undelivered)
        case .ask(let inquiry):
            guard let topic = undelivered.topics.claim else { return report(undelivered) }
            _ = undelivered.connection.publish(BrokerPublish(topic: topic, payload: inquiry.payload()))
            eventLoop.scheduleTask(in: TakeoverDirectory<UndeliveredMessage>.patience) { [self] in
                for message in directory.withLock({ $0.takeDue(now: .now()) }) { report(message) }
            }
        }
    }

    /// The gateway stops: what waits for an answer is given out, to be reported at once.
    func takeUnowned() -> [UndeliveredMessage] {
        directory.withLock { $0.takeDue(now: .distantFuture) }
    }

    /// The other gateway that has claimed the charge point with this downstream topic lately; nil: none that was heard.
    func holder(ofDownstreamTopic topic: Topic) -> ClientID? {
        directory.withLock { $0.holder(of: topic, now: .now()) }
    }

    // MARK: Hearing the others

    /// On the broker thread.
    func route(of message: BrokerMessage, from connection: BrokerConnection) -> BrokerRoute {
        switch topics.heard(message.payload, on: message.topic, isRetained: message.isRetained) {
        case .hello(let hello, let answers): heard(hello, answers: answers, connection)
        case .claim(let claim, let identity, let downstream):
            return route(claim, of: identity, downstreamTopic: downstream, message, from: connection)
        case .flaw(let reason, let identity): ignored(identity, reason: reason)
        case nil: return .unrouted
        }
        return .taken
    }

    private func route(
        _ claim: SessionClaim, of identity: ChargePointIdentity, downstreamTopic topic: Topic, _ message: BrokerMessage,
        from connection: BrokerConnection
    ) -> BrokerRoute {
        guard claims.heard(claim) else {
            ignored(
                identity,
                reason: "its time lies too far ahead: the clocks of \(claim.gateway) and of this gateway differ")
            return .taken
        }
        let session = registry.session(ofDownstreamTopic: topic)
        let route = directory.withLock { directory in
            directory.heard(
                claim, topic: topic, isHere: session != nil, held: session?.currentClaim, now: .now())
        }
        switch (route, session) {
        case (.deliver, let session?):
            return .deliver(on: session.eventLoop) { session.assumeIsolated { $0.heard(claim) } }
        case (.discardSubscription, _): connection.discardSubscription(topic: topic, with: message.topic)
        case (.deliver, nil), (.nothing, _): break
        }
        return .taken
    }

    private func heard(_ hello: SessionClaim, answers: Topic?, _ connection: BrokerConnection) {
        if !claims.heard(hello) {
            ignored(nil, reason: "the clocks of \(hello.gateway) and of this gateway differ")
        }
        guard let welcome = claims.welcome(hello), let answers else { return }
        _ = connection.publish(BrokerPublish(topic: answers, payload: welcome.payload()))
    }

    private func ignored(_ identity: ChargePointIdentity?, reason: String) {
        counters.add(.ignoredClaims)
        logger.warning("claim ignored", metadata: ["cid": "\(identity ?? "-")", "reason": "\(reason)"])
    }
}

/// The answers of other gateways to this one.
extension TakeoverListener: BrokerSubscriber {
    func companion(of topic: Topic) -> Topic? { meetings.withLock { $0[topic] } }

    func brokerSubscribed() {}

    func brokerRefusedSubscription(reasonCode: UInt8) { claims.subscriptionRefused() }

    func brokerRefusedCompanion(reasonCode: UInt8) { claims.subscriptionRefused() }

    func brokerDelivered(_ message: BrokerMessage) {
        switch topics.answer(message.payload, isRetained: message.isRetained) {
        case .failure(let flaw): ignored(nil, reason: flaw.reason)
        case .success(let answer):
            // Whoever answers is there, whatever its clock says.
            _ = claims.heard(answer)
            if directory.withLock({ $0.answered(answer) }) {
                logger.debug(
                    "message left to the gateway that has the charge point, as that says",
                    metadata: ["gateway": "\(answer.gateway)"])
            }
        }
    }
}

extension TakeoverTopics {
    /// `meetings` the other way round.
    fileprivate var gatewaysByAnswers: [Topic: Topic] {
        Dictionary(meetings.map { ($0.value, $0.key) }) { first, _ in first }
    }
}
