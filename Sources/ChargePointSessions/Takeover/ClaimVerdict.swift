import NIOCore

/// What a claim means for a session that is held here.
enum ClaimVerdict: Equatable {
    /// The session's own claim has come back: who holds the charge point has it too, or will have it before whatever
    /// comes later.
    case returned
    /// The gateway that held the charge point before has reported its session's end.
    case holderEnded
    /// The session is the older one: it ends.
    case replaced
    /// The claim is older than the session: whoever made it does not know of this session yet.
    case stale
    /// Another gateway asks who has the charge point.
    case asked
    /// Nothing: an older claim of this gateway's own, or the end of a session in favour of some other one.
    case nothing
}
