/// The times of a gateway's claims: its own clock, but never behind what it has said, nor behind the claims of others
/// (a hybrid logical clock). So a charge point that moves to a gateway whose clock is slow still gets the newer claim.
struct ClaimClock {
    /// A gateway whose clock is further ahead is wrong; it is not followed, and its claims end no session.
    static let longestLead: Int64 = 60_000

    /// How far the fastest clock heard of is ahead of this one, in milliseconds.
    private var lead: Int64 = 0
    private var last: Int64 = 0

    /// - Parameter now: milliseconds since 1970, by this machine's clock.
    mutating func next(now: Int64) -> Int64 {
        last = max(last, now + lead)
        return last
    }

    /// False: that claim's time lies too far ahead to be believed.
    mutating func heard(_ time: Int64, now: Int64) -> Bool {
        guard time - now <= Self.longestLead else { return false }
        lead = max(lead, time - now)
        return true
    }
}
