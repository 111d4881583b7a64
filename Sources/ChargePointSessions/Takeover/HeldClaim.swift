import NIOCore

/// The claim of a session that is held here, beside when the session really began.
struct HeldClaim {
    var claim: SessionClaim
    /// By this gateway's clock as it is set now; in milliseconds since 1970.
    var began: Int64

    /// - Parameter age: how long the session has been there, by a clock that is never set.
    init(_ claim: SessionClaim, age: TimeAmount, now: Int64) {
        began = now - age.nanoseconds / 1_000_000
        self.claim = claim
        // Further apart than following others explains: the clock was wrong then, and has been set.
        if abs(claim.time - began) > ClaimClock.longestLead + ClaimClock.difference {
            self.claim = claim.dated(began)
        }
    }

    /// Claims of one gateway are never weighed against each other: its registry knows better.
    func verdict(on other: SessionClaim, now: Int64) -> ClaimVerdict {
        if other.isAnswer || other.isHello { return .nothing }
        if other.inquiredMessage != nil { return other.gateway == claim.gateway ? .nothing : .asked }
        let isThis = other.session.hasSameBytes(as: claim.session)
        if let successor = other.successor {
            return successor.hasSameBytes(as: claim.session) && !isThis ? .holderEnded : .nothing
        }
        if other.gateway == claim.gateway { return isThis ? .returned : .nothing }
        guard !isThis else { return .nothing }
        return isOlder(than: other, now: now) ? .replaced : .stale
    }

    /// A claim that follows a clock which is ahead is later than its session. Beside one that does not, what counts is
    /// when the session began: else nobody could take the charge point over until that time has come.
    private func isOlder(than other: SessionClaim, now: Int64) -> Bool {
        let limit = now + ClaimClock.difference
        if claim.time > limit, other.time <= limit { return other.isNewer(than: claim.dated(began)) }
        return other.isNewer(than: claim)
    }
}
