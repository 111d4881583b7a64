import NIOCore

/// Whether the broker delivers claims to this gateway. Where it does not, nothing is worth waiting for.
///
/// A broker that hangs for a moment is not taken for one that delivers none: a session that did not wait then would
/// deliver what the one before it has delivered.
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

    /// Where something has come back on this link already, only a longer silence is one.
    static let longestPause = TimeAmount.seconds(10)

    private(set) var state = State.works
    /// What was said last; a new link is given another chance without a word.
    private var said = State.works
    private var lastReturn: NIODeadline?
    private var firstMiss: NIODeadline?
    /// Something has come back on this link.
    private(set) var isProven = false

    var isHeard: Bool { state == .works }

    mutating func linkUp() {
        (state, isProven, firstMiss) = (.works, false, nil)
    }

    /// A claim of this gateway's own has come back, or a hello.
    mutating func returned(_ now: NIODeadline) -> News? {
        (lastReturn, isProven, firstMiss) = (now, true, nil)
        return change(to: .works)
    }

    /// A session has waited in vain for its claim, from this moment on.
    mutating func missed(since: NIODeadline) -> News? {
        // Others have come back meanwhile: one was lost, or is late.
        if let lastReturn, lastReturn >= since { return nil }
        guard state == .works else { return nil }
        let first = firstMiss ?? since
        firstMiss = first
        guard !isProven || since - first >= Self.longestPause else { return nil }
        return change(to: .silent)
    }

    mutating func refused() -> News? { change(to: .refused) }

    private mutating func change(to new: State) -> News? {
        state = new
        guard said != new else { return nil }
        said = new
        return new
    }
}
