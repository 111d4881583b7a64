import NIOCore

/// What one management connection may take: time to send a request, time to take an answer, bytes that nobody reads.
///
/// ```
/// idle ── head ──▶ receiving ── end ──▶ answering ── answer's end ──▶ idle
///   │                 │                     │
///   └── time is over ─┴─▶ lingering ◀───────┘ an answer that closes, a request that cannot be read
/// ```
/// Lingering: the answer is out, and what still comes is thrown away for a moment. Closing at once would make the
/// kernel send a reset, which takes the answer away from a client that is still sending.
struct ConnectionBounds {
    enum State: Equatable {
        /// - answered: Requests that have been answered on this connection.
        case idle(answered: Int)
        case receiving(answered: Int)
        case answering(answered: Int)
        case lingering
        case closed
    }

    enum Action: Equatable {
        case none
        /// Hand it on.
        case forward
        case discard
        /// Write this error from here, then linger.
        case answer(APIError)
        case close
    }

    static let lingerTime = TimeAmount.seconds(2)

    private(set) var state = State.idle(answered: 0)
    /// When ``deadlinePassed(now:)`` is due; nil: nothing runs out.
    private(set) var deadline: NIODeadline?
    private let requestTime: TimeAmount
    /// One connection too many: its first request is answered with 503.
    private let isSurplus: Bool
    private var answerHasBegun = false
    private var answerCloses = false
    /// The answer was out before the request had come to its end.
    private var wasAnsweredEarly = false
    private var stalledSince: NIODeadline?

    init(requestTime: TimeAmount, isSurplus: Bool, now: NIODeadline) {
        self.requestTime = requestTime
        self.isSurplus = isSurplus
        deadline = now + (isSurplus ? Self.lingerTime : requestTime)
    }

    mutating func receivedHead(now: NIODeadline) -> Action {
        switch state {
        case .idle(let answered):
            if isSurplus { return linger(.unavailable("too many connections"), now: now) }
            // The first request's time began with the connection.
            if answered > 0 { deadline = now + requestTime }
            state = .receiving(answered: answered)
            return .forward
        case .receiving, .answering: return .forward
        case .lingering, .closed: return .discard
        }
    }

    mutating func receivedBody() -> Action {
        isDiscarding ? .discard : .forward
    }

    mutating func receivedEnd(now: NIODeadline) -> Action {
        switch state {
        case .receiving(let answered) where wasAnsweredEarly:
            wasAnsweredEarly = false
            state = .idle(answered: answered + 1)
            deadline = now + requestTime
            return .forward
        case .receiving(let answered):
            state = .answering(answered: answered)
            deadline = stalledSince.map { $0 + requestTime }
            return .forward
        case .idle, .answering: return .forward
        case .lingering, .closed: return .discard
        }
    }

    /// - Parameter closes: The answer says `Connection: close`.
    mutating func writesHead(closes: Bool) -> Action {
        guard !isDiscarding else { return .discard }
        answerHasBegun = true
        answerCloses = closes
        return .forward
    }

    mutating func writesBody() -> Action {
        isDiscarding ? .discard : .forward
    }

    /// - Returns: `close`: hand the end on, and linger.
    mutating func writesEnd(now: NIODeadline) -> Action {
        guard !isDiscarding else { return .discard }
        answerHasBegun = false
        if answerCloses {
            state = .lingering
            deadline = now + Self.lingerTime
            return .close
        }
        switch state {
        case .answering(let answered):
            state = .idle(answered: answered + 1)
            deadline = now + requestTime
        case .receiving: wasAnsweredEarly = true  // its end still has the time that it had
        case .idle, .lingering, .closed: break
        }
        return .forward
    }

    /// The client takes nothing (false), or takes again.
    mutating func becameWritable(_ isWritable: Bool, now: NIODeadline) {
        guard !isDiscarding else { return }
        stalledSince = isWritable ? nil : now
        switch state {
        case .answering: deadline = stalledSince.map { $0 + requestTime }
        case .idle, .receiving, .lingering, .closed: break
        }
    }

    /// - Parameter error: What to say about a request that is not HTTP, or too large a head.
    mutating func cannotRead(_ error: APIError, now: NIODeadline) -> Action {
        switch state {
        case .idle: linger(error, now: now)
        case .receiving where !answerHasBegun: linger(error, now: now)
        case .receiving, .answering: end()
        case .lingering, .closed: .none
        }
    }

    mutating func deadlinePassed(now: NIODeadline) -> Action {
        guard let deadline, deadline <= now else { return .none }
        switch state {
        case .idle(answered: 0) where !isSurplus, .receiving:
            guard !answerHasBegun else { return end() }
            return linger(APIError(408, "TIMEOUT", "the request did not come in time"), now: now)
        case .idle, .answering, .lingering, .closed: return end()
        }
    }

    mutating func becameInactive() {
        state = .closed
        deadline = nil
    }

    private var isDiscarding: Bool { state == .lingering || state == .closed }

    private mutating func linger(_ error: APIError, now: NIODeadline) -> Action {
        state = .lingering
        deadline = now + Self.lingerTime
        return .answer(error)
    }

    private mutating func end() -> Action {
        state = .closed
        deadline = nil
        return .close
    }
}
