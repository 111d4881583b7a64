import BackendHTTPClient
import BrokerLink
import BuildVersion
import BuiltInDatabaseAuthenticator
import CallTracing
import ChargePointSessions
import CredentialChecking
import Logging
import Management
import NIOCore
import NIOPosix
import ServiceLifecycle
import Settings
import WebSocketFrontEnd

/// The gateway: its rooms put together, started and stopped.
package struct Gateway: Sendable {
    private let loaded: LoadedConfiguration
    private let version: BuildVersion
    private let logs: GatewayLogs
    private let logger: Logger

    private var configuration: GatewayConfiguration { loaded.configuration }

    package init(_ loaded: LoadedConfiguration, version: BuildVersion, logs: GatewayLogs, logger: Logger) {
        self.loaded = loaded
        self.version = version
        self.logs = logs
        self.logger = logger
    }

    /// Runs until SIGTERM or SIGINT, then stops in order.
    ///
    /// - Throws: what keeps a listener from listening, or an `InvalidConfiguration`: what the authenticator cannot work
    ///   with.
    package func run() async throws {
        logger.info(
            "starting",
            metadata: [
                "version": "\(version.number)", "commit": "\(version.commit ?? "-")",
                "gateway": "\(configuration.gatewayID)",
            ])
        OpenFileLimit.raise(logger: logger)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        prepareDataDirectory()
        let authenticator = try await authenticator()
        let service = GatewayService(
            configuration: configuration, authenticator: authenticator, group: group, logger: logger,
            lineTracing: logs)
        let control = GatewayControl(
            service: service, loaded: loaded, gatewayVersion: version.number, gatewayCommit: version.commit, logs: logs,
            logger: logger)
        let management = try management(control)
        let logs = logs
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(
                service: await StopSignals(
                    logger: logger, flushLog: { logs.flush() },
                    reloadFiles: {
                        let isOfManagement = management?.server.reload() ?? false
                        await service.certificateReload.reloadAll(hasOthers: isOfManagement)
                    }),
                successTerminationBehavior: .ignore),
            .init(
                service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .cancelGroup),
        ]
        if let management {
            // In front of the gateway itself, so that it stops after it: who asks while it drains is told so.
            services.insert(.init(service: management, successTerminationBehavior: .ignore), at: 1)
        }
        if let exporter = try traceExporter(of: service) {
            // For the same reason: sessions that end while it stops end spans.
            services.insert(.init(service: exporter, successTerminationBehavior: .ignore), at: 1)
        }
        if let manager = ServiceManager.ofThisProcess, let interval = manager.signInterval {
            let watchdog = Watchdog(manager: manager, interval: interval, health: control)
            services.append(.init(service: watchdog, successTerminationBehavior: .ignore))
        }
        services.append(.init(service: service.memoryRelease, successTerminationBehavior: .ignore))
        services.append(.init(service: service.statistics, successTerminationBehavior: .ignore))
        services.append(.init(service: service.certificateReload, successTerminationBehavior: .ignore))
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .error)
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        ).run()
        try await group.shutdownGracefully()
    }

    /// Without management nobody but the user database writes there, which makes it itself.
    private func prepareDataDirectory() {
        guard configuration.management.bind != nil,
            let reason = DataDirectory.prepare(configuration.dataDirectory)
        else { return }
        logger.warning(
            "data_dir cannot be written: there are no traces, and changes of the configuration last until the next start",
            metadata: ["reason": "\(reason)"])
    }

    private func management(_ control: GatewayControl) throws(InvalidConfiguration) -> ManagementService? {
        do {
            let server = try ManagementServer(
                configuration: ManagementConfiguration(configuration), operations: control, page: EmbeddedPage(),
                logger: logger
            ) { [logger] address in
                logger.info("management listening", metadata: ["address": "\(address.hostAndPort)"])
            }
            return server.map { ManagementService(server: $0, logger: logger) }
        } catch {
            throw InvalidConfiguration(
                problems: [SettingProblem(expectation: "\(error)".shownInOneLine)], warnings: [],
                logFormat: configuration.logs.format)
        }
    }

    private func traceExporter(of service: GatewayService) throws(InvalidConfiguration) -> TraceExporter? {
        guard let tracer = service.tracer, let endpoint = configuration.tracing.endpoint else { return nil }
        let collector: CollectorConnection
        do {
            collector = try CollectorConnection(to: endpoint, version: version.number)
        } catch {
            throw InvalidConfiguration(
                problems: [SettingProblem(key: "tracing.otlp_endpoint", expectation: "\(error)".shownInOneLine)],
                warnings: [], logFormat: configuration.logs.format)
        }
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(endpoint.text)"
        let resource = TraceResource(gatewayID: configuration.gatewayID.text, version: version.number)
        return TraceExporter(
            tracer.queue, of: resource, logger: logger,
            send: { document async throws(BackendFailure) in try await collector.send(document) })
    }

    private func authenticator() async throws(InvalidConfiguration) -> GatewayAuthenticator? {
        do {
            return try await GatewayAuthenticator.make(
                configuration.authentication, directory: configuration.dataDirectory, logger: logger)
        } catch {
            throw InvalidConfiguration(
                problems: loaded.withValues(GatewayAuthenticator.problems(from: error)), warnings: [],
                logFormat: configuration.logs.format)
        }
    }
}

extension LoadedConfiguration {
    /// The same problems with the value that each key has, unless it is secret, and where that comes from.
    package func withValues(_ problems: [SettingProblem]) -> [SettingProblem] {
        problems.map { problem in
            guard let key = problem.key, problem.value == nil,
                let reading = readings.first(where: { $0.key.utf8.elementsEqual(key.utf8) })
            else { return problem }
            return reading.problem(problem.expectation)
        }
    }
}

extension GatewayConfiguration {
    /// What management finds wrong with its files beyond that they can be read; it listens nowhere.
    package var managementProblems: [SettingProblem] {
        let fault = ManagementServer.fault(of: ManagementConfiguration(self))
        return fault?.problems.map { SettingProblem(expectation: $0.shownInOneLine) } ?? []
    }

    /// What an authenticator finds wrong with its settings beyond each one's own form, and with a file of users; it asks
    /// nobody and opens no database.
    package func authenticatorProblems() async -> [SettingProblem] {
        guard authentication.effectiveBackend.isAsked else { return [] }
        if let own = authentication.own?.settings as? BuiltInDatabaseConfiguration {
            let problems = own.bootstrapProblems(authentication, directory: dataDirectory)
            return problems.map { GatewayAuthenticator.problems(from: $0) } ?? []
        }
        do {
            let made = try await GatewayAuthenticator.make(
                authentication, directory: dataDirectory,
                logger: Logger(label: "check") { _ in SwiftLogNoOpLogHandler() })
            await made?.stop()
            return []
        } catch {
            return GatewayAuthenticator.problems(from: error)
        }
    }
}
