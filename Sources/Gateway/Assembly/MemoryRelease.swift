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
            var rule = MemoryReleaseRule(kept: Self.kept)
            while !Task.isCancelled {
                do { try await Task.sleep(for: Self.interval) } catch { return }
                guard rule.isDue(kept: Self.kept, queued: memory.used) else { continue }
                let resident = MachineMemory.resident ?? 0
                let start = ContinuousClock.now
                cmosquitto_release_memory()
                let left = MachineMemory.resident ?? resident
                rule.released(kept: Self.kept)
                logger.debug(
                    "memory given back",
                    metadata: ["bytes": "\(resident - left)", "took": "\(ContinuousClock.now - start)"])
            }
        }
    }

    private static var kept: Int { Int(clamping: cmosquitto_kept_memory()) }
}

/// When there may be something to give back: the C library keeps more of what was freed than it did. How much the
/// process has would not tell, since what it needed with many sessions may be the least that it has had since.
struct MemoryReleaseRule {
    /// Less is not worth the walk over the heap.
    static let growth = 32 << 20

    /// After the last time, or the least since; bytes.
    private var least: Int

    /// - Parameter kept: at the beginning, in bytes.
    init(kept: Int = .max) {
        least = kept
    }

    /// - Parameters:
    ///   - kept: of what was freed, in bytes.
    ///   - queued: what is still needed for messages: while much is, more will be.
    mutating func isDue(kept: Int, queued: Int) -> Bool {
        least = min(least, kept)
        return kept - least >= Self.growth && queued < (kept - least) / 4
    }

    /// What is kept now the system has.
    mutating func released(kept: Int) {
        least = kept
    }
}
