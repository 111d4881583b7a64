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
    public nonisolated func connectionReceived(text: ByteBuffer) {
        assumeIsolated { $0.received(text: text) }
    }

    public nonisolated func connectionShowedLife(isPong: Bool) {
        assumeIsolated { $0.showedLife() }
    }

    public nonisolated func connectionTimerFired() {
        assumeIsolated { $0.timerFired() }
    }

    public nonisolated func connectionEnded(_ end: ConnectionEnd) {
        assumeIsolated { $0.end(.connectionEnded(reason: end.reason)) }
    }
}

/// The broker link calls on the event loop named with the subscription: the session's.
extension ChargePointSession: BrokerSubscriber {
    public nonisolated func brokerSubscribed() {
        assumeIsolated { $0.subscriptionAcknowledged() }
    }

    public nonisolated func brokerRefusedSubscription(reasonCode: UInt8) {
        assumeIsolated { $0.subscriptionRefused(reasonCode: reasonCode) }
    }

    public nonisolated func brokerDelivered(_ message: BrokerMessage) {
        assumeIsolated { session in
            session.received(
                DownstreamMessage(
                    payload: message.payload, isRetained: message.isRetained, expires: message.expires))
        }
    }

    public nonisolated func brokerDidNotTake(token: String, reason: String) {
        assumeIsolated { $0.brokerDidNotTake(uniqueID: UniqueID(token), reason: reason) }
    }

    public nonisolated func brokerConnectionChanged(isUp: Bool) {
        assumeIsolated { $0.ownLinkChanged(isUp: isUp) }
    }

    public nonisolated func brokerConnectionEnded(_ end: BrokerConnectionEnd) {
        assumeIsolated { session in
            switch end {
            case .takenOver: session.wasTakenOver()
            case .closedByBroker(let reason): session.wasClosedByBroker(reason: reason)
            }
        }
    }
}

/// One MQTT connection, as the sessions that belong to it see it.
struct BrokerUpstream: UpstreamLink {
    let connection: BrokerConnection
    /// Of a connection that is the session's own: it closes with the session.
    var ticket: ChargePointLoginTicket?

    var announcesItsLoss: Bool { ticket != nil }

    var isUp: Bool { connection.isUp }

    func publish(_ message: UpstreamMessage, from session: ChargePointSession) -> Bool {
        var publish = BrokerPublish(
            topic: message.topic, payload: message.payload, retain: message.retain, deadline: message.deadline)
        if let call = message.call {
            publish.requestProperties = BrokerPublish.RequestProperties(
                responseTopic: call.responseTopic, correlationData: call.uniqueID.text,
                userProperties: [("ocpp-version", call.version.rawValue), ("action", call.action)])
            publish.origin = BrokerPublish.Origin(subscriber: session, token: call.uniqueID.text)
        }
        return connection.publish(publish) == .accepted
    }

    func subscribe(_ session: ChargePointSession, announcing announcement: UpstreamMessage?) {
        connection.subscribe(
            topic: session.downstreamTopic, subscriber: session, on: session.eventLoop,
            announcing: announcement.map { BrokerPublish(topic: $0.topic, payload: $0.payload) })
    }

    func unsubscribe(_ session: ChargePointSession) {
        connection.unsubscribe(topic: session.downstreamTopic, subscriber: session)
    }

    func close() {
        ticket?.connection.close()
    }
}
