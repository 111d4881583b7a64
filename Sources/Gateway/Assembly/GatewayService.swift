import BrokerLink
import CallTracing
import ChargePointSessions
import Logging
import MemoryBudget
import NIOCore
import ServiceLifecycle
import Synchronization
import WebSocketFrontEnd

/// What the gateway is there for: the listeners, the sessions and the broker link between them.
final class GatewayService: Service {
    /// After the drain, what is pending may take this long to reach the broker.
    private static let flushTime = TimeAmount.seconds(10)
    private let current: Mutex<GatewayConfiguration>
    let logger: Logger
    private let lineTracing: (any LineTracing)?
    let registry = SessionRegistry()
    let counters = SessionCounters()
    let memory: MemoryBudget
    /// Nil: nothing is traced.
    let tracer: CallTracer?
    let link: BrokerLink
    let draining = DrainFlag()
    let longestDelivery = DeliveryLimit(0)
    let listeners: ListenerSet
    private let admissions = Mutex<[ListenerID: ChargePointAdmission]>([:])
    let status: GatewayStatus?
    let takeover: TakeoverListener?
    private let neighbours: GatewayNeighbours?
    let events: BrokerEvents
    let statistics: StatisticsLog
    private let refusesWithoutBroker: Bool
    private let authenticatorInUse: Mutex<GatewayAuthenticator?>
    /// What management sees of all this, beside the messages.
    let sight: GatewaySight

    init(
        configuration: GatewayConfiguration, authenticator: GatewayAuthenticator?, group: any EventLoopGroup,
        logger: Logger, lineTracing: (any LineTracing)? = nil
    ) {
        current = Mutex(configuration)
        authenticatorInUse = Mutex(authenticator)
        self.logger = logger
        self.lineTracing = lineTracing
        let registry = registry
        let counters = counters
        let memory = MemoryBudget(limit: configuration.memoryBound)
        self.memory = memory
        tracer =
            configuration.tracing.endpoint == nil
            ? nil : CallTracer(sampler: TraceSampler(ratio: configuration.tracing.sampleRatio))
        let outage = Self.outagePolicy(configuration, registry: registry, logger: logger)
        let status = GatewayStatus(configuration)
        self.status = status
        let takeover = TakeoverListener(
            configuration, registry: registry, counters: counters, eventLoop: group.next(), logger: logger)
        self.takeover = takeover
        let neighbours = GatewayNeighbours(configuration, eventLoop: group.next(), logger: logger)
        self.neighbours = neighbours
        let sight = GatewaySight(registry: registry, group: group)
        self.sight = sight
        let events = BrokerEvents(
            registry: registry, templates: configuration.listeners.map(\.topics), counters: counters,
            takeover: takeover, neighbours: neighbours, memory: memory, longestDelivery: longestDelivery,
            events: sight.events,
            logger: logger
        ) { connection, isUp in
            sight.events.brokerLinkChanged(connection: connection, isUp: isUp)
            outage?.linkChanged(isUp: isUp)
            if isUp, connection == 0 { status?.publish(.online) }
        }
        var broker = configuration.broker
        broker.will = status?.will
        broker.longestDelivery = longestDelivery
        longestDelivery.use(configuration.longestDelivery)
        let link = BrokerLink(configuration: broker, observer: events, memory: memory, logger: logger)
        self.link = link
        self.events = events
        status?.attach(link.connections.first)
        takeover?.subscribe(on: link)
        neighbours?.subscribe(on: link)
        listeners = ListenerSet(group: group, memory: memory, logger: logger)
        refusesWithoutBroker = outage != nil
        statistics = StatisticsLog(counters: counters, registry: registry, link: link, logger: logger)
        statistics.use(configuration.statsInterval)
        for listener in configuration.listeners {
            set(admission(of: listener, configuration, authenticator), of: listener.configuration.id)
        }
    }

    // MARK: As it is now

    var configuration: GatewayConfiguration { current.withLock { $0 } }

    func set(_ configuration: GatewayConfiguration) {
        current.withLock { $0 = configuration }
    }

    /// Nil: nobody is asked, or the broker is.
    var authenticator: GatewayAuthenticator? { authenticatorInUse.withLock { $0 } }

    func set(_ authenticator: GatewayAuthenticator?) {
        authenticatorInUse.withLock { $0 = authenticator }
    }

    func admission(of id: ListenerID) -> ChargePointAdmission? { admissions.withLock { $0[id] } }

    func set(_ admission: ChargePointAdmission?, of id: ListenerID) {
        admissions.withLock { $0[id] = admission }
    }

    /// What ends the sessions that a listener has now, once it has been stopped.
    func drain(of id: ListenerID) -> Drain? { admission(of: id)?.drain(over: configuration.drainTime) }

