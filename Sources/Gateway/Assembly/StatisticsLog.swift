import BrokerLink
import ChargePointSessions
import Logging
import MemoryBudget
import ServiceLifecycle

/// One line about everything, at an interval (`stats.interval`), left out while nothing has changed since the last.
struct StatisticsLog: Service {
    let interval: Duration
    let counters: SessionCounters
    let registry: SessionRegistry
    let link: BrokerLink
    let memory: MemoryBudget
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var last: Logger.Metadata?
            while !Task.isCancelled {
                do { try await Task.sleep(for: interval) } catch { return }
                let line = line
                if line != last { logger.info("statistics", metadata: line) }
                last = line
            }
        }
    }

    private var line: Logger.Metadata {
        var metadata: Logger.Metadata = [
            "sessions": "\(registry.count)",
            "broker": "\(link.isUp ? "up" : "down")",
            "broker_pending": "\(link.pendingCount)",
        ]
        for count in SessionCount.allCases { metadata[count.name] = "\(counters.value(count))" }
        return metadata
    }
}
