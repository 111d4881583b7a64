import Authentication
import BrokerLink
import ChargePointSessions
import Logging
import NIOCore
import OCPPJ
import Synchronization
import WebSocketFrontEnd

/// Decides which handshakes are let in, and opens a session for each that is.
final class ChargePointAdmission: ConnectionAdmission {
    /// What a session gets by the listener that it comes in through.
    struct Entrance: Sendable {
        let topics: RelayTopicTemplates
        let context: SessionContext
        /// Nil: everyone is let in.
        let authenticator: (any Authenticator)?
        /// Each charge point has an MQTT connection of its own; nil: they share.
        let logins: ChargePointLogins?
    }

    private let entrances: [String: Entrance]
    private let link: BrokerLink
    private let refusesWithoutBroker: Bool
    private let counters: SessionCounters
    private let logger: Logger
    private let isDraining = Atomic(false)

    /// - Parameter entrances: by listener name.
    init(
        entrances: [String: Entrance], link: BrokerLink, refusesWithoutBroker: Bool, counters: SessionCounters,
        logger: Logger
    ) {
        self.entrances = entrances
        self.link = link
        self.refusesWithoutBroker = refusesWithoutBroker
        self.counters = counters
        self.logger = logger
    }

    /// From now on every handshake is refused.
    func drain() {
        isDraining.store(true, ordering: .relaxed)
    }

    func refusal(for listener: String) -> String? {
        if isDraining.load(ordering: .relaxed) { return "the gateway is shutting down" }
        if refusesWithoutBroker, !link.isUp { return "the broker cannot be reached" }
        return nil
    }

    func authenticates(on listener: String) -> Bool {
        entrances[listener].map { $0.authenticator != nil || $0.logins != nil } ?? false
    }

    func authenticate(
        _ request: HandshakeCredentials, on eventLoop: any EventLoop
    ) -> EventLoopFuture<HandshakeVerdict> {
        let entrance = entrances[request.listener]
        if let logins = entrance?.logins { return logins.logIn(request, on: eventLoop) }
        guard let authenticator = entrance?.authenticator else {
            return eventLoop.makeSucceededFuture(.accepted(username: nil))
        }
        let credentials = Credentials(
            identity: request.identity, userName: request.basic?.username, password: request.basic?.password,
            peerHost: request.remoteAddress, listener: request.listener, subprotocol: request.subprotocol)
        return eventLoop.makeFutureWithTask {
            switch await authenticator.authenticate(credentials) {
            case .accepted(let acceptance): return .accepted(username: acceptance.userName, ticket: nil)
            case .refused(let refusal):
                switch refusal.kind {
                case .wrongCredentials: return .wrongCredentials(reason: refusal.reason)
                case .unknownIdentity: return .unknownIdentity
                case .unavailable: return .unavailable(reason: refusal.reason)
                }
            }
        }
    }

    func connectionOpened(
        _ connection: WebSocketConnection, _ handshake: AcceptedHandshake
    ) -> any ConnectionDelegate {
        guard let entrance = entrances[handshake.listener],
            let version = OCPPVersion(subprotocol: handshake.subprotocol)
        else { preconditionFailure("a listener accepts only what it was configured with") }
        if let certificate = handshake.certificate {
            logger.debug(
                "client certificate",
                metadata: [
                    "cid": "\(handshake.identity)", "cn": "\(certificate.commonName ?? "-")",
                    "verified": "\(certificate.isVerified)",
                ])
        }
        let chargePoint = ChargePoint(
            identity: handshake.identity, version: version, remoteAddress: handshake.remoteAddress,
            listener: handshake.listener, username: handshake.username)
        let topics = SessionTopics(templates: entrance.topics, identity: handshake.identity, version: version)
        let ticket = handshake.ticket?.value as? ChargePointLoginTicket
        let upstream = BrokerUpstream(
            connection: ticket?.connection ?? link.connection(for: topics.downstream), ticket: ticket,
            share: LeasedShare(from: link, topic: topics.downstream))
        let session = ChargePointSession(
            chargePoint: chargePoint, topics: topics, context: entrance.context, connection: connection,
            link: upstream, sessionID: ticket?.sessionID ?? RandomID.make())
        session.assumeIsolated { $0.start() }
        return session
    }

    func handshakeRefused(_ refusal: HandshakeRefusal) {
        counters.add(.refusedHandshakes, refusal.count)
        var metadata: Logger.Metadata = [
            "cid": "\(refusal.identity ?? "-")", "remote": "\(refusal.remoteAddress)",
            "listener": "\(refusal.listener)", "status": "\(refusal.status.map(String.init) ?? "-")",
            "reason": "\(refusal.reason)",
        ]
        if let request = refusal.request {
            metadata["path"] = "\(request.path)"
            metadata["offered"] = "\(request.offered ?? "-")"
            if let username = request.username { metadata["user"] = "\(username)" }
        }
        logger.warning("handshake refused", metadata: metadata)
    }
}
