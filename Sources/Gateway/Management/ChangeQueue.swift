import Dispatch
import Logging
import Management

/// What changes the gateway is done one at a time, in the order in which it was asked for, and to its end also when
/// whoever has asked goes away. What has to wait too long for its turn is given up, with the name of what holds it up.
actor ChangeQueue {
    private struct UnderWay {
        let number: Int
        let name: String
        let since = Timestamp.now
        let start = ContinuousClock.now
        /// The log has been told.
        var isLate = false
    }

    private struct Waiting {
        let number: Int
        let name: String
        let turn: CheckedContinuation<OperationFailure?, Never>
    }

    private var underWay: UnderWay?
    private var waiting: [Waiting] = []
    private var number = 0
    private let patience: Duration
    private let logger: Logger
    /// A change reads files, and one on a disk that does not answer holds its thread: one of its own.
    private let executor = ChangeExecutor()

    /// - Parameter patience: How long a change may wait for its turn, less than a request may take; one that is under way
    ///   for longer is an error in the log.
    init(patience: Duration = .seconds(20), logger: Logger) {
        self.patience = patience
        self.logger = logger
    }

    /// - Parameter name: What is changed, for those who have to wait for it. Never a value.
    func run<Value: Sendable>(
        _ name: String, _ change: @escaping @Sendable () async throws(OperationFailure) -> Value
    ) async throws(OperationFailure) -> Value {
        number += 1
        let number = number
        try await turn(number, name)
        let watch = Task { [patience] in
            try await Task.sleep(for: patience)
            self.noteLate(number)
        }
        let work = Task(executorPreference: executor) { () async -> Result<Value, OperationFailure> in
            do throws(OperationFailure) {
                return .success(try await change())
            } catch {
                return .failure(error)
            }
        }
        // Not the task of whoever has asked, which may be cancelled.
        let end = Task {
            let result = await work.value
            watch.cancel()
            self.next()
            return result
        }
        return try await end.value.get()
    }

    var waitingCount: Int { waiting.count }

    private func turn(_ number: Int, _ name: String) async throws(OperationFailure) {
        guard underWay != nil else {
            underWay = UnderWay(number: number, name: name)
            return
        }
        let failure = await withCheckedContinuation { turn in
            waiting.append(Waiting(number: number, name: name, turn: turn))
            Task { [patience] in
                try await Task.sleep(for: patience)
                self.giveUp(number)
            }
        }
        if let failure { throw failure }
    }

    /// Nothing where its turn has come in time.
    private func giveUp(_ number: Int) {
        guard let place = waiting.firstIndex(where: { $0.number == number }) else { return }
        let words =
            underWay.map { "a change of \($0.name) has been under way since \($0.since.text)" }
            ?? "others are under way"
        waiting.remove(at: place).turn.resume(
            returning: .unavailable("nothing was changed: \(words), and each change waits for the one before"))
    }

    private func next() {
        if let done = underWay, done.isLate {
            logger.notice("a change that took long has come to its end", metadata: Self.metadata(done))
        }
        guard let first = waiting.first else {
            underWay = nil
            return
        }
        waiting.removeFirst()
        underWay = UnderWay(number: first.number, name: first.name)
        first.turn.resume(returning: nil)
    }

    private func noteLate(_ number: Int) {
        guard let late = underWay, late.number == number else { return }
        underWay?.isLate = true
        logger.error(
            "a change does not come to its end: every other waits for it, and is given up",
            metadata: Self.metadata(late))
    }

    private static func metadata(_ change: UnderWay) -> Logger.Metadata {
        let time = change.start.duration(to: .now)
        return [
            "change": "\(change.name)", "since": "\(change.since.text)", "seconds": "\(time.components.seconds)",
        ]
    }
}

/// One thread for changes.
private final class ChangeExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "configuration-change")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
