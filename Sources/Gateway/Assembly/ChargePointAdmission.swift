import Authentication
import BrokerLink
import CallTracing
import ChargePointSessions
import Logging
import NIOCore
import OCPPJ
import Synchronization
import WebSocketFrontEnd

/// Decides which handshakes of a listener are let in, and opens a session for each that is.
final class ChargePointAdmission: ConnectionAdmission {
    /// Who decides.
    enum Entry: Sendable {
        /// Everyone is let in, under the user name that is sent; nobody is to see one that may be a token.
        case open(showsUserNames: Bool)
        case authenticator(any Authenticator)
        /// The broker, by the CONNECT of the charge point's own MQTT connection.
        case brokerLogin(ChargePointLogins)

        var backendName: String? {
            switch self {
            case .open: nil
            case .authenticator(let authenticator): authenticator.backendName
            case .brokerLogin: "broker"
            }
        }
    }

    /// What sessions that are opened now have.
    private struct Current {
        var topics: RelayTopicTemplates
        var context: SessionContext
        var entry: Entry
        var earlier: [Earlier] = []
    }

    /// What sessions have that were opened before a change; gone when these are.
    private struct Earlier {
        let topics: RelayTopicTemplates
        weak var context: SessionContext?
    }

    let listener: ListenerID
    private let current: Mutex<Current>
    private let registry: SessionRegistry
    private let link: BrokerLink
    private let refusesWithoutBroker: Bool
    private let draining: DrainFlag
    private let counters: SessionCounters
    private let events: GatewayEvents
    /// Nil: nothing is traced.
    private let tracer: CallTracer?
    private let logger: Logger

    /// - Parameters:
    ///   - topics: Of the sessions that come in through the listener.
    ///   - context: What these sessions share.
    ///   - draining: Once raised, every handshake is refused.
    init(
        listener: ListenerID, topics: RelayTopicTemplates, context: SessionContext, entry: Entry, link: BrokerLink,
        refusesWithoutBroker: Bool, draining: DrainFlag, counters: SessionCounters, events: GatewayEvents,
        tracer: CallTracer?, logger: Logger
    ) {
        self.listener = listener
        current = Mutex(Current(topics: topics, context: context, entry: entry))
        registry = context.registry
        self.link = link
        self.refusesWithoutBroker = refusesWithoutBroker
        self.draining = draining
        self.counters = counters
        self.events = events
        self.tracer = tracer
        self.logger = logger
    }

    /// From the next handshake on `entry` decides.
    func use(_ entry: Entry) {
        current.withLock { $0.entry = entry }
    }

    /// Sessions that are opened from now on have these.
    func use(_ topics: RelayTopicTemplates, _ context: SessionContext) {
        current.withLock { current in
            current.earlier.removeAll { $0.context == nil }
            current.earlier.append(Earlier(topics: current.topics, context: current.context))
            current.topics = topics
            current.context = context
        }
    }

    /// All sessions of the listener go by these rules from now on.
    func apply(_ rules: SessionRuleSet) async {
        let contexts = current.withLock { [$0.context] + $0.earlier.compactMap(\.context) }
        for context in contexts { await context.apply(rules) }
    }

    /// Those of new sessions, then those of the ones that have begun under earlier ones.
    var topicsInUse: [RelayTopicTemplates] {
        current.withLock { [$0.topics] + $0.earlier.filter { $0.context != nil }.map(\.topics) }
    }

    private var authenticator: (any Authenticator)? {
        guard case .authenticator(let authenticator) = current.withLock({ $0.entry }) else { return nil }
        return authenticator
    }

    // MARK: Handshakes

    var refusal: String? {
        if draining.isRaised { return "the gateway is shutting down" }
        if refusesWithoutBroker, !link.isUp { return "the broker cannot be reached" }
        return nil
    }

    var takesTokens: Bool { authenticator?.takesTokens ?? false }

    var userNameIsSecret: Bool { authenticator?.userNameIsSecret ?? false }

    func admit(_ credentials: Credentials, on eventLoop: any EventLoop) -> AdmissionDecision {
        switch current.withLock({ $0.entry }) {
        case .open(let showsUserNames):
            let acceptance = AuthenticationVerdict.Acceptance(userName: showsUserNames ? credentials.userName : nil)
            return .now(.admitted(chargePoint(credentials, as: acceptance, ownConnection: nil)))
        case .authenticator(let authenticator):
            return .later {
                let verdict = await authenticator.authenticate(credentials)
                switch verdict.minding(credentials.securityProfile) {
                case .accepted(let acceptance):
                    return .admitted(self.chargePoint(credentials, as: acceptance, ownConnection: nil))
                case .refused(let refusal):
                    return .refused(refusal)
                }
            }
        case .brokerLogin(let logins):
            return .later {
                switch await logins.logIn(credentials, on: eventLoop) {
                case .accepted(let userName, let connection):
                    return .admitted(
                        self.chargePoint(credentials, as: .init(userName: userName), ownConnection: connection))
                case .refused(let refusal):
                    return .refused(refusal)
                }
            }
        }
    }

    private func chargePoint(
        _ credentials: Credentials, as acceptance: AuthenticationVerdict.Acceptance,
        ownConnection: OwnBrokerConnection?
    ) -> AdmittedChargePoint {
        let (topics, context) = current.withLock { ($0.topics, $0.context) }
        return AdmittedChargePoint(
            acceptance: acceptance, version: credentials.version, topics: topics, context: context, link: link,
            ownConnection: ownConnection, logger: logger)
    }

    func handshakeRefused(_ refusal: HandshakeRefusal) {
        counters.add(.refusedHandshakes, refusal.count)
        var metadata: Logger.Metadata = [
            "cid": "\(refusal.identity ?? "-")", "remote": "\(refusal.peer)",
            "listener": "\(refusal.listener.shortName)", "status": "\(refusal.status.map(String.init) ?? "-")",
            "reason": "\(refusal.reason)",
        ]
        if let request = refusal.request {
            metadata["path"] = "\(request.path)"
            metadata["offered"] = "\(request.offered ?? "-")"
            if let userName = request.userName { metadata["user"] = "\(userName)" }
        }
        if let time = refusal.decidedIn {
            metadata["ms"] = "\(time.nanoseconds / 1_000_000)"
            if let backend = current.withLock({ $0.entry }).backendName { metadata["backend"] = "\(backend)" }
        }
        if let span = tracer?.span(of: refusal) { metadata["trace_id"] = "\(span.traceID)" }
        logger.warning("handshake refused", metadata: metadata)
        events.handshakeRefused(refusal)
    }

    /// Of the sessions that are there now.
    func drain(over time: Duration) -> Drain {
        Drain(registry: registry, listener: listener.shortName, time: time, logger: logger)
    }

    func endConnections(over time: Duration) async {
        await drain(over: time).run()
    }
}

extension Credentials {
    /// Where no subprotocol is agreed the handshake comes to nothing, and what is asked about it goes by the oldest
    /// version.
    var version: OCPPVersion { subprotocol.flatMap(OCPPVersion.init(subprotocol:)) ?? .v16 }
}
