import Authentication
import BrokerLink
import ChargePointSessions
import Logging
import OCPPJ
import WebSocketFrontEnd

/// A charge point that was let in, on its way to its session.
final class AdmittedChargePoint: AdmittedConnection {
    let acceptance: AuthenticationVerdict.Acceptance
    private let version: OCPPVersion
    private let topics: RelayTopicTemplates
    private let context: SessionContext
    private let link: BrokerLink
    /// Nil: it shares one.
    private let ownConnection: OwnBrokerConnection?
    private let logger: Logger

    init(
        acceptance: AuthenticationVerdict.Acceptance, version: OCPPVersion, topics: RelayTopicTemplates,
        context: SessionContext, link: BrokerLink, ownConnection: OwnBrokerConnection?, logger: Logger
    ) {
        self.acceptance = acceptance
        self.version = version
        self.topics = topics
        self.context = context
        self.link = link
        self.ownConnection = ownConnection
        self.logger = logger
    }

    func open(_ connection: WebSocketConnection, _ handshake: AcceptedHandshake) -> any ConnectionDelegate {
        if let shown = handshake.certificate {
            logger.debug(
                "client certificate",
                metadata: [
                    "cid": "\(handshake.identity)", "cn": "\(shown.certificate.commonName ?? "-")",
                    "verified": "\(shown.isVerified)",
                ])
        }
        let chargePoint = ChargePoint(
            identity: handshake.identity, version: version, remoteAddress: "\(handshake.peer)",
            listener: handshake.listener.shortName, username: handshake.userName,
            securityProfile: UInt8(handshake.securityProfile.rawValue))
        let topics = SessionTopics(templates: topics, identity: handshake.identity, version: version)
        let upstream = BrokerUpstream(
            connection: ownConnection.map { .own($0) } ?? .shared(link.connection(for: topics.downstream)),
            share: link.share(ofTopic: topics.downstream), link: link)
        let session = ChargePointSession(
            chargePoint: chargePoint, topics: topics, context: context, connection: connection, link: upstream,
            id: ownConnection?.sessionID ?? RandomID(), credentialsExpire: handshake.expiry)
        let span = context.tracer?.span(of: handshake, version: version)
        session.assumeIsolated { $0.start(handshake: span) }
        return session
    }
}
