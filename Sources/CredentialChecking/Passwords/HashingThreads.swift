import DequeModule
import Dispatch
import Foundation
import Synchronization

/// Where passwords are hashed: one thread a core, of their own, so that neither an event loop nor Swift's own threads
/// stand still while a hash takes its time; and less important than those, so that messages go first.
package final class HashingThreads: Sendable {
    package static let shared = HashingThreads()

    private struct Job {
        var work: @Sendable () -> Void
    }

    private struct State {
        var jobs = Deque<Job>()
        var isClosed = false
    }

    package let count: Int
    /// Jobs that may wait. What asks for hashes is bounded itself; this is for when all of it comes together.
    private let capacity: Int
    private let state = Mutex(State())
    private let arrivals = DispatchSemaphore(value: 0)

    package init(count: Int = ProcessInfo.processInfo.activeProcessorCount, capacity: Int = 20_000) {
        self.capacity = capacity
        self.count = max(count, 1)
        for index in 0..<self.count {
            let thread = Thread { [weak self, arrivals] in
                Self.lowerPriority()
                while true {
                    arrivals.wait()
                    guard let job = self?.next() else {
                        // Closed and empty: the next thread is to see that too.
                        arrivals.signal()
                        return
                    }
                    job.work()
                }
            }
            thread.name = "hash \(index)"
            thread.start()
        }
    }

    var waiting: Int { state.withLock { $0.jobs.count } }

    deinit {
        close()
    }

    /// Nil: too many wait, or the task was cancelled before its turn came.
    package func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result? {
        let isCancelled = CancelFlag()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result?, Never>) in
                let isTaken = take(
                    Job { continuation.resume(returning: isCancelled.isSet ? nil : work()) })
                if !isTaken { continuation.resume(returning: nil) }
            }
        } onCancel: {
            isCancelled.set()
        }
    }

    /// Ends the threads after what they have been given.
    package func close() {
        state.withLock { $0.isClosed = true }
        arrivals.signal()
    }

    private func take(_ job: Job) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isClosed, state.jobs.count < capacity else { return false }
            state.jobs.append(job)
            return true
        }
        if isTaken { arrivals.signal() }
        return isTaken
    }

    private func next() -> Job? {
        state.withLock { $0.jobs.popFirst() }
    }

    /// Of this thread alone; Linux keeps a nice value for each.
    private static func lowerPriority() {
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
    }
}

private final class CancelFlag: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .relaxed) }

    func set() {
        flag.store(true, ordering: .relaxed)
    }
}
