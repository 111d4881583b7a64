import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The management server: HTTP/1.1 on `management.bind`, on a thread of its own. Nothing that is asked here may slow a
/// message, so it shares neither event loop nor executor with the charge points.
package final class ManagementServer: Service {
    private let configuration: ManagementConfiguration
    private let bind: ManagementConfiguration.Address
    private let operations: any GatewayOperations
    private let page: (any ManagementPage)?
    private let onListening: @Sendable (SocketAddress) async -> Void
    private let logger: Logger
    private let keys: APIKeys
    private let tls: TLSMaterialInUse?
    private let requests = RequestCount()

    /// - Parameters:
    ///   - configuration: With a `bind`; without, there is nothing to make.
    ///   - page: The files of `GET /`; nil: there is no page.
    ///   - onListening: Called with the address once it listens.
    /// - Throws: ``ManagementFault`` for key files and certificates that cannot be read.
    package init?(
        configuration: ManagementConfiguration, operations: any GatewayOperations, page: (any ManagementPage)? = nil,
        logger: Logger, onListening: @escaping @Sendable (SocketAddress) async -> Void = { _ in }
    ) throws {
        guard let bind = configuration.bind else { return nil }
        self.configuration = configuration
        self.bind = bind
        self.operations = operations
        self.page = configuration.showsPage ? page : nil
        self.onListening = onListening
        self.logger = logger
        keys = APIKeys(try Self.readKeys(configuration))
        tls = try Self.material(configuration)
    }

    /// What keeps the server from being made; it opens nothing but the files.
    package static func fault(of configuration: ManagementConfiguration) -> ManagementFault? {
        guard configuration.bind != nil else { return nil }
        do {
            _ = try readKeys(configuration)
            _ = try material(configuration)
            return nil
        } catch {
            return error
        }
    }

    private static func material(
        _ configuration: ManagementConfiguration
    ) throws(ManagementFault) -> TLSMaterialInUse? {
        guard let files = configuration.tls else { return nil }
        do {
            return try TLSMaterialInUse(files)
        } catch {
            throw ManagementFault(["management.ssl_options: the certificate or its key cannot be read: \(error)"])
        }
    }

    /// SIGHUP: key file and certificate are read again. What cannot be read leaves what there was, and each is logged.
    ///
    /// - Returns: Whether there is any such file.
    @discardableResult
    package func reload() -> Bool {
        let hasKeys = reloadKeys()
        let hasCertificate = reloadCertificate()
        return hasKeys || hasCertificate
    }

    private func reloadKeys() -> Bool {
        guard let path = configuration.keysFile else { return false }
        do {
            keys.replace(by: try Self.readKeys(configuration))
            logger.notice("management: API keys reloaded", metadata: ["files": "\(path)"])
        } catch {
            logger.error("management: not reloaded", metadata: ["files": "\(path)", "reason": "\(error)"])
        }
        return true
    }

    private func reloadCertificate() -> Bool {
        guard let tls, let files = configuration.tls else { return false }
        let paths = "\(files.certificates), \(files.privateKey)"
        do {
            try tls.reload()
            logger.notice("management: certificate reloaded", metadata: ["files": "\(paths)"])
        } catch {
            logger.error(
                "management: certificate not reloaded", metadata: ["files": "\(paths)", "reason": "\(error)"])
        }
        return true
    }

    /// Ends when the group it runs in shuts down; streams end then at once.
    package func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let executor = LoopTaskExecutor(group.next())
        let result: Result<Void, any Error>
        do {
            try await withTaskExecutorPreference(executor) {
                try await self.serve(on: group, executor)
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await group.shutdownGracefully()
        try result.get()
    }

    private func serve(on group: MultiThreadedEventLoopGroup, _ executor: LoopTaskExecutor) async throws {
        let traces = await startTraces(on: group.next())
        let limits = configuration.limits
        let tls = tls
        let places = ConnectionPlaces(limits.connections)
        let application = Application(
            responder: responder(executor, traces, places),
            server: HTTPServerBuilder {
                ManagementChannel(responder: $0, limits: limits, tls: tls, places: places)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(bind.host, port: bind.port), backlog: 128),
            onServerRunning: { [onListening] channel in
                guard let address = channel.localAddress else { return }
                await onListening(address)
            },
            eventLoopGroupProvider: .shared(group), logger: quietLogger)
        do {
            try await application.run()
        } catch {
            await traces?.stop()
            throw error
        }
        await traces?.stop()
    }

    /// `GET /healthz` and so on: what the description of the API is held against.
    package static func routeNames(for operations: any GatewayOperations) -> [String] {
        ManagementRoutes.table(
            operations, limits: ManagementConfiguration.Limits(), traces: nil, page: nil, requests: RequestCount()
        ).routes.map { "\($0.method.rawValue) \($0.path)" }
    }

    private func startTraces(on eventLoop: any EventLoop) async -> TraceStore? {
        guard let directory = configuration.tracesDirectory else { return nil }
        let store = TraceStore(
            directory: directory, node: operations.gatewayID, watcher: operations, eventLoop: eventLoop, logger: logger)
        await store.start()
        return store
    }

    private func responder(
        _ executor: LoopTaskExecutor, _ traces: TraceStore?, _ places: ConnectionPlaces
    ) -> ManagementResponder {
        ManagementResponder(
            routes: ManagementRoutes.table(
                operations, limits: configuration.limits, traces: traces, page: page, requests: requests),
            gatekeeper: Gatekeeper(
                keys: keys,
                origins: OriginRule(
                    isLoopback: bind.isLoopback, isHTTPS: tls != nil, hostName: Self.hostName),
                isTrustedProxy: configuration.isTrustedProxy, logger: logger),
            limits: configuration.limits, metricsNeedKey: configuration.metricsNeedKey,
            isReadOnly: configuration.isReadOnly, executor: executor, requests: requests, places: places,
            logger: logger)
    }

    /// Hummingbird has a word for each connection.
    private var quietLogger: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    private static var hostName: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).lowercased()
    }

    private static func readKeys(_ configuration: ManagementConfiguration) throws(ManagementFault) -> [APIKey] {
        var keys = configuration.key.map { [$0] } ?? []
        guard let path = configuration.keysFile else { return keys }
        let bytes: [UInt8]
        do {
            bytes = try FileBytes.read(path, upTo: APIKeyFile.largest)
        } catch {
            throw ManagementFault(["management.api_keys_file: \(error.words)"])
        }
        do {
            keys += try APIKeyFile.read(bytes, besides: configuration.key)
        } catch {
            throw ManagementFault(error.problems.map { "management.api_keys_file: \($0)" })
        }
        return keys
    }
}
