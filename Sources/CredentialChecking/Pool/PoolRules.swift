import DequeModule

/// Who of a pool's threads does what: its rules, without a thread, a lock or a clock.
///
/// ```
///              asked                  take                   finished
///   (none) ──────────────► called ─────────────► busy ─────────────────► idle ──► called …
///            .start            ▲                  │ overdue                │ take after pingInterval
///                              └── asked: .wake   ▼                        ▼
///                                   let go of, or hung (its seat is kept)  pinging ──► idle
/// ```
/// A thread that is let go of gives its seat to a new one, closes its connection once its call returns, and ends. No
/// more than `size` may be in that state; beyond it the seat stays taken, so that threads are bounded too.
struct PoolRules: ~Copyable {
    typealias Instant = ContinuousClock.Instant

    struct Worker: Hashable, Sendable {
        let number: Int
    }

    struct Request: Hashable, Sendable {
        let number: Int
    }

    private enum Seat {
        case idle(since: Instant, isConnected: Bool)
        /// It has been given a request and has not taken it yet.
        case called(Request, wasIdleSince: Instant, isConnected: Bool)
        /// The request is nil once nobody waits for its answer.
        case busy(Request?, until: Instant)
        case pinging(until: Instant)
        /// Its call did not return in time, and too many threads have been let go of already.
        case hung
    }

    private let limits: PoolLimits
    private var seats: [Worker: Seat] = [:]
    private var waiting = Deque<Request>()
    /// Threads without a seat that have not ended yet.
    private var letGo: Set<Worker> = []
    private var workers = 0
    private var isClosed = false

    init(limits: PoolLimits) {
        self.limits = limits
    }

    enum Asked: Equatable {
        case wake(Worker)
        case start(Worker)
        /// All are busy.
        case wait
        /// No thread is left that could ever serve it, or the pool is closed.
        case refuse
    }

    mutating func asked(_ request: Request, now: Instant) -> Asked {
        guard !isClosed else { return .refuse }
        if let (worker, since, isConnected) = bestIdle() {
            seats[worker] = .called(request, wasIdleSince: since, isConnected: isConnected)
            return .wake(worker)
        }
        if seats.count < limits.size { return .start(newWorker(for: request, now: now)) }
        guard !isHung else { return .refuse }
        waiting.append(request)
        return .wait
    }

    enum Order: Equatable {
        case serve(Request)
        case ping
        case sleep(until: Instant?)
        /// The thread is to close its connection and to end.
        case end
    }

    /// What a thread does next.
    mutating func take(_ worker: Worker, now: Instant) -> Order {
        guard !isClosed, let seat = seats[worker] else { return .end }
        switch seat {
        case .called(let request, _, _):
            seats[worker] = .busy(request, until: now + limits.queryTimeout)
            return .serve(request)
        case .idle(let since, let isConnected):
            if let request = waiting.popFirst() {
                seats[worker] = .busy(request, until: now + limits.queryTimeout)
                return .serve(request)
            }
            guard isConnected else { return .sleep(until: nil) }
            guard now >= since + limits.pingInterval else { return .sleep(until: since + limits.pingInterval) }
            seats[worker] = .pinging(until: now + limits.queryTimeout)
            return .ping
        case .busy, .pinging, .hung:
            // It says `finished` first.
            return .end
        }
    }

    /// A thread begins a call that must have returned by then.
    /// - Returns: false: it has been let go of meanwhile, and nobody waits for what it would do.
    mutating func began(_ worker: Worker, until: Instant) -> Bool {
        switch seats[worker] {
        case .busy(let request, _): seats[worker] = .busy(request, until: until)
        case .pinging: seats[worker] = .pinging(until: until)
        case .idle, .called, .hung, nil: return false
        }
        return true
    }

    enum Finished: Equatable {
        case answer(Request)
        /// Nobody waits for it; the connection is as good as before.
        case keep
        /// It came too late: the connection must not be used again.
        case discard
    }

