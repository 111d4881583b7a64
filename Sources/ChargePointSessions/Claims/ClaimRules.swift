/// What a claim means for a session that is held here.
enum ClaimVerdict: Equatable {
    /// The session's own claim has come back: all gateways have it, or will have it before whatever comes later.
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

extension SessionClaim {
    /// Claims of one gateway are never weighed against each other: its registry knows better.
    func verdict(on claim: SessionClaim) -> ClaimVerdict {
        if claim.inquiredMessage != nil { return claim.gateway == gateway ? .nothing : .asked }
        if let successor = claim.successor {
            return successor == session && claim.session != session ? .holderEnded : .nothing
        }
        if claim == self { return .returned }
        guard claim.gateway != gateway, claim.session != session else { return .nothing }
        return claim.isNewer(than: self) ? .replaced : .stale
    }
}
