import Authentication
import BrokerLink
import ChargePointSessions
import NIOCore
import OCPPJ
import OutsideNames
import WebSocketFrontEnd

/// `broker.sessions: per_charge_point`: the broker decides who comes in, by the CONNECT of the charge point's own MQTT
/// connection.
struct ChargePointLogins: Sendable {
    let link: BrokerLink
    let topics: RelayTopicTemplates
    let clientIDs: OwnClientIDs
    let passesCredentials: Bool
    let userNames: UserNameRule
    let gatewayID: ClientID
    let retainsPresence: Bool

    func logIn(_ request: HandshakeCredentials, on eventLoop: any EventLoop) -> EventLoopFuture<HandshakeVerdict> {
        let basic = passesCredentials ? request.basic : nil
        // libmosquitto would cut them there, and a shorter password might be right.
        if let basic, basic.username.utf8.contains(0) || basic.password.contains(0) {
            return eventLoop.makeSucceededFuture(.wrongCredentials(reason: "credentials with a NUL character"))
        }
        if let fault = userNames.fault(of: basic?.username, for: request.identity) {
            return eventLoop.makeSucceededFuture(.wrongCredentials(reason: fault))
        }
        guard let clientID = clientIDs.clientID(of: request.identity) else {
            return eventLoop.makeSucceededFuture(
                .wrongCredentials(reason: "the identity makes an MQTT client id that is a gateway's"))
        }
        let version = request.subprotocol.flatMap(OCPPVersion.init(subprotocol:)) ?? .v16
        let topics = SessionTopics(templates: topics, identity: request.identity, version: version)
        let sessionID = RandomID.make()
        let chargePoint = ChargePoint(
            identity: request.identity, version: version, remoteAddress: request.remoteAddress,
            listener: request.listener, username: basic?.username)
        let presence = PresenceMessage(chargePoint: chargePoint, gatewayID: gatewayID, endOfSession: sessionID)
        let login = BrokerLogin(
            clientID: clientID, username: basic?.username, password: basic?.passwordText,
            will: topics.presence.map {
                BrokerLinkConfiguration.Will(
                    topic: $0, payload: String(buffer: presence.payload()), retain: retainsPresence)
            })
        let answer = link.logIn(
            login, forTopic: topics.downstream, on: eventLoop, unless: request.connectionClosed)
        return answer.map { result in
            switch result {
            case .accepted(let connection):
                .accepted(
                    username: basic?.username,
                    ticket: AdmissionTicket(ChargePointLoginTicket(connection: connection, sessionID: sessionID)))
            case .refused(let reason): .wrongCredentials(reason: reason)
            case .unavailable(let reason): .unavailable(reason: reason)
            }
        }
    }
}

/// An accepted connection on its way to its session; closes it if it does not get there.
final class ChargePointLoginTicket: Sendable {
    let connection: BrokerConnection
    let sessionID: String

    init(connection: BrokerConnection, sessionID: String) {
        self.connection = connection
        self.sessionID = sessionID
    }

    deinit {
        // A session that has it keeps the ticket.
        connection.close()
    }
}