    // MARK: Parts of listeners

    func admission(
        of listener: GatewayConfiguration.Listener, _ configuration: GatewayConfiguration,
        _ authenticator: GatewayAuthenticator?
    ) -> ChargePointAdmission {
        ChargePointAdmission(
            listener: listener.configuration.id, topics: listener.topics, context: context(of: listener, configuration),
            entry: entry(of: listener, configuration, authenticator), link: link,
            refusesWithoutBroker: refusesWithoutBroker, draining: draining, counters: counters,
            events: sight.events, tracer: tracer, logger: logger)
    }

    func context(
        of listener: GatewayConfiguration.Listener, _ configuration: GatewayConfiguration
    ) -> SessionContext {
        SessionContext(
            settings: listener.sessions, formatChecking: configuration.formatChecking.checking, registry: registry,
            mountpoint: listener.mountpoint, counters: counters, logger: logger, lineTracing: lineTracing,
            logsWholeFrames: configuration.logs.showsFrames, gatewayID: configuration.gatewayID,
            retainsPresence: configuration.presenceRetain, claims: takeover?.gatewayClaims,
            memory: memory, events: sight.events, tracer: tracer)
    }

    /// - Parameter authenticator: nil: nobody is asked, or the broker is.
    func entry(
        of listener: GatewayConfiguration.Listener, _ configuration: GatewayConfiguration,
        _ authenticator: GatewayAuthenticator?
    ) -> ChargePointAdmission.Entry {
        guard configuration.broker.sessions != .shared else {
            guard listener.passesCredentials, let authenticator else {
                return .open(showsUserNames: authenticator?.userNameIsSecret != true)
            }
            return .authenticator(authenticator)
        }
        return .brokerLogin(
            ChargePointLogins(
                link: link, topics: listener.topics,
                clientIDs: OwnClientIDs(
                    template: listener.clientID, taken: configuration.broker.ownClientIDs,
                    seen: neighbours?.seen ?? SeenGateways()),
                passesCredentials: listener.passesCredentials, userNames: configuration.userNames,
                gatewayID: configuration.gatewayID, retainsPresence: configuration.presenceRetain))
    }

    // MARK: Running

    func run() async throws {
        // Before the broker hears of this gateway: one that cannot listen must not push another with the same client id
        // off the broker.
        for listener in configuration.listeners.map(\.configuration) {
            guard let admission = admission(of: listener.id) else { continue }
            listening(listener, at: try await listeners.add(listener, admission: admission))
        }
        link.start()
        let manager = ServiceManager.ofThisProcess
        manager?.tell(.ready)
        try await gracefulShutdown()
        manager?.tell(.stopping)
        await stop()
    }

    func listening(_ listener: ListenerConfiguration, at address: SocketAddress) {
        logger.info(
            "listening",
            metadata: [
                "listener": "\(listener.name)", "address": "\(address.hostAndPort)", "path": "\(listener.path)",
                "subprotocols": "\(listener.supportedSubprotocols.joined(separator: ","))",
            ])
    }

    private func stop() async {
        logger.info("stopping")
        draining.raise()
        await listeners.stopAccepting()
        await authenticator?.stop()
        await Drain(registry: registry, time: configuration.drainTime, logger: logger).run()
        status?.publish(.offline)
        takeover?.unsubscribe(from: link)
        neighbours?.unsubscribe(from: link)
        events.reportUnowned()
        let undelivered = await link.stop(deadline: .now() + Self.flushTime)
        if undelivered > 0 {
            logger.error("stopped with messages that the broker did not take", metadata: ["messages": "\(undelivered)"])
        } else {
            logger.info("stopped")
        }
    }

    /// Reads certificates and keys anew.
    var certificateReload: CertificateReload {
        CertificateReload(
            listeners: listeners,
            brokerFiles: configuration.brokerFiles,
            authenticatorFiles: configuration.authentication.filesOfConnections, logger: logger)
    }

    var memoryRelease: MemoryRelease { MemoryRelease(memory: memory, logger: logger) }

    private static func outagePolicy(
        _ configuration: GatewayConfiguration, registry: SessionRegistry, logger: Logger
    ) -> OutagePolicy? {
        guard case .disconnect(let timeout) = configuration.brokerOutage else { return nil }
        return OutagePolicy(timeout: timeout, registry: registry, logger: logger)
    }
}

extension SocketAddress {
    /// `127.0.0.1:33033`, `[::1]:33033`.
    var hostAndPort: String {
        let host = ipAddress ?? "?"
        return "\(host.contains(":") ? "[\(host)]" : host):\(port ?? 0)"
    }
}
