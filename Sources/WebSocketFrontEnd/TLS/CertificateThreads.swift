import NIOCore
import NIOPosix
import Synchronization

/// The threads on which client certificates are verified: few, and none of those that serve connections, so that whoever
/// sends costly certificates keeps only others that send certificates waiting.
final class CertificateThreads: Sendable {
    /// For all listeners of the process.
    static let shared = CertificateThreads(count: 2, longestQueue: 256)

    private let group: MultiThreadedEventLoopGroup
    private let longestQueue: Int
    private let waiting = Atomic(0)

    /// - Parameter longestQueue: So many verifications may wait or run; each holds a chain of certificates.
    init(count: Int, longestQueue: Int) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: count)
        self.longestQueue = longestQueue
    }

    /// Starts `work` on one of the threads. Cancelling the task tells it that nobody waits any more.
    ///
    /// - Returns: Nil where too many wait.
    func run<Result: Sendable>(
        _ work: @escaping @Sendable () async -> Result, then done: @escaping @Sendable (Result) -> Void
    ) -> Task<Void, Never>? {
        guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= longestQueue else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            return nil
        }
        return Task(executorPreference: LoopExecutor(eventLoop: group.next())) {
            let result = await work()
            self.waiting.wrappingSubtract(1, ordering: .relaxed)
            done(result)
        }
    }
}

/// Runs a task on the thread of an event loop.
private final class LoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
