import Authentication
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

    enum Outcome: Sendable {
        case accepted(UserName?, OwnBrokerConnection)
        case refused(AuthenticationVerdict.Refusal)
    }

    /// Cancelled when the charge point has gone: a login that still waits then is not made any more.
    func logIn(_ credentials: Credentials, on eventLoop: any EventLoop) async -> Outcome {
        let shown = passesCredentials ? credentials : credentials.withoutPassword
        let userName = shown.userName
        // libmosquitto would cut them there, and a shorter password might be right.
        if userName?.utf8.contains(0) ?? false || shown.password?.contains(0) ?? false {
            return .refused(.init(.wrongCredentials, reason: "credentials with a NUL character"))
        }
        if let fault = userNames.fault(of: userName, for: credentials.identity) {
            return .refused(.init(.wrongCredentials, reason: fault))
        }
        guard let clientID = clientIDs.clientID(of: credentials.identity) else {
            return .refused(
                .init(.wrongCredentials, reason: "the identity makes an MQTT client id that is a gateway's"))
        }
        let sessionID = RandomID()
        let topics = SessionTopics(templates: topics, identity: credentials.identity, version: credentials.version)
        let login = BrokerLogin(
            clientID: clientID, username: userName, password: shown.passwordText,
            will: topics.presence.map { will(on: $0, of: credentials, userName, sessionID: sessionID.text) })
        switch await answer(to: login, forTopic: topics.downstream, on: eventLoop) {
        case .accepted(let connection):
            return .accepted(userName, OwnBrokerConnection(connection: connection, sessionID: sessionID))
        case .refused(let reason):
            return .refused(.init(.wrongCredentials, reason: reason))
        case .unavailable(let reason):
            return .refused(.init(.unavailable(retryAfter: nil), reason: reason))
        }
    }

    /// What the broker tells of the charge point when the gateway dies.
    private func will(
        on topic: Topic, of credentials: Credentials, _ userName: UserName?, sessionID: String
    ) -> BrokerLinkConfiguration.Will {
        let chargePoint = ChargePoint(
            identity: credentials.identity, version: credentials.version,
            remoteAddress: "\(PeerAddress(host: credentials.peerHost, port: credentials.peerPort))",
            listener: credentials.listener, username: userName)
        let presence = PresenceMessage(chargePoint: chargePoint, gatewayID: gatewayID, endOfSession: sessionID)
        return BrokerLinkConfiguration.Will(
            topic: topic, payload: String(buffer: presence.payload()), retain: retainsPresence)
    }

    private func answer(
        to login: BrokerLogin, forTopic topic: Topic, on eventLoop: any EventLoop
    ) async -> BrokerLoginResult {
        let gone = eventLoop.makePromise(of: Void.self)
        let answer = link.logIn(login, forTopic: topic, on: eventLoop, unless: gone.futureResult)
        let result = await withTaskCancellationHandler {
            (try? await answer.get()) ?? .unavailable(reason: "the broker link is closed")
        } onCancel: {
            gone.succeed()
        }
        // Nobody listens any more; a promise has to be kept all the same.
        gone.succeed()
        return result
    }
}
