import Authentication
import Counters
import Glibc
import Logging
import Synchronization

/// Stands before a backend: so many handshakes are asked about at once, the others wait their turn, and nobody waits for
/// a backend that is away (authentication.md, "Load" and "Caches"). What it decides is in ``GateRules``; this moves.
package final class AuthenticationGate: Authenticator {
    private typealias Ticket = WaitingLine.Ticket

    private struct Handshake {
        var credentials: Credentials
        /// Nil once the verdict is out.
        var continuation: CheckedContinuation<AuthenticationVerdict, Never>?
        /// While it is asked about.
        var asking: Task<Void, Never>?
    }

    private struct State {
        var rules: GateRules
        var handshakes: [Ticket: Handshake] = [:]
        var nextTicket = 0
        var timer: Task<Void, Never>?
        var prober: Task<Void, Never>?
        /// The backend's words of its last failure.
        var lastWords = ""
        var isClosed = false
    }

    /// What is left to do without the lock.
    private enum Effect {
        case resume(CheckedContinuation<AuthenticationVerdict, Never>, AuthenticationVerdict)
        case cancel(Task<Void, Never>)
        case sayDown(String)
        case sayUp
    }

    /// For management: results and times since start. A charge point that went before its verdict is in neither.
    package let results = CounterSet<AuthenticationResult>()
    package let durations = DurationHistogram()

    private let backend: any AuthenticationBackend
    private let memory: VerdictMemory
    private let log: GateLog
    private let state: Mutex<State>

    package init(
        backend: any AuthenticationBackend, configuration: AuthenticationGateConfiguration, key: ProcessKey = .shared,
        logger: Logger
    ) {
        self.backend = backend
        memory = VerdictMemory(configuration: configuration, key: key)
        log = GateLog(backend: backend.name, server: backend.server, logger: logger)
        state = Mutex(State(rules: GateRules(configuration: configuration, canBeProbed: backend.canBeProbed, at: .now)))
    }

    /// For log lines: the backend's name in the configuration.
    package var backendName: String { backend.name }

    package var status: AuthenticationGateStatus {
        state.withLock { state in
            let isUp = state.rules.isUp
            return AuthenticationGateStatus(
                isUp: isUp, words: isUp ? "" : state.lastWords, waiting: state.rules.waiting)
        }.with(cacheHits: memory.hits)
    }

    /// Forgets every verdict that is kept; what is being asked is not touched.
    package func emptyCaches() {
        memory.removeAll()
    }

    package func authenticate(_ credentials: Credentials) async -> AuthenticationVerdict {
        let start = ContinuousClock.now
        let verdict = await verdict(on: credentials)
        if !Task.isCancelled {
            results.add(AuthenticationResult(verdict))
            durations.observe(.now - start)
        }
        return verdict
    }

    /// Asks the backend once whether it is there and understands what it will be asked. That it is away is no error.
    package func start() async {
        await backend.start()
        do {
            try await backend.probe()
        } catch {
            switch error.kind {
            case .nonsense: log.nonsense(error.reason)
            case .unreachable:
                // Of one that was cut short the words are about that.
                guard !Task.isCancelled else { return }
                perform { state in
                    state.lastWords = error.reason
                    return state.rules.wasAwayAtStart(at: .now, chance: .random(in: 0...1))
                }
            }
        }
    }

    /// Sends away who waits and ends what runs: another authenticator takes over, or the gateway stops.
    package func close() {
        let (handshakes, tasks) = state.withLock { state in
            defer { state.handshakes = [:] }
            state.isClosed = true
            return (state.handshakes.values, [state.timer, state.prober])
        }
        for task in tasks { task?.cancel() }
        for handshake in handshakes {
            handshake.asking?.cancel()
            handshake.continuation?.resume(returning: .unavailable(retryAfter: 1, reason: Self.closed))
        }
    }

    private static let closed = "the authenticator has been replaced"

    private func verdict(on credentials: Credentials) async -> AuthenticationVerdict {
        if let refusal = backend.refusalUnasked(credentials) { return .refused(refusal) }
        guard memory.isOn else { return await ask(credentials) }
        let key = memory.key(of: credentials)
        let changes = await backend.changeCount()
        if let known = memory.verdict(under: key, changes: changes, at: .now, wallClock: Int64(time(nil))) {
            return known
        }
        let verdict = await ask(credentials)
        memory.keep(verdict, under: key, changes: changes, at: .now)
        return verdict
    }

    // MARK: - Asking

    private func ask(_ credentials: Credentials) async -> AuthenticationVerdict {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enter(ticket, credentials, continuation)
            }
        } onCancel: {
            leave(ticket)
        }
    }

    private func enter(
        _ ticket: Ticket, _ credentials: Credentials,
        _ continuation: CheckedContinuation<AuthenticationVerdict, Never>
    ) {
        let isIn = state.withLock { state in
            // Cancelled before it is in the table: `leave` has found nothing.
            guard !Task.isCancelled, !state.isClosed else { return false }
            state.handshakes[ticket] = Handshake(credentials: credentials, continuation: continuation)
            return true
        }
        guard isIn else {
            return continuation.resume(returning: .unavailable(retryAfter: 1, reason: Self.closed))
        }
        perform { state in
            // Cancelled or closed since.
            guard state.handshakes[ticket]?.continuation != nil else { return [] }
            return state.rules.enter(ticket, from: WaitingLine.Origin(credentials), at: .now)
        }
    }

    private func leave(_ ticket: Ticket) {
        let continuation = state.withLock { state in
            let continuation = state.handshakes[ticket]?.continuation
            state.handshakes[ticket]?.continuation = nil
            return continuation
        }
        perform { state in
            let actions = state.rules.left(ticket)
            if state.handshakes[ticket]?.asking == nil { state.handshakes[ticket] = nil }
            return actions
        }
        continuation?.resume(returning: .unavailable(retryAfter: nil, reason: "the charge point has gone"))
    }

    private func run(_ ticket: Ticket, _ credentials: Credentials) async {
        let origin = WaitingLine.Origin(credentials)
        do {
            let verdict = try await backend.verdict(on: credentials)
            finish(ticket, from: origin, with: verdict, .answered)
        } catch {
            let isWaitedFor = state.withLock { $0.handshakes[ticket]?.continuation != nil }
            switch error.kind {
            case .nonsense where !isWaitedFor:
                // Whoever is cancelled says what it likes.
                finish(ticket, from: origin, with: nil, .gaveUp)
            case .nonsense:
                log.nonsense(error.reason)
                finish(ticket, from: origin, with: unavailable(error), .answered)
            case .unreachable:
                // Of one that was cut short the words are about that.
                let words = isWaitedFor ? error.reason : GateRules.SentAway.overdue.reason
                finish(ticket, from: origin, with: unavailable(error), .unreachable, words: words)
            }
        }
    }

    private func unavailable(_ failure: BackendFailure) -> AuthenticationVerdict {
        let pause = state.withLock { $0.rules.pause(at: .now) }
        let retryAfter = failure.retryAfter ?? VerdictRate.retryAfter(pause, chance: .random(in: 0...1))
        return .unavailable(retryAfter: retryAfter, reason: failure.reason)
    }

    private func finish(
        _ ticket: Ticket, from origin: WaitingLine.Origin, with verdict: AuthenticationVerdict?, _ end: GateRules.End,
        words: String? = nil
    ) {
        let continuation = state.withLock { $0.handshakes.removeValue(forKey: ticket)?.continuation }
        perform { state in
            if let words { state.lastWords = words }
            return state.rules.ended(ticket, from: origin, end, at: .now, chance: .random(in: 0...1))
        }
        if let continuation {
            continuation.resume(returning: verdict ?? .unavailable(retryAfter: 1, reason: Self.closed))
        }
    }

    // MARK: - What the rules want

    private func perform(_ event: (inout State) -> [GateRules.Action]) {
        let effects = state.withLock { state in
            let actions = event(&state)
            let effects = actions.flatMap { self.apply($0, &state) }
            self.setTimer(&state)
            return effects
        }
        for effect in effects {
            switch effect {
            case .resume(let continuation, let verdict): continuation.resume(returning: verdict)
            case .cancel(let task): task.cancel()
            case .sayDown(let words): log.down(words)
            case .sayUp: log.up()
            }
        }
    }

    private func apply(_ action: GateRules.Action, _ state: inout State) -> [Effect] {
        switch action {
        case .ask(let ticket):
            guard let credentials = state.handshakes[ticket]?.credentials else { return [] }
            state.handshakes[ticket]?.asking = Task { await self.run(ticket, credentials) }
            return []
        case .sendAway(let ticket, let reason, let pause):
            guard let continuation = state.handshakes[ticket]?.continuation else { return [] }
            state.handshakes[ticket]?.continuation = nil
            if state.handshakes[ticket]?.asking == nil { state.handshakes[ticket] = nil }
            let retryAfter = VerdictRate.retryAfter(pause, chance: .random(in: 0...1))
            return [.resume(continuation, .unavailable(retryAfter: retryAfter, reason: reason.reason))]
        case .stopAsking(let ticket):
            return state.handshakes[ticket]?.asking.map { [.cancel($0)] } ?? []
        case .wentDown(let probe):
            if backend.canBeProbed { setProber(&state, at: probe) }
            return [.sayDown(state.lastWords)]
        case .stayedDown:
            return [.sayDown(state.lastWords)]
        case .cameUp:
            return [.sayUp]
        }
    }

    // MARK: - Time

    /// One for all handshakes; it ends when there are none.
    private func setTimer(_ state: inout State) {
        guard state.timer == nil, !state.isClosed, state.rules.nextDeadline() != nil else { return }
        state.timer = Task {
            while let deadline = nextDeadline() {
                // Cut short when the gate is closed, and then there is nothing left to expire.
                try? await Task.sleep(until: deadline, clock: .continuous)
                perform { $0.rules.expire(at: .now) }
            }
        }
    }

    private func nextDeadline() -> ContinuousClock.Instant? {
        state.withLock { state in
            let deadline = state.isClosed ? nil : state.rules.nextDeadline()
            if deadline == nil { state.timer = nil }
            return deadline
        }
    }

    private func setProber(_ state: inout State, at first: ContinuousClock.Instant) {
        state.prober?.cancel()
        state.prober = Task { [weak self] in
            var next: ContinuousClock.Instant? = first
            while let date = next, (try? await Task.sleep(until: date, clock: .continuous)) != nil {
                next = await self?.probe()
            }
        }
    }

    /// When to probe again; nil: there is no need.
    private func probe() async -> ContinuousClock.Instant? {
        let isDue = state.withLock { state in !state.isClosed && state.rules.mayProbe(at: .now) }
        guard isDue else { return nil }
        do {
            try await backend.probe()
        } catch {
            switch error.kind {
            case .nonsense: log.nonsense(error.reason)
            case .unreachable:
                guard !Task.isCancelled else { return nil }
                log.down(error.reason)
                return state.withLock { $0.rules.probeFailed(at: .now, chance: .random(in: 0...1)) }
            }
        }
        perform { $0.rules.probeAnswered(at: .now) }
        return nil
    }
}
