import Logging

/// The whole gateway: the broker link, the sessions and the listeners, put together.
public struct Gateway: Sendable {
    private let configuration: GatewayConfiguration
    private let logger: Logger

    /// - Throws: what keeps a gateway with this configuration from being put together.
    public init(configuration: GatewayConfiguration, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
    }

    /// Runs until the process is told to stop.
    public func run() async throws {
        logger.notice("not assembled yet", metadata: ["gateway": "\(configuration.gatewayID)"])
    }
}
