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
        assumeIsolated { $0.received(text: text) }
    }

    package nonisolated func connectionShowedLife(isPong: Bool) {
        assumeIsolated { $0.showedLife(isPong: isPong) }
    }

    package nonisolated func connectionTimerFired() {
        assumeIsolated { $0.timerFired() }
    }

    package nonisolated func connectionEnded(_ end: ConnectionEnd) {
        assumeIsolated { session in
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

/// The broker link calls on the event loop named with the subscription: the session's.
extension ChargePointSession: BrokerSubscriber {
    package nonisolated func brokerSubscribed() {
        assumeIsolated { $0.subscriptionAcknowledged() }
    }

    package nonisolated func brokerRefusedSubscription(reasonCode: UInt8) {
        assumeIsolated { $0.subscriptionRefused(reasonCode: reasonCode) }
    }

    package nonisolated func brokerRefusedCompanion(reasonCode: UInt8) {
        assumeIsolated { $0.claimSubscriptionRefused() }
    }

    package nonisolated func brokerDelivered(_ message: BrokerMessage) {
        assumeIsolated { session in
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
        assumeIsolated { session in
            let uniqueID = UniqueID(failure.token)
            if failure.purpose == .answer {
                session.brokerDidNotTakeAnswer(uniqueID: uniqueID, reason: failure.reason)
            } else {
                session.brokerDidNotTake(uniqueID: uniqueID, reason: failure.reason)
            }
        }
    }

    package nonisolated func brokerConnectionChanged(isUp: Bool) {
        assumeIsolated { $0.ownLinkChanged(isUp: isUp) }
    }

    package nonisolated func brokerConnectionEnded(_ end: BrokerConnectionEnd) {
        assumeIsolated { session in
            switch end {
            case .takenOver: session.wasTakenOver()
            case .closedByBroker(let reason): session.wasClosedByBroker(reason: reason)
            }
        }
    }
}

/// One MQTT connection, as a session that belongs to it sees it.
struct BrokerUpstream: UpstreamLink {
    let connection: BrokerConnection
    /// Of a connection that is the session's own: it closes with the session.
    var ticket: OwnBrokerConnection?
    let share: LeasedShare

    var announcesItsLoss: Bool { ticket != nil }

    var isUp: Bool { connection.isUp }

    func publish(_ message: UpstreamMessage, from session: ChargePointSession) -> UpstreamAdmission {
        switch connection.publish(brokerPublish(message, from: session)) {
        case .accepted: .accepted
        case .tooLarge: .tooLarge
        case .pendingFull: .full
        case .closed: .closed
        }
    }

    private func brokerPublish(_ message: UpstreamMessage, from session: ChargePointSession) -> BrokerPublish {
        BrokerPublish(message, from: session, share: share.share)
    }

    func answered(_ uniqueID: UniqueID, from session: ChargePointSession) {
        connection.forget(subscriber: session, token: uniqueID.text)
    }

    func subscribe(_ session: ChargePointSession, announcing announcement: UpstreamMessage?) {
        connection.subscribe(
            topic: session.downstreamTopic, with: session.claimTopic, subscriber: session, on: session.eventLoop,
            announcing: announcement.map { brokerPublish($0, from: session) })
    }

    func unsubscribe(_ session: ChargePointSession) {
        connection.unsubscribe(topic: session.downstreamTopic, subscriber: session)
    }

    func close() {
        share.giveBack()
        ticket?.connection.close()
    }
}

extension BrokerPublish {
    init(_ message: UpstreamMessage, from session: ChargePointSession, share: OutboundShare?) {
        self.init(
            topic: message.topic, payload: message.payload, retain: message.retain, deadline: message.deadline,
            share: share)
        if let version = message.version { properties = .init(version: version.rawValue) }
        switch message.kind {
        case .call(let call):
            purpose = .call
            properties = .init(
                responseTopic: call.responseTopic, correlationData: .text(call.uniqueID.text), isJSON: true,
                version: call.version.rawValue, action: call.action)
            origin = .init(subscriber: session, token: call.uniqueID.text, eventLoop: session.eventLoop)
        case .answer(let uniqueID):
            purpose = .answer
            origin = .init(subscriber: session, token: uniqueID.text, eventLoop: session.eventLoop)
        case .send(let action):
            purpose = .send
            properties = .init(isJSON: true, version: message.version?.rawValue, action: action)
        case .report, .resultError: purpose = .report
        case .presence: purpose = .presence
        case .copy: purpose = .copy
        case .reply:
            purpose = .reply
            if let data = message.correlationData { properties.orNew.correlationData = .bytes(data) }
        case .claim: purpose = .gateway
        }
        if let parent = message.traceParent { properties.orNew.traceParent = parent }
    }
}

extension BrokerPublish.Properties? {
    /// Those there are, or the first of them: a message without a version has none yet.
    fileprivate var orNew: BrokerPublish.Properties {
        get { self ?? .init() }
        set { self = newValue }
    }
}

/// The share of the broker's queues that a session has, from its beginning to its end.
struct LeasedShare: Sendable {
    let share: OutboundShare
    private let link: BrokerLink
    private let topic: Topic

    init(from link: BrokerLink, topic: Topic) {
        share = link.share(ofTopic: topic)
        self.link = link
        self.topic = topic
    }

    func giveBack() {
        link.leave(share, ofTopic: topic)
    }
}
