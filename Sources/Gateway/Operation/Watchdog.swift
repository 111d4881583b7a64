import Management
import ServiceLifecycle

/// Tells the service manager that everything turns, as long as it does (`WatchdogSec`); else it starts the gateway anew.
struct Watchdog: Service {
    let manager: ServiceManager
    let interval: Duration
    let health: any HealthOperations

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if case .alive = await health.liveness() { manager.tell(.alive) }
                try? await Task.sleep(for: interval)
            }
        }
    }
}
