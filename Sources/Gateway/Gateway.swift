import BrokerLink
import ChargePointSessions
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Settings
import WebSocketFrontEnd

/// The gateway: its rooms put together, started and stopped.
package struct Gateway: Sendable {
    private let configuration: GatewayConfiguration
    private let logger: Logger
    private let flushLog: @Sendable () -> Void

    /// - Parameter flushLog: called before the process ends in a hurry.
    package init(configuration: GatewayConfiguration, logger: Logger, flushLog: @escaping @Sendable () -> Void = {}) {
        self.configuration = configuration
        self.logger = logger
        self.flushLog = flushLog
    }

    /// Runs until SIGTERM or SIGINT, then stops in order.
    ///
    /// - Throws: what keeps a listener from listening, or an `InvalidConfiguration`: what the authenticator cannot work
    ///   with.
    package func run() async throws {
        OpenFileLimit.raise(logger: logger)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let authenticator = try await authenticator()
        let service = GatewayService(
            configuration: configuration, authenticator: authenticator, group: group, logger: logger)
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(
                service: await StopSignals(
                    logger: logger, flushLog: flushLog, reloadFiles: { await service.certificateReload.reloadAll() }),
                successTerminationBehavior: .ignore),
            .init(
                service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .cancelGroup),
        ]
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

    private func authenticator() async throws(InvalidConfiguration) -> GatewayAuthenticator? {
        do {
            return try await GatewayAuthenticator.make(
                configuration.authentication, directory: configuration.dataDirectory, logger: logger)
        } catch {
            throw InvalidConfiguration(
                problems: GatewayAuthenticator.problems(from: error), warnings: [], logFormat: configuration.logs.format
            )
        }
    }
}

extension GatewayConfiguration {
    /// What an authenticator finds wrong with its settings beyond each one's own form; it asks nobody and opens no
    /// database.
    package func authenticatorProblems() async -> [SettingProblem] {
        guard authentication.effectiveBackend.isAsked, authentication.effectiveBackend != .builtInDatabase else {
            return []
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
