import MemoryBudget
import NIOCore
import OutsideNames

/// Where a session is in its life, and what waits there for the next step, without any input or output: what happened
/// goes in, what is to be done comes out. `CallRules` stands beside it.
///
///     waitingForPredecessor ──► subscribing ──► open
///            │                       │            │
///            ▼                       ▼            ▼
///     leftTheQueue ───────────────► ended ◄───────┘
///
/// - Parameter Session: what is told when this one has ended, so that the rules need none.
struct SessionLife<Session>: ~Copyable {
    private enum State {
        /// The session whose place it takes has not reported its end yet.
        case waitingForPredecessor(SessionOpening)
        /// The broker has not acknowledged the subscription yet, or another gateway may still report the end of the
        /// session before.
        case subscribing(SessionOpening)
        case open
        /// Ended before its turn came: a newer session waits for the one before, as this one did.
        case leftTheQueue(newer: Session?)
        case ended(Heir)
    }

    /// Who has the charge point after the end.
    enum Heir {
        case nobody
        /// A newer session of this gateway. Not which: who still holds the first of a hundred thousand would hold all.
        case newerSession
        /// It delivers what is published to the charge point.
        case otherGateway
    }

    /// Messages that may wait for the subscription; more than the open CALLs that the rules allow by themselves.
    static var mostUpstream: Int { 512 }
    static var mostInquiries: Int { 64 }

    /// When the charge point's credentials are good no longer.
    private let expiry: NIODeadline
    /// What inquiries of other gateways are answered by; a newer session goes on with it.
    private(set) var receivedEarly = ReceivedEarly()
    private var state: State
    private let hasClaims: Bool

    /// - Parameters:
    ///   - hasClaims: other gateways may have the charge point.
    ///   - expiry: of the credentials; nil: they stay good.
    init(hasClaims: Bool, expiry: NIODeadline? = nil) {
        self.hasClaims = hasClaims
        self.expiry = expiry ?? .distantFuture
        state = .waitingForPredecessor(SessionOpening(hasClaims: hasClaims))
    }

    /// What waits for the session to open; nil where nothing does any more.
    private var opening: SessionOpening? {
        switch state {
        case .waitingForPredecessor(let opening), .subscribing(let opening): opening
        case .open, .leftTheQueue, .ended: nil
        }
    }

    // MARK: As it is

    var isWaitingForPredecessor: Bool {
        switch state {
        case .waitingForPredecessor: true
        case .subscribing, .open, .leftTheQueue, .ended: false
        }
    }

    var isOpen: Bool {
        switch state {
        case .open: true
        case .waitingForPredecessor, .subscribing, .leftTheQueue, .ended: false
        }
    }

    var isEnded: Bool {
        switch state {
        case .leftTheQueue, .ended: true
        case .waitingForPredecessor, .subscribing, .open: false
        }
    }

    // MARK: The beginning

    /// Nobody is in the session's place, or the one that was has reported its end.
    ///
    /// - Parameter received: what that one got for the charge point in its first moments.
    mutating func placeIsFree(_ received: ReceivedEarly = ReceivedEarly()) -> Beginning {
        receivedEarly = received
        switch state {
        case .waitingForPredecessor(let opening):
            state = .subscribing(opening)
            return .subscribe
        case .leftTheQueue(newer: nil):
            state = .ended(.nobody)
            return .letSubscriptionGo
        case .leftTheQueue(newer: .some(let newer)):
            state = .ended(.newerSession)
            return .tell(newer)
        case .subscribing, .open, .ended:
            return .nothing
        }
    }

    /// Keeps a message, the presence of the session's beginning, in front of what the charge point has said meanwhile.
    mutating func keepFirst(_ message: UpstreamMessage, memory: inout MemoryShare) {
        memory.force(message.payload.readableBytes)
        opening?.upstream.insert(message, at: 0)
    }

    /// The broker has acknowledged the subscription.
    ///
    /// - Parameters:
    ///   - isHeard: the broker delivers claims to this gateway.
    ///   - isAlone: there is no other gateway.
    mutating func subscriptionAcknowledged(isHeard: Bool, isAlone: Bool, now: NIODeadline) -> Opening? {
        receivedEarly.subscribed(now)
        return settle { opening in
            opening.isAcknowledged = true
            opening.wait.subscribed(isHeard: isHeard, isAlone: isAlone, now: now)
        }
    }

    /// Changes what the session waits for.
    ///
    /// - Returns: nil where it still waits, or has not waited.
    private mutating func settle(_ body: (SessionOpening) -> Void) -> Opening? {
        guard case .subscribing(let opening) = state else { return nil }
        body(opening)
        guard opening.isAcknowledged, opening.wait.isOver else { return nil }
        state = .open
        // What came before the claim was delivered by the session that had the charge point then, if there was one.
        let hadHolder = opening.wait.hasReturned && opening.wait.hasHolderEnded
        return Opening(
            upstream: opening.upstream,
            downstream: opening.downstream.map { .init(message: $0.message, isLeft: $0.isBeforeClaim && hadHolder) },
            inquiries: opening.inquiries)
    }

    // MARK: Claims

