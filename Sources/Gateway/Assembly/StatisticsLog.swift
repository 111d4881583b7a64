import BrokerLink
import ChargePointSessions
import Logging
import MemoryBudget
import ServiceLifecycle

/// One line about everything, at an interval (`stats.interval`).
struct StatisticsLog: Service {
    let interval: Duration
    let counters: GatewayCounters
    let registry: SessionRegistry
    let link: BrokerLink
    let memory: MemoryBudget
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await Task.sleep(for: interval) } catch { return }
                write()
            }
        }
    }

    func write() {
        var metadata: Logger.Metadata = [
            "sessions": "\(registry.count)",
            "broker": "\(link.isUp ? "up" : "down")",
            "broker_pending": "\(link.pendingCount)",
            "queued_bytes": "\(memory.used)",
        ]
        for count in GatewayCounters.Count.allCases { metadata[count.name] = "\(counters.value(count))" }
        logger.info("statistics", metadata: metadata)
    }
}
