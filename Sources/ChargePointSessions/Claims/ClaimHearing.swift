import NIOCore

/// Whether the broker delivers claims to this gateway. Where it does not, nothing is worth waiting for.
struct ClaimHearing {
    enum State: Equatable {
        case works
        /// The broker refuses the subscription.
        case refused
        /// The broker acknowledges the subscription and delivers nothing: an access list without the right to read.
        case silent
    }

    /// What is to be said, once.
    typealias News = State

    private(set) var state = State.works
    private var lastReturn: NIODeadline?

    var isHeard: Bool { state == .works }

    /// A claim of this gateway's own has come back.
    mutating func returned(_ now: NIODeadline) -> News? {
        lastReturn = now
        return change(to: .works)
    }

    /// A session has waited in vain for its claim, from this moment on.
    mutating func missed(since: NIODeadline) -> News? {
        // Others have come back meanwhile: one was lost, or is late.
        if let lastReturn, lastReturn >= since { return nil }
        return state == .works ? change(to: .silent) : nil
    }

    mutating func refused() -> News? { change(to: .refused) }

    private mutating func change(to new: State) -> News? {
        guard state != new else { return nil }
        state = new
        return new
    }
}
