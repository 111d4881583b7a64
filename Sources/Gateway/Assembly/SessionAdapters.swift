import BrokerLink
import ChargePointSessions
import NIOCore
import OCPPJ
import OutsideNames
import WebSocketFrontEnd

// The rooms do not know each other; here a session becomes what both ends talk to, and they become what it talks to.

extension WebSocketConnection: ChargePointConnection {}

/// The front end calls on the connection's event loop, which is the session's executor.
extension ChargePointSession: ConnectionDelegate {
    package nonisolated func connectionReceived(text: ByteBuffer) {
        onEventLoop { $0.received(text: text) }
    }

    package nonisolated func connectionShowedLife(isPong: Bool) {
        onEventLoop { $0.showedLife(isPong: isPong) }
    }

    package nonisolated func connectionTimerFired() {
        onEventLoop { $0.timerFired() }
    }

    package nonisolated func connectionEnded(_ end: ConnectionEnd) {
        onEventLoop { session in
            session.end(.connectionEnded(SessionEndReason(end.reason), code: end.closeCode, detail: end.detail))
        }
    }
}

extension SessionEndReason {
    fileprivate init(_ reason: ConnectionEnd.Reason) {
        self =
            switch reason {
            case .closedByPeer: .closedByPeer
            case .protocolError: .protocolError
            case .noMemory: .noMemory
            case .sendQueueFull: .sendQueueFull
            case .sendTimeout: .sendTimeout
            case .connectionLost: .connectionLost
            // A session that closes its connection has ended before it hears of it.
            case .closedHere: .connectionLost
            }
    }
}

extension ChargePointSession: BrokerSubscriber {
    package nonisolated func companion(of topic: Topic) -> Topic? { claimTopic }

    package nonisolated func brokerSubscribed() {
        onEventLoop { $0.subscriptionAcknowledged() }
    }

    package nonisolated func brokerRefusedSubscription(reasonCode: UInt8) {
        onEventLoop { $0.subscriptionRefused(reasonCode: reasonCode) }
    }

    package nonisolated func brokerRefusedCompanion(reasonCode: UInt8) {
        onEventLoop { $0.claimSubscriptionRefused() }
    }

    package nonisolated func brokerDelivered(_ message: BrokerMessage) {
        onEventLoop { session in
            session.received(
                DownstreamMessage(
                    payload: message.payload, isRetained: message.isRetained, expires: message.expires,
                    version: message.version,
                    replyAddress: message.replyAddress.map { address in
                        ReplyAddress(topic: address.topic, correlationData: address.correlationData)
                    }, traceParent: message.traceParent))
        }
    }

    package nonisolated func brokerDidNotTake(_ failure: PublishFailure) {
        onEventLoop { session in
            let uniqueID = UniqueID(failure.token)
            if failure.purpose == .answer {
                session.brokerDidNotTakeAnswer(uniqueID: uniqueID, reason: failure.reason)
            } else {
                session.brokerDidNotTake(uniqueID: uniqueID, reason: failure.reason)
            }
        }
    }

    package nonisolated func brokerConnectionChanged(isUp: Bool) {
        onEventLoop { $0.ownLinkChanged(isUp: isUp) }
    }

    package nonisolated func brokerConnectionEnded(_ end: BrokerConnectionEnd) {
        onEventLoop { session in
            switch end {
            case .takenOver: session.wasTakenOver()
            case .closedByBroker(let reason): session.wasClosedByBroker(reason: reason)
            }
        }
    }
}

/// One MQTT connection, as a session that belongs to it sees it. No longer than three references, so that a session
/// holds it without a box.
struct BrokerUpstream: UpstreamLink {
    enum Connection {
        case shared(BrokerConnection)
        /// It closes with the session.
        case own(OwnBrokerConnection)
    }

    private let holder: Connection
    /// Of the broker's queues, what the session has from its beginning to its end.
    private let share: OutboundShare
    private let link: BrokerLink

    init(connection: Connection, share: OutboundShare, link: BrokerLink) {
        holder = connection
        self.share = share
        self.link = link
    }

    private var connection: BrokerConnection {
        switch holder {
        case .shared(let connection): connection
        case .own(let own): own.connection
        }
    }

    var announcesItsLoss: Bool {
        if case .own = holder { true } else { false }
    }

    var isUp: Bool { connection.isUp }

    func publish(_ message: UpstreamMessage, from session: ChargePointSession) -> UpstreamAdmission {
        switch connection.publish(message.brokerPublish(from: session, share: share)) {
        case .accepted: .accepted
        case .tooLarge: .tooLarge
        case .pendingFull: .full
        case .closed: .closed
        }
    }

    func answered(_ uniqueID: UniqueID, from session: ChargePointSession) {
        connection.forget(subscriber: session, token: uniqueID.text)
    }

    func subscribe(_ session: ChargePointSession, announcing announcement: UpstreamMessage?) {
        connection.subscribe(
            topic: session.downstreamTopic, subscriber: session,
            announcing: announcement?.brokerPublish(from: session, share: share))
    }

    func unsubscribe(_ session: ChargePointSession) {
        connection.unsubscribe(topic: session.downstreamTopic, subscriber: session)
    }

    func close(_ session: ChargePointSession) {
        link.leave(share, ofTopic: session.downstreamTopic)
        if case .own(let own) = holder { own.connection.close() }
    }
}

extension UpstreamMessage {
    /// As the broker link takes it.
    func brokerPublish(from session: ChargePointSession, share: OutboundShare?) -> BrokerPublish {
        BrokerPublish(
            topic: topic, payload: payload, retain: retain, properties: properties, deadline: deadline,
            origin: originToken.map { .init(subscriber: session, token: $0) },
            purpose: purpose, share: share)
    }

    private var properties: BrokerPublish.Properties? {
        switch kind {
        case .call(let call):
            .init(
                responseTopic: call.responseTopic, correlationData: .text(call.uniqueID.text), isJSON: true,
                version: call.version.rawValue, action: call.action, traceParent: traceParent)
        case .send(let action):
            .init(isJSON: true, version: version?.rawValue, action: action, traceParent: traceParent)
        case .answer, .report, .resultError, .presence, .copy, .reply, .claim:
            version == nil && correlationData == nil && traceParent == nil
                ? nil
                : .init(
                    correlationData: correlationData.map { .bytes($0) }, version: version?.rawValue,
                    traceParent: traceParent)
        }
    }

    /// By which the session knows what became of it; nil: it does not ask.
    private var originToken: String? {
        switch kind {
        case .call(let call): call.uniqueID.text
        case .answer(let uniqueID): uniqueID.text
        case .send, .report, .resultError, .presence, .copy, .reply, .claim: nil
        }
    }

    private var purpose: BrokerPublish.Purpose {
        switch kind {
        case .call: .call
        case .answer: .answer
        case .send: .send
        case .report, .resultError: .report
        case .presence: .presence
        case .copy: .copy
        case .reply: .reply
        case .claim: .gateway
        }
    }
}
