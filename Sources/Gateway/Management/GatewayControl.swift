import Logging
import Management
import Synchronization

/// What management sees of the gateway and does to it. One extension for each of management's protocols; nothing here is
/// on the way of a message.
final class GatewayControl: Sendable {
    let service: GatewayService
    let gatewayVersion: String
    let gatewayCommit: String?
    let logs: GatewayLogs
    let logger: Logger
    /// As it is now: what the gateway was started with, and the changes since.
    let loaded: Mutex<LoadedConfiguration>
    let run: Mutex<GatewayRun>
    let changes: ChangeQueue
    /// Opened when somebody asks for them while the authenticator is switched off.
    let idleUsers = Mutex<IdleUsers?>(nil)

    init(
        service: GatewayService, loaded: LoadedConfiguration, gatewayVersion: String, gatewayCommit: String? = nil,
        logs: GatewayLogs, logger: Logger
    ) {
        self.service = service
        self.loaded = Mutex(loaded.showing(acceptors: service.sight.pulse.loopCount))
        self.gatewayVersion = gatewayVersion
        self.gatewayCommit = gatewayCommit
        self.logs = logs
        self.logger = logger
        changes = ChangeQueue(logger: logger)
        run = Mutex(GatewayRun(createdAt: .now))
    }
}

/// Whether the gateway takes charge points, as operators want it.
struct GatewayRun: Sendable {
    let createdAt: Timestamp
    private(set) var startedAt: Timestamp?
    private(set) var stoppedAt: Timestamp?

    init(createdAt: Timestamp) {
        self.createdAt = createdAt
        startedAt = createdAt
    }

    var isEnabled: Bool { startedAt != nil }

    mutating func start(at now: Timestamp) {
        guard !isEnabled else { return }
        (startedAt, stoppedAt) = (now, nil)
    }

    mutating func stop(at now: Timestamp) {
        guard isEnabled else { return }
        (startedAt, stoppedAt) = (nil, now)
    }
}
