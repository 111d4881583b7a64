import CMosquitto
import Logging
import MemoryBudget
import ServiceLifecycle

/// Gives memory that is no longer used back to the system after a burst: the C library keeps it otherwise, for ever.
/// It looks now and then, on no thread that carries messages, and does nothing while the queues are filled.
struct MemoryRelease: Service {
    private static let interval = Duration.seconds(10)

    let memory: MemoryBudget
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var rule = MemoryReleaseRule(resident: MachineMemory.resident ?? .max)
            while !Task.isCancelled {
                do { try await Task.sleep(for: Self.interval) } catch { return }
                guard let resident = MachineMemory.resident, rule.isDue(resident: resident, queued: memory.used) else {
                    continue
                }
                let start = ContinuousClock.now
                cmosquitto_release_memory()
                let left = MachineMemory.resident ?? resident
                rule.released(resident: left)
                logger.debug(
                    "memory given back",
                    metadata: ["bytes": "\(resident - left)", "took": "\(ContinuousClock.now - start)"])
            }
        }
    }
}

/// When there may be something to give back.
struct MemoryReleaseRule {
    /// Less is not worth the walk over the heap.
    static let growth = 32 << 20

    /// After the last time, or the least since; bytes.
    private var least: Int

    /// - Parameter resident: what the process has at the beginning, in bytes.
    init(resident: Int = .max) {
        least = resident
    }

    /// - Parameters:
    ///   - resident: what the process has, in bytes.
    ///   - queued: what is still needed for messages.
    mutating func isDue(resident: Int, queued: Int) -> Bool {
        least = min(least, resident)
        return resident - least >= Self.growth && queued < (resident - least) / 4
    }

    /// What is there now is needed.
    mutating func released(resident: Int) {
        least = resident
    }
}
