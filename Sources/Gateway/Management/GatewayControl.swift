import Logging
import Synchronization

/// What management sees of the gateway and does to it. One extension for each of management's protocols; nothing here is
/// on the way of a message.
final class GatewayControl: Sendable {
    let service: GatewayService
    let gatewayVersion: String
    let logs: GatewayLogs
    /// As it is now: what the gateway was started with, and the changes since.
    let loaded: Mutex<LoadedConfiguration>
    let logger: Logger

    init(
        service: GatewayService, loaded: LoadedConfiguration, gatewayVersion: String, logs: GatewayLogs, logger: Logger
    ) {
        self.service = service
        self.loaded = Mutex(loaded)
        self.gatewayVersion = gatewayVersion
        self.logs = logs
        self.logger = logger
    }
}
