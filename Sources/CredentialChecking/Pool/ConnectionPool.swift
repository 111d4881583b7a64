import Synchronization

/// A few connections to one backend, each on a thread of its own, opened as they are needed: 10,000 charge points that
/// connect at once wait for `pool_size` of them.
///
/// What is decided is decided by ``PoolRules``; here are the threads, the clock and those who wait. A caller gets its
/// verdict when its time is over even if the library's call does not return.
package final class ConnectionPool<Connector: BlockingConnector>: Sendable {
    package typealias Request = Connector.Connection.Request
    package typealias Answer = Connector.Connection.Answer
    private typealias Worker = PoolRules.Worker

    private struct Waiting {
        let request: Request
        let continuation: CheckedContinuation<Result<Answer, BackendFailure>, Never>
    }

    private struct State: ~Copyable {
        var rules: PoolRules
        var waiting: [PoolRules.Request: Waiting] = [:]
        var threads: [Worker: BackendThread] = [:]
        var requests = 0
        var hasWatch = false
        /// Until when the watch sleeps; nil: until it is woken.
        var watchSleepsUntil: ContinuousClock.Instant?
        var closing: [CheckedContinuation<Void, Never>] = []
    }

    private let connector: Connector
    private let limits: PoolLimits
    /// What a whole attempt to connect may take: each server in turn has its own time.
    private let connectBudget: Duration
    private let name: String
    private let watch = BackendThread()
    private let state: Mutex<State>

    /// - Parameters:
    ///   - name: of the backend, for the threads' names.
    ///   - servers: how many are tried in turn for one connection.
    package init(_ connector: Connector, limits: PoolLimits, name: String, servers: Int = 1) {
        self.connector = connector
        self.limits = limits
        self.name = name
        connectBudget = limits.connectTimeout * max(1, servers)
        state = Mutex(State(rules: PoolRules(limits: limits)))
    }

    /// Waits for a free connection and for its answer.
    /// - Throws: What the backend said instead; where the task is cancelled, an `unreachable` that means nothing: then
    ///   nobody reads it.
    package func ask(_ request: Request) async throws(BackendFailure) -> Answer {
        let number = state.withLock { state in
            state.requests += 1
            return PoolRules.Request(number: state.requests)
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enter(number, Waiting(request: request, continuation: continuation))
                // The task may have been cancelled before there was anything to take out again.
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
        return try result.get()
    }

    /// Closes every connection, and waits for the threads that still answer. Nothing may be asked any more.
    package func close() async {
        let (refused, threads) = state.withLock { state in
            state.rules.close()
            defer { state.waiting.removeAll() }
            return (Array(state.waiting.values), Array(state.threads.values))
        }
        for waiting in refused { waiting.continuation.resume(returning: .failure(Self.closedFailure)) }
        for thread in threads { thread.wake() }
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.rules.hasEnded { state.closing.append(continuation) }
                return state.rules.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
        watch.wake()
    }

    // MARK: Those who wait

    private func enter(_ number: PoolRules.Request, _ waiting: Waiting) {
        let asked = state.withLock { state in
            let asked = state.rules.asked(number, now: .now)
            if asked != .refuse { state.waiting[number] = waiting }
            return asked
        }
        switch asked {
        case .wait: break
        case .wake(let worker): state.withLock { $0.threads[worker] }?.wake()
        case .start(let worker): start(worker)
        case .refuse:
            waiting.continuation.resume(
                returning: .failure(BackendFailure(.unreachable, reason: "no connection answers any more")))
        }
    }

    private func cancel(_ number: PoolRules.Request) {
        let waiting = state.withLock { state in
            state.rules.cancelled(number)
            return state.waiting.removeValue(forKey: number)
        }
        waiting?.continuation.resume(returning: .failure(BackendFailure(.unreachable, reason: "nobody waits any more")))
    }

    private func answer(_ number: PoolRules.Request, _ result: Result<Answer, BackendFailure>) {
        state.withLock { $0.waiting.removeValue(forKey: number) }?.continuation.resume(returning: result)
    }

    private static var closedFailure: BackendFailure { BackendFailure(.unreachable, reason: "the gateway stops") }

    // MARK: Threads

    private func start(_ worker: Worker) {
        let thread = BackendThread()
        state.withLock { $0.threads[worker] = thread }
        guard thread.start(name: "\(name)-\(worker.number)", body: { self.work(worker, thread) }) else {
            let number = state.withLock { state in
                // It never ran: what it was given is what it would have taken first.
                let order = state.rules.take(worker, now: .now)
                state.rules.ended(worker)
                state.threads[worker] = nil
                return if case .serve(let number) = order { number } else { PoolRules.Request?.none }
            }
            if let number {
                answer(number, .failure(BackendFailure(.unreachable, reason: "the system has no thread left")))
            }
            return
        }
        startWatch()
    }

    private func work(_ worker: Worker, _ thread: BackendThread) {
        var connection: Connector.Connection?
        while true {
            switch state.withLock({ $0.rules.take(worker, now: .now) }) {
            case .serve(let number):
                let result = serve(number, worker, &connection)
                finish(worker, &connection, result)
            case .ping:
                ping(worker, &connection)
                finish(worker, &connection, nil)
            case .sleep(let until):
                thread.sleep(until: until)
            case .end:
                connection?.close()
                return end(worker)
            }
        }
    }

    /// Asks on the connection that there is, or on a fresh one.
    /// - Returns: nil: nobody waits for it.
    private func serve(
        _ number: PoolRules.Request, _ worker: Worker, _ connection: inout Connector.Connection?
    ) -> Result<Answer, BackendFailure>? {
        guard let request = state.withLock({ $0.waiting[number]?.request }) else { return nil }
        var isFresh = false
        while true {
            do throws(ConnectionFault) {
                if connection == nil {
                    guard begin(worker, connectBudget) else { return nil }
                    connection = try connector.connect()
                    isFresh = true
                }
                guard begin(worker, limits.queryTimeout) else { return nil }
                guard let answer = try connection?.ask(request) else { return nil }
                return .success(answer)
            } catch {
                guard !error.leavesConnectionUsable else { return .failure(error.failure) }
                let mayRepeat = connection != nil && !isFresh
                connection?.close()
                connection = nil
                // The other side had closed it while it was idle: that says nothing about the request.
                if mayRepeat, case .lost = error { continue }
                return .failure(error.failure)
            }
        }
    }

    private func ping(_ worker: Worker, _ connection: inout Connector.Connection?) {
        guard begin(worker, limits.queryTimeout) else { return }
        do throws(ConnectionFault) {
            try connection?.ping()
        } catch {
            connection?.close()
            connection = nil
        }
    }

    private func finish(
        _ worker: Worker, _ connection: inout Connector.Connection?, _ result: Result<Answer, BackendFailure>?
    ) {
        let isConnected = connection != nil
        let finished = state.withLock { $0.rules.finished(worker, isConnected: isConnected, now: .now) }
        switch finished {
        case .answer(let number):
            answer(number, result ?? .failure(Self.closedFailure))
        case .keep:
            break
        case .discard:
            connection?.close()
            connection = nil
        }
    }

    private func begin(_ worker: Worker, _ time: Duration) -> Bool {
        let until = ContinuousClock.now + time
        let (isOurs, mustWake) = state.withLock { state in
            let isOurs = state.rules.began(worker, until: until)
            let mustWake = state.watchSleepsUntil.map { until < $0 } ?? true
            // It will have looked at all deadlines by then: one signal is enough.
            if mustWake { state.watchSleepsUntil = until }
            return (isOurs, mustWake)
        }
        if mustWake { watch.wake() }
        return isOurs
    }

    private func end(_ worker: Worker) {
        state.withLock { state in
            state.rules.ended(worker)
            state.threads[worker] = nil
        }
        resumeClosing()
    }

    private func resumeClosing() {
        let closing = state.withLock { state in
            guard state.rules.hasEnded else { return [CheckedContinuation<Void, Never>]() }
            defer { state.closing.removeAll() }
            return state.closing
        }
        for continuation in closing { continuation.resume() }
    }

    // MARK: The watch

    /// One thread that answers for those that hang.
    private func startWatch() {
        let isFirst = state.withLock { state in
            defer { state.hasWatch = true }
            return !state.hasWatch
        }
        guard isFirst else { return }
        guard watch.start(name: "\(name)-watch", body: { self.keepWatch() }) else {
            state.withLock { $0.hasWatch = false }
            return
        }
    }

    private func keepWatch() {
        while true {
            let (overdue, until, hasEnded) = state.withLock { state in
                let overdue = state.rules.overdue(now: .now)
                let until = state.rules.nextDeadline
                state.watchSleepsUntil = until
                return (overdue, until, state.rules.hasEnded)
            }
            for number in overdue.timedOut {
                answer(number, .failure(BackendFailure(.unreachable, reason: "no answer in time")))
            }
            for number in overdue.refused {
                answer(number, .failure(BackendFailure(.unreachable, reason: "no connection answers any more")))
            }
            for worker in overdue.start { start(worker) }
            if hasEnded { return resumeClosing() }
            watch.sleep(until: until)
        }
    }
}