    /// A claim of the charge point has arrived.
    ///
    /// - Parameters:
    ///   - verdict: what it means for this session.
    ///   - isAlone: there is no other gateway.
    mutating func heard(
        _ claim: SessionClaim, _ verdict: ClaimVerdict, isAlone: Bool, now: NIODeadline
    ) -> ClaimAction {
        guard !isEnded else { return .nothing }
        switch verdict {
        case .returned:
            return settle { $0.wait.returned(isAlone: isAlone, now: now) }.map { .open($0) } ?? .nothing
        case .holderEnded:
            return settle { $0.wait.holderEnded() }.map { .open($0) } ?? .nothing
        case .replaced: return .giveWay
        case .stale:
            // What came in front of it cannot have been that session's.
            opening?.nothingIsBeforeClaim()
            return isWaitingForPredecessor ? .nothing : .claim
        case .asked:
            guard let opening else { return .answer }
            // Until it is clear whose the messages are that wait here, so is the answer.
            if opening.inquiries.count < Self.mostInquiries { opening.inquiries.append(claim) }
            return .nothing
        case .nothing: return .nothing
        }
    }

    /// The broker does not let this gateway hear the charge point's claims.
    mutating func cannotHearClaims() -> Opening? {
        guard hasClaims else { return nil }
        return settle { $0.wait.cannotHear() }
    }

    /// A message for the charge point has been looked at.
    mutating func delivers(_ uniqueID: UniqueID, now: NIODeadline) {
        guard hasClaims, !receivedEarly.isOver else { return }
        receivedEarly.received(uniqueID, now)
    }

    // MARK: Messages

    /// Whether a message for the broker goes out now, or is kept until the session opens.
    mutating func publish(_ message: UpstreamMessage, memory: inout MemoryShare) -> Publishing {
        guard let opening else { return .publish }
        guard opening.upstream.count < Self.mostUpstream, memory.take(message.payload.readableBytes) else {
            return .full
        }
        opening.upstream.append(message)
        return .kept
    }

    /// A CALL that its charge point has been told failed is not published any more.
    mutating func forget(_ uniqueID: UniqueID, memory: inout MemoryShare) {
        opening?.upstream.removeAll { message in
            guard message.call?.uniqueID == uniqueID else { return false }
            memory.give(message.payload.readableBytes)
            return true
        }
    }

    /// Where a message from the broker goes.
    ///
    /// - Parameter limit: messages that may wait until it is clear whose they are.
    mutating func arrived(_ message: DownstreamMessage, limit: Int, memory: inout MemoryShare) -> Arrival {
        let opening: SessionOpening
        let isBeforeClaim: Bool
        switch state {
        case .open: return .deliver
        case .waitingForPredecessor(let waiting):
            guard hasClaims else { return .deliver }
            opening = waiting
            isBeforeClaim = true
        case .subscribing(let waiting):
            // Not in front of those that wait.
            guard !waiting.wait.isOver || !waiting.downstream.isEmpty else { return .deliver }
            opening = waiting
            isBeforeClaim = !waiting.wait.hasReturned
        case .leftTheQueue(let newer): return newer == nil ? .report : .passOn
        case .ended(.nobody): return .report
        case .ended(.newerSession): return .passOn
        case .ended(.otherGateway): return .leave
        }
        guard opening.downstream.count < limit, memory.take(message.size) else { return .tooMany }
        opening.downstream.append(HeldDownstreamMessage(message: message, isBeforeClaim: isBeforeClaim))
        return .hold
    }

    // MARK: Time

    /// When `timerFired` is to be asked.
    var deadline: NIODeadline {
        switch state {
        case .subscribing(let opening): min(opening.wait.deadline ?? .distantFuture, expiry)
        case .open, .waitingForPredecessor: expiry
        case .leftTheQueue, .ended: .distantFuture
        }
    }

    /// Something may be due.
    ///
    /// - Parameter claimsComeBack: some have, on this link.
    mutating func timerFired(linkIsUp: Bool, claimsComeBack: Bool, now: NIODeadline) -> DueAction {
        guard !isEnded else { return DueAction() }
        if expiry <= now { return DueAction(isExpired: true) }
        receivedEarly.age(now)
        var missedSince: NIODeadline?
        let opening = settle { opening in
            let holdsCommands = opening.downstream.contains(where: \.isBeforeClaim)
            missedSince = opening.wait.expire(
                linkIsUp: linkIsUp, claimsComeBack: claimsComeBack, holdsCommands: holdsCommands, now: now)
        }
        return DueAction(claimMissedSince: missedSince, opening: opening)
    }

    // MARK: The end

    /// A newer session of this gateway takes the charge point's place.
    mutating func giveWay(to newer: Session) -> GivingWay {
        switch state {
        case .waitingForPredecessor(let opening):
            // One that has still to wait for the one before lets the newer one wait for it too.
            state = .leftTheQueue(newer: newer)
            return .end(Ending(opening, hasSubscribed: false, keepsSubscription: true))
        case .subscribing(let opening):
            state = .ended(.newerSession)
            return .endAndTell(Ending(opening, hasSubscribed: true, keepsSubscription: true))
        case .open:
            state = .ended(.newerSession)
            return .endAndTell(Ending(hasSubscribed: true, keepsSubscription: true))
        case .leftTheQueue(newer: nil):
            state = .leftTheQueue(newer: newer)
            return .nothing
        case .leftTheQueue(newer: .some):
            // The registry tells a session of one newer one alone; that one must not wait for ever.
            return .tell
        case .ended:
            state = .ended(.newerSession)
            return .tell
        }
    }

    /// Ends for any other reason; nil: it has ended already.
    mutating func end(_ heir: Heir) -> Ending? {
        switch state {
        case .waitingForPredecessor(let opening):
            state = .leftTheQueue(newer: nil)
            return Ending(opening, hasSubscribed: false, keepsSubscription: false)
        case .subscribing(let opening):
            state = .ended(heir)
            return Ending(opening, hasSubscribed: true, keepsSubscription: false)
        case .open:
            state = .ended(heir)
            return Ending(hasSubscribed: true, keepsSubscription: false)
        case .leftTheQueue, .ended:
            return nil
        }
    }
}
