import BrokerLink
import ChargePointSessions
import Logging
import MemoryBudget
import NIOCore
import ServiceLifecycle
import WebSocketFrontEnd

/// What the gateway is there for: the listeners, the sessions and the broker link between them.
final class GatewayService: Service {
    /// After the drain, what is pending may take this long to reach the broker.
    private static let flushTime = TimeAmount.seconds(10)
    private let configuration: GatewayConfiguration
    private let logger: Logger
    private let registry = SessionRegistry()
    private let counters = SessionCounters()
    private let memory: MemoryBudget
    private let link: BrokerLink
    private let admission: ChargePointAdmission
    private let listeners: [WebSocketListener]
    private let status: GatewayStatus?
    private let takeover: TakeoverListener?
    private let events: BrokerEvents

    init(configuration: GatewayConfiguration, group: any EventLoopGroup, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        let registry = registry
        let counters = counters
        let memory = MemoryBudget(limit: configuration.memoryLimit ?? MachineMemory.bytes / 4)
        self.memory = memory
        let outage = Self.outagePolicy(configuration, registry: registry, logger: logger)
        let status = GatewayStatus(configuration)
        self.status = status
        let takeover = TakeoverListener(
            configuration, registry: registry, counters: counters, eventLoop: group.next(), logger: logger)
        self.takeover = takeover
        let events = BrokerEvents(
            registry: registry, templates: configuration.listeners.map(\.topics), counters: counters,
            takeover: takeover,
            logger: logger
        ) { connection, isUp in
            outage?.linkChanged(isUp: isUp)
            if isUp, connection == 0 { status?.publish(.online) }
        }
        var broker = configuration.broker
        broker.will = status?.will
        // What is longer is refused by its length; one byte more shows that it is.
        broker.longestDelivery = 1 + (configuration.listeners.map(\.configuration.maxFrameSize).max() ?? 0)
        let link = BrokerLink(configuration: broker, observer: events, memory: memory, logger: logger)
        self.link = link
        self.events = events
        status?.attach(link.connections.first)
        takeover?.subscribe(on: link)
        admission = ChargePointAdmission(
            entrances: Self.entrances(
                configuration, registry: registry, counters: counters, takeover: takeover, link: link, memory: memory,
                logger: logger),
            link: link, refusesWithoutBroker: outage != nil, counters: counters, logger: logger)
        let admission = admission
        listeners = configuration.listeners.map { listener in
            WebSocketListener(
                configuration: listener.configuration, group: group, admission: admission, memory: memory,
                logger: logger)
        }
    }

    func run() async throws {
        // Before the broker hears of this gateway: one that cannot listen must not push another with the same client id
        // off the broker.
        for (listener, settings) in zip(listeners, configuration.listeners) {
            let address = try await listener.start()
            logger.info(
                "listening",
                metadata: [
                    "listener": "\(settings.configuration.name)", "address": "\(address.hostAndPort)",
                    "path": "\(settings.configuration.path)",
                    "subprotocols": "\(settings.configuration.supportedSubprotocols.joined(separator: ","))",
                ])
        }
        link.start()
        try await gracefulShutdown()
        await stop()
    }

    private func stop() async {
        logger.info("stopping")
        admission.drain()
        for listener in listeners { await listener.stopAccepting() }
        await Drain(registry: registry, time: configuration.drainTime, logger: logger).run()
        status?.publish(.offline)
        takeover?.unsubscribe(from: link)
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
            listeners: zip(configuration.listeners, listeners).compactMap { .init($0.configuration, $1) },
            brokerFiles: configuration.brokerFiles, logger: logger)
    }

    func statistics(every interval: Duration) -> StatisticsLog {
        StatisticsLog(
            interval: interval, counters: counters, registry: registry, link: link, memory: memory, logger: logger)
    }

    var memoryRelease: MemoryRelease { MemoryRelease(memory: memory, logger: logger) }

    private static func outagePolicy(
        _ configuration: GatewayConfiguration, registry: SessionRegistry, logger: Logger
    ) -> OutagePolicy? {
        guard case .disconnect(let timeout) = configuration.brokerOutage else { return nil }
        return OutagePolicy(timeout: timeout, registry: registry, logger: logger)
    }

    private static func entrances(
        _ configuration: GatewayConfiguration, registry: SessionRegistry, counters: SessionCounters,
        takeover: TakeoverListener?, link: BrokerLink, memory: MemoryBudget, logger: Logger
    ) -> [String: ChargePointAdmission.Entrance] {
        let entrances = configuration.listeners.map { listener in
            let context = SessionContext(
                settings: listener.sessions, formatChecking: configuration.formatChecking.checking, registry: registry,
                counters: counters, logger: logger,
                logsWholeFrames: configuration.logs.showsFrames, gatewayID: configuration.gatewayID,
                retainsPresence: configuration.presenceRetain, claims: takeover?.gatewayClaims,
                memory: memory)
            return (
                listener.configuration.name,
                ChargePointAdmission.Entrance(
                    topics: listener.topics, context: context, authenticator: nil,
                    logins: configuration.broker.sessions == .shared
                        ? nil
                        : ChargePointLogins(
                            link: link, topics: listener.topics,
                            clientIDs: OwnClientIDs(
                                template: listener.clientID, taken: configuration.broker.ownClientIDs),
                            passesCredentials: listener.passesCredentials,
                            userNames: configuration.userNames,
                            gatewayID: configuration.gatewayID,
                            retainsPresence: configuration.presenceRetain))
            )
        }
        return Dictionary(uniqueKeysWithValues: entrances)
    }
}

extension SocketAddress {
    /// `127.0.0.1:33033`, `[::1]:33033`.
    fileprivate var hostAndPort: String {
        let host = ipAddress ?? "?"
        return "\(host.contains(":") ? "[\(host)]" : host):\(port ?? 0)"
    }
}
