import BrokerLink
import ChargePointSessions
import Logging
import Synchronization

/// `broker.outage: disconnect`: when the broker has been away for too long, the sessions end, so that a load balancer
/// moves the charge points to a gateway that still reaches it.
final class OutagePolicy: Sendable {
    private let timeout: Duration
    private let registry: SessionRegistry
    private let logger: Logger
    private let waiting = Mutex<Task<Void, Never>?>(nil)

    init(timeout: Duration, registry: SessionRegistry, logger: Logger) {
        self.timeout = timeout
        self.registry = registry
        self.logger = logger
    }

    func linkChanged(isUp: Bool) {
        waiting.withLock { task in
            if isUp {
                task?.cancel()
                task = nil
            } else if task == nil {
                task = Task { await endSessions() }
            }
        }
    }

    private func endSessions() async {
        do { try await Task.sleep(for: timeout) } catch { return }
        let sessions = registry.all
        logger.error(
            "the broker has been away for too long: sessions are closed", metadata: ["sessions": "\(sessions.count)"])
        for session in sessions {
            session.eventLoop.execute { session.assumeIsolated { $0.end(.brokerOutage) } }
        }
    }
}
