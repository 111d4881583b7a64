import BrokerLink
import ChargePointSessions
import Logging
import ServiceLifecycle

/// One line about everything, at an interval (`stats.interval`), left out while nothing has changed since the last.
final class StatisticsLog: Service {
    static let message = "statistics"

    private let intervals: AsyncStream<Duration?>
    private let nextInterval: AsyncStream<Duration?>.Continuation
    let counters: SessionCounters
    let registry: SessionRegistry
    let link: BrokerLink
    let logger: Logger

    init(counters: SessionCounters, registry: SessionRegistry, link: BrokerLink, logger: Logger) {
        (intervals, nextInterval) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.counters = counters
        self.registry = registry
        self.link = link
        self.logger = logger
    }

    /// - Parameter interval: from now on; nil: no line (`enable_stats` off).
    func use(_ interval: Duration?) {
        nextInterval.yield(interval)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var lines: Task<Void, Never>?
            for await interval in self.intervals {
                lines?.cancel()
                lines = interval.map { interval in Task { await self.write(every: interval) } }
            }
            lines?.cancel()
        }
    }

    private func write(every interval: Duration) async {
        var last: Logger.Metadata?
        while !Task.isCancelled {
            do { try await Task.sleep(for: interval) } catch { return }
            let line = line
            if line != last { logger.info("\(Self.message)", metadata: line) }
            last = line
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
