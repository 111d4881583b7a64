import NIOCore

/// How far a charge point's own connection has come: from the login, over its session, to what that has left.
///
/// ```
///   loggingIn ─▶ accepted ─▶ attended ─▶ leaving ─▶ ended
/// ```
///
/// From each of them it may end at once. It does nothing by itself: what is to be done is the answer to each event.
struct ChargePointStage {
    /// What a session that the broker has kept brings before anyone is there to take it.
    struct Held {
        fileprivate(set) var messages: [BrokerMessage] = []
        /// Of the messages.
        fileprivate(set) var bytes = 0
    }

    /// Messages that may come before the session.
    static let mostHeld = 512

    private struct Login {
        /// Nil: nobody has asked yet.
        var answer: EventLoopPromise<BrokerLoginResult>?
        /// One that came before the gateway's first link waits for it until then.
        var deadline: NIODeadline?
        var held = Held()
    }

    private enum State {
        case loggingIn(Login)
        /// The session is about to come.
        case accepted(Held)
        case attended(any BrokerSubscriber)
        /// The session has ended; what it left is dealt with until then.
        case leaving(until: NIODeadline)
        case ended
    }

    private var state = State.loggingIn(Login())

    // MARK: The login

    mutating func asked(_ answer: EventLoopPromise<BrokerLoginResult>) {
        guard case .loggingIn(var login) = state else { return }
        login.answer = answer
        state = .loggingIn(login)
    }

    mutating func waitForFirstLink(until deadline: NIODeadline) {
        guard case .loggingIn(var login) = state else { return }
        login.deadline = deadline
        state = .loggingIn(login)
    }

    /// The broker has not been found in time.
    func isLate(_ now: NIODeadline) -> Bool {
        if case .loggingIn(let login) = state, let deadline = login.deadline { deadline <= now } else { false }
    }

    // MARK: The broker has accepted

    enum OnAccepted {
        /// Nobody has to hear of it.
        case nothing
        case answer(EventLoopPromise<BrokerLoginResult>?)
        /// The link is back.
        case back(any BrokerSubscriber)
    }

    mutating func accepted() -> OnAccepted {
        switch state {
        case .loggingIn(let login):
            state = .accepted(login.held)
            return .answer(login.answer)
        case .attended(let subscriber): return .back(subscriber)
        case .accepted, .leaving, .ended: return .nothing
        }
    }

    // MARK: The session comes and goes

    /// The session is there.
    ///
    /// - Returns: what has waited for it.
    mutating func attended(by subscriber: any BrokerSubscriber) -> Held {
        guard case .accepted(let held) = state else { return Held() }
        state = .attended(subscriber)
        return held
    }

    /// Keeps a message for a session that is still to come.
    ///
    /// - Parameter hasRoom: asked with the bytes that would be held, and those that come with this one.
    /// - Returns: false: it is not to be kept.
    mutating func hold(_ message: BrokerMessage, ifThereIsRoom hasRoom: (_ held: Int, _ more: Int) -> Bool) -> Bool {
        // Taken out while they are changed, so that nothing is copied.
        switch state {
        case .loggingIn(var login):
            state = .ended
            defer { state = .loggingIn(login) }
            return login.held.add(message, hasRoom)
        case .accepted(var held):
            state = .ended
            defer { state = .accepted(held) }
            return held.add(message, hasRoom)
        case .attended, .leaving, .ended: return false
        }
    }

    enum OnLeave {
        case nothing
        /// It is not connected yet, and must not be.
        case abandon
        /// What it left is to be dealt with; the messages have nobody to go to.
        case release(Held)
    }

    /// The session has ended, or does not come.
    mutating func leave(until deadline: NIODeadline) -> OnLeave {
        switch state {
        case .loggingIn: return .abandon
        case .accepted(let held):
            state = .leaving(until: deadline)
            return .release(held)
        case .attended:
            state = .leaving(until: deadline)
            return .release(Held())
        case .leaving, .ended: return .nothing
        }
    }

    /// Nil: it is not leaving.
    var leavesBy: NIODeadline? {
        if case .leaving(let deadline) = state { deadline } else { nil }
    }

    // MARK: Failures

    enum OnFailure {
        case tryAgain
        /// A login, or what a session has left: it is not tried again.
        case conclude
    }

    /// It is down, and could not come up.
    var onFailedAttempt: OnFailure {
        switch state {
        case .accepted, .attended, .ended: .tryAgain
        case .loggingIn, .leaving: .conclude
        }
    }

    enum OnLoss {
        case tryAgain
        case tryAgainAndTell(any BrokerSubscriber)
        case conclude
    }

    /// The link is lost.
    var onLoss: OnLoss {
        switch state {
        case .attended(let subscriber): .tryAgainAndTell(subscriber)
        case .accepted: .tryAgain
        case .loggingIn, .leaving, .ended: .conclude
        }
    }

    var isLoggingIn: Bool {
        if case .loggingIn = state { true } else { false }
    }

    // MARK: Time, and the end

    /// When there is something to do although nothing has happened.
    var deadline: NIODeadline {
        switch state {
        case .loggingIn(let login): login.deadline ?? .distantFuture
        case .leaving(let deadline): deadline
        case .accepted, .attended, .ended: .distantFuture
        }
    }

    enum OnConclude {
        /// It has been concluded before.
        case nothing
        /// Nobody has to hear of it.
        case release(Held)
        case answer(EventLoopPromise<BrokerLoginResult>?, Held)
        case tell(any BrokerSubscriber)
    }

    /// For good.
    mutating func conclude() -> OnConclude {
        defer { state = .ended }
        return switch state {
        case .loggingIn(let login): .answer(login.answer, login.held)
        case .accepted(let held): .release(held)
        case .attended(let subscriber): .tell(subscriber)
        case .leaving: .release(Held())
        case .ended: .nothing
        }
    }
}

extension ChargePointStage.Held {
    fileprivate mutating func add(_ message: BrokerMessage, _ hasRoom: (Int, Int) -> Bool) -> Bool {
        let more = message.size
        guard messages.count < ChargePointStage.mostHeld, hasRoom(bytes, more) else { return false }
        messages.append(message)
        bytes += more
        return true
    }
}
