import NIOCore

/// What a new session waits for before it publishes anything: that the gateway which holds an older session of its
/// charge point, if there is one, has reported that session's end.
///
/// A broker delivers the claim to whoever holds the charge point and to the session itself at one point of its order of
/// messages. The session's own claim coming back marks that point; the older session's last word comes after its
/// reports. Both waits are bounded: a charge point never waits long for a gateway that is slow or gone.
struct ClaimWait {
    private enum State {
        /// The broker has not acknowledged the session's subscription yet.
        case subscribing(hasReturned: Bool)
        case returning(until: NIODeadline)
        case settling(until: NIODeadline)
        case over
    }

    /// For the claim to come back, once the broker has acknowledged the subscription that was sent in front of it.
    static let longestReturn = TimeAmount.seconds(1)
    /// For a holder's last word, once the claim has come back.
    static let settleTime = TimeAmount.milliseconds(200)

    private var state: State
    /// The claim has come back: what arrives from now on is this session's.
    private(set) var hasReturned = false
    /// An older session has ended in this one's favour.
    private(set) var hasHolderEnded = false

    /// - Parameter isOn: claims are published at all.
    init(isOn: Bool) {
        state = isOn ? .subscribing(hasReturned: false) : .over
    }

    var isOver: Bool {
        if case .over = state { true } else { false }
    }

    var deadline: NIODeadline? {
        switch state {
        case .subscribing, .over: nil
        case .returning(let until), .settling(let until): until
        }
    }

    /// - Parameter isHeard: this gateway's subscription to the claims works.
    mutating func subscribed(isHeard: Bool, isAlone: Bool, now: NIODeadline) {
        guard case .subscribing(let hasReturned) = state else { return }
        if !isHeard || hasHolderEnded || hasReturned && isAlone {
            state = .over
        } else {
            state = hasReturned ? .settling(until: now + Self.settleTime) : .returning(until: now + Self.longestReturn)
        }
    }

    /// - Parameter isAlone: there is no other gateway that could hold the charge point.
    mutating func returned(isAlone: Bool, now: NIODeadline) {
        guard !hasReturned else { return }
        hasReturned = true
        switch state {
        case .subscribing: state = .subscribing(hasReturned: true)
        case .returning: state = isAlone || hasHolderEnded ? .over : .settling(until: now + Self.settleTime)
        case .settling, .over: break
        }
    }

    mutating func holderEnded() {
        hasHolderEnded = true
        switch state {
        case .returning, .settling: state = .over
        case .subscribing, .over: break
        }
    }

    /// Nobody will answer: the broker refuses the subscription to the claims.
    mutating func cannotHear() {
        state = .over
    }

    /// With the link down nothing can be published, nor be heard: the time starts again.
    ///
    /// - Returns: since when the claim has been waited for in vain, where that is over now.
    mutating func expire(linkIsUp: Bool, now: NIODeadline) -> NIODeadline? {
        guard let deadline, deadline <= now else { return nil }
        switch state {
        case .returning where !linkIsUp: state = .returning(until: now + Self.longestReturn)
        case .settling where !linkIsUp: state = .settling(until: now + Self.settleTime)
        case .returning(let until):
            state = .over
            return until - Self.longestReturn
        case .settling, .subscribing, .over: state = .over
        }
        return nil
    }
}
