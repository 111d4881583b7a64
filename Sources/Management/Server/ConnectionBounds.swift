import NIOCore

/// What one management connection may take: time to send a request, time to take an answer, bytes that nobody reads.
///
/// ```
/// idle ── head ──▶ receiving ── end ──▶ answering ── answer's end ──▶ idle
///   │                 │                     │
///   └── time is over ─┴─▶ lingering ◀───────┘ an answer that closes, a request that cannot be read
/// ```
/// Requests may come before the answers to those ahead of them: then it is answering until theirs alone is due.
///
/// Lingering: the answer is out, and for a moment what still comes is thrown away. Closing at once would make the kernel
/// send a reset, which takes the answer away from a client that reads it when all is sent.
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

    /// What counts of a request's head.
    struct Head {
        /// Bytes that follow; nil: the head does not say how many.
        var bodyLength: Int? = 0
        /// `Expect: 100-continue`, and its body is not too large for any path.
        var wantsContinue = false
        /// `/healthz` or `/readyz`.
        var asksForHealth = false
    }

    /// For what still comes; from each piece of it anew, but no longer than for a request.
    static let lingerTime = TimeAmount.seconds(2)
    /// Of a body that nobody wants: with no more of it still to come the connection stays.
    static let unwantedBytes = 256 * 1024
    /// What is thrown away for a client that will not read before it has sent all.
    static let discardedBytes = 8 << 20
    /// The same for one that may import, and whose body is too large: more than the longest import.
    static let discardedImportBytes = 80 << 20

    private(set) var state = State.idle(answered: 0)
    /// When ``deadlinePassed(now:)`` is due; nil: nothing runs out.
    private(set) var deadline: NIODeadline?
    private let requestTime: TimeAmount
    /// One connection too many: its first request is answered with 503, unless it asks for health.
    private let isSurplus: Bool
    private var answered = 0
    /// Requests whose answers have not come to their end.
    private var answersDue = 0
    /// A head has been handed on, and its end has not.
    private var isBodyOpen = false
    /// Of the open body; nil: nobody knows.
    private var bodyLeft: Int?
    private var wantsContinue = false
    private var answerHasBegun = false
    /// The answer that has begun is the last one.
    private(set) var answerCloses = false
    private var discarded = 0
    private var mostDiscarded = Self.discardedBytes
    private var lingersUntil = NIODeadline.distantPast
    private var stalledSince: NIODeadline?

    init(requestTime: TimeAmount, isSurplus: Bool, now: NIODeadline) {
        self.requestTime = requestTime
        self.isSurplus = isSurplus
        deadline = now + (isSurplus ? Self.lingerTime : requestTime)
    }

    mutating func receivedHead(_ head: Head = Head(), now: NIODeadline) -> Action {
        guard !isDiscarding else { return .discard }
        if isSurplus, !head.asksForHealth || answersDue > 0 {
            return answersDue > 0 ? .discard : linger(.unavailable("too many connections"), now: now)
        }
        answersDue += 1
        isBodyOpen = true
        bodyLeft = head.bodyLength
        wantsContinue = head.wantsContinue
        // The first request's time began with the connection; of one that waits for its turn nothing is read.
        if case .idle(let answered) = state, answered > 0 { deadline = now + requestTime }
        settle()
        return .forward
    }

    mutating func receivedBody(_ bytes: Int = 0, now: NIODeadline) -> Action {
        guard !isDiscarding else {
            discarded += bytes
            if state == .lingering { deadline = min(now + Self.lingerTime, lingersUntil) }
            return .discard
        }
        bodyLeft = bodyLeft.map { max(0, $0 - bytes) }
        wantsContinue = false
        return isBodyOpen ? .forward : .discard
    }

    mutating func receivedEnd(now: NIODeadline) -> Action {
        guard !isDiscarding, isBodyOpen else { return .discard }
        isBodyOpen = false
        wantsContinue = false
        settle()
        switch state {
        case .idle: deadline = now + requestTime
        case .answering: deadline = stalledSince.map { $0 + requestTime }
        case .receiving, .lingering, .closed: break
        }
        return .forward
    }

    /// Whether `100 Continue` is to be written now: where no other answer is open or due.
    mutating func takesContinue() -> Bool {
        guard wantsContinue, isBodyOpen, answersDue == 1, !answerHasBegun, !isDiscarding else { return false }
        wantsContinue = false
        return true
    }

    /// - Parameters:
    ///   - closes: The answer says `Connection: close`.
    ///   - isTooLarge: It says 413, which nobody hears who has shown no key.
    mutating func writesHead(closes: Bool, isTooLarge: Bool = false) -> Action {
        guard !isDiscarding else { return .discard }
        answerHasBegun = true
        if isTooLarge { mostDiscarded = Self.discardedImportBytes }
        // An answer before the request's end leaves what is still to come unwanted.
        let isEarly = isBodyOpen && answersDue == 1
        answerCloses = closes || isSurplus || isEarly && (bodyLeft ?? .max) > Self.unwantedBytes
        return .forward
    }

    mutating func writesBody() -> Action {
        isDiscarding ? .discard : .forward
    }

    /// - Returns: `close`: hand the end on, and linger.
    mutating func writesEnd(now: NIODeadline) -> Action {
        guard !isDiscarding else { return .discard }
        answerHasBegun = false
        answersDue = max(0, answersDue - 1)
        answered += 1
        if answerCloses {
            beginLingering(now)
            return .close
        }
        let wasReceiving = isReceiving
        settle()
        switch state {
        case .idle: deadline = now + requestTime
        case .receiving where !wasReceiving: deadline = now + requestTime  // it has been waiting for its turn
        case .receiving: break  // its end still has the time that it had
        case .answering, .lingering, .closed: break
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
        case .receiving where isUnanswered: linger(error, now: now)
        case .receiving, .answering: end()
        case .lingering, .closed: .none
        }
    }

    mutating func deadlinePassed(now: NIODeadline) -> Action {
        guard let deadline, deadline <= now else { return .none }
        switch state {
        case .idle(answered: 0) where !isSurplus:
            return linger(APIError(408, "TIMEOUT", "the request did not come in time"), now: now)
        case .receiving where isUnanswered:
            return linger(APIError(408, "TIMEOUT", "the request did not come in time"), now: now)
        case .idle, .receiving, .answering, .lingering, .closed: return end()
        }
    }

    /// No more comes from the client.
    ///
    /// - Returns: Whether that cuts off a request that was handed on: what there is of it must not be taken for all.
    mutating func inputEnded() -> Bool {
        defer { isBodyOpen = false }
        return isBodyOpen
    }

    mutating func becameInactive() {
        state = .closed
        deadline = nil
    }

    /// Whether the socket is worth reading.
    var readsOn: Bool { state != .lingering || discarded < mostDiscarded }

    private var isDiscarding: Bool { state == .lingering || state == .closed }

    private var isReceiving: Bool { if case .receiving = state { true } else { false } }

    /// The request that is coming in is the one whose answer is due next, and nothing of that is out.
    private var isUnanswered: Bool { answersDue == 1 && !answerHasBegun }

    private mutating func settle() {
        if isBodyOpen, answersDue <= 1 {
            state = .receiving(answered: answered)
        } else {
            state = answersDue > 0 ? .answering(answered: answered) : .idle(answered: answered)
        }
    }

    private mutating func linger(_ error: APIError, now: NIODeadline) -> Action {
        beginLingering(now)
        return .answer(error)
    }

    private mutating func beginLingering(_ now: NIODeadline) {
        state = .lingering
        deadline = now + Self.lingerTime
        lingersUntil = now + requestTime
    }

    private mutating func end() -> Action {
        state = .closed
        deadline = nil
        return .close
    }
}