    mutating func finished(_ worker: Worker, isConnected: Bool, now: Instant) -> Finished {
        switch seats[worker] {
        case .busy(let request, _):
            seats[worker] = .idle(since: now, isConnected: isConnected)
            return request.map { .answer($0) } ?? .keep
        case .pinging, .idle, .called:
            seats[worker] = .idle(since: now, isConnected: isConnected)
            return .keep
        case .hung:
            seats[worker] = .idle(since: now, isConnected: false)
            return .discard
        case nil:
            return .discard
        }
    }

    /// A thread has ended, or never began.
    mutating func ended(_ worker: Worker) {
        letGo.remove(worker)
        seats[worker] = nil
    }

    struct Overdue: Equatable {
        /// Their time is over.
        var timedOut: [Request] = []
        /// They waited for threads none of which will come back in time.
        var refused: [Request] = []
        /// New threads for those that were waiting.
        var start: [Worker] = []
    }

    mutating func overdue(now: Instant) -> Overdue {
        var overdue = Overdue()
        for (worker, seat) in seats {
            switch seat {
            case .busy(let request, let until) where until <= now:
                if let request { overdue.timedOut.append(request) }
                leave(worker)
            case .pinging(let until) where until <= now:
                leave(worker)
            case .busy, .pinging, .idle, .called, .hung:
                break
            }
        }
        while seats.count < limits.size, let request = waiting.popFirst() {
            overdue.start.append(newWorker(for: request, now: now))
        }
        if isHung {
            overdue.refused = Array(waiting)
            waiting.removeAll()
        }
        return overdue
    }

    /// When ``overdue(now:)`` has something to say.
    var nextDeadline: Instant? {
        seats.values.compactMap { seat in
            switch seat {
            case .busy(_, let until), .pinging(let until): until
            case .idle, .called, .hung: nil
            }
        }.min()
    }

    /// Nobody waits for the answer any more. What has not been asked is not asked then.
    mutating func cancelled(_ request: Request) {
        if let index = waiting.firstIndex(of: request) {
            waiting.remove(at: index)
            return
        }
        for (worker, seat) in seats {
            switch seat {
            case .called(request, let since, let isConnected):
                seats[worker] = .idle(since: since, isConnected: isConnected)
            case .busy(request, let until):
                seats[worker] = .busy(nil, until: until)
            case .busy, .called, .idle, .pinging, .hung:
                break
            }
        }
    }

    /// Every thread ends after its call.
    mutating func close() {
        isClosed = true
        waiting.removeAll()
    }

    /// Closed, and every thread has ended but those that hang.
    var hasEnded: Bool { isClosed && seats.values.allSatisfy { if case .hung = $0 { true } else { false } } }

    private var isHung: Bool {
        seats.count >= limits.size && seats.values.allSatisfy { if case .hung = $0 { true } else { false } }
    }

    private mutating func leave(_ worker: Worker) {
        guard letGo.count < limits.size else { return seats[worker] = .hung }
        letGo.insert(worker)
        seats[worker] = nil
    }

    private mutating func newWorker(for request: Request, now: Instant) -> Worker {
        workers += 1
        let worker = Worker(number: workers)
        seats[worker] = .called(request, wasIdleSince: now, isConnected: false)
        return worker
    }

    /// One with a connection before one without, and the one used last: so the others' pings tell what is alive.
    private func bestIdle() -> (Worker, since: Instant, isConnected: Bool)? {
        var best: (worker: Worker, since: Instant, isConnected: Bool)?
        for (worker, seat) in seats {
            guard case .idle(let since, let isConnected) = seat else { continue }
            guard let known = best else {
                best = (worker, since, isConnected)
                continue
            }
            let isBetter = isConnected == known.isConnected ? since > known.since : isConnected
            if isBetter { best = (worker, since, isConnected) }
        }
        return best.map { ($0.worker, $0.since, $0.isConnected) }
    }
}
