import NIOCore

/// What a new session waits for before it publishes anything: that the gateway which holds an older session of its
/// charge point, if there is one, has reported that session's end.
///
/// A broker delivers the claim to whoever holds the charge point and to the session itself at one point of its order of
/// messages. The session's own claim coming back marks that point; the older session's last word comes after its
/// reports. Both waits are bounded: a charge point never waits long for a gateway that is slow or gone.
///
/// Either is longer where its end would do harm. A command that came in front of the claim is the older session's, if
/// there is one: this session must not deliver it too only because the other gateway, or the broker, is slow today.
struct ClaimWait {
    private enum State {
        /// The broker has not acknowledged the session's subscription yet.
        case subscribing(hasReturned: Bool)
        case returning(since: NIODeadline, until: NIODeadline)
        case settling(since: NIODeadline, until: NIODeadline)
        case over
    }

    /// For the claim to come back, once the broker has acknowledged the subscription that was sent in front of it, while
    /// none has come back on this link.
    static let longestReturn = TimeAmount.seconds(1)
    /// The same where others have come back: this one will, however slow the broker is.
    static let longestSureReturn = TimeAmount.seconds(10)
    /// For a holder's last word, once the claim has come back.
    static let settleTime = TimeAmount.milliseconds(200)
    /// The same where a command came in front of the claim.
    static let longestSettleTime = TimeAmount.seconds(5)

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
        case .returning(_, let until), .settling(_, let until): until
        }
    }

    /// - Parameter isHeard: this gateway's subscription to the claims works.
    mutating func subscribed(isHeard: Bool, isAlone: Bool, now: NIODeadline) {
        guard case .subscribing(let hasReturned) = state else { return }
        if !isHeard || hasHolderEnded || hasReturned && isAlone {
            state = .over
        } else {
            state = hasReturned ? settling(now) : returning(now)
        }
    }

    /// - Parameter isAlone: there is no other gateway that could hold the charge point.
    mutating func returned(isAlone: Bool, now: NIODeadline) {
        guard !hasReturned else { return }
        hasReturned = true
        switch state {
        case .subscribing: state = .subscribing(hasReturned: true)
        case .returning: state = isAlone || hasHolderEnded ? .over : settling(now)
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
    /// - Parameters:
    ///   - claimsComeBack: some have, on this link.
    ///   - holdsCommands: some came in front of the claim.
    /// - Returns: since when the claim has been waited for in vain, where that is over now.
    mutating func expire(
        linkIsUp: Bool, claimsComeBack: Bool, holdsCommands: Bool, now: NIODeadline
    ) -> NIODeadline? {
        guard let deadline, deadline <= now else { return nil }
        switch state {
        case .returning where !linkIsUp: state = returning(now)
        case .settling where !linkIsUp: state = settling(now)
        case .returning(let since, _):
            let end = since + (claimsComeBack ? Self.longestSureReturn : Self.longestReturn)
            guard end <= now else {
                state = .returning(since: since, until: end)
                return nil
            }
            state = .over
            return since
        case .settling(let since, _):
            let end = since + (holdsCommands ? Self.longestSettleTime : Self.settleTime)
            state = end <= now ? .over : .settling(since: since, until: end)
        case .subscribing, .over: break
        }
        return nil
    }

    private func returning(_ now: NIODeadline) -> State { .returning(since: now, until: now + Self.longestReturn) }

    private func settling(_ now: NIODeadline) -> State { .settling(since: now, until: now + Self.settleTime) }
}
