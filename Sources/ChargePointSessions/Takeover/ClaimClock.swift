import NIOCore

/// The times of a gateway's claims: its own clock, but never behind what it has said, nor behind the claims of others
/// (a hybrid logical clock). So a charge point that moves to a gateway whose clock is slow still gets the newer claim.
///
/// It heals by itself: what others have said counts until that time has come, and when this machine's own clock is set,
/// nothing counts that was said before.
struct ClaimClock {
    /// A gateway whose clock is further ahead is wrong; it is not followed, and its claims end no session.
    static let longestLead: Int64 = 60_000
    /// Claims of others may be so much further ahead: they follow others as this gateway does.
    static let tolerance: Int64 = 60_000
    /// Clocks that agree differ by less; and one that is set, and not slowed down or hurried, jumps by more.
    static let difference: Int64 = 1000

    /// One moment, by both of this machine's clocks.
    struct Moment {
        /// Milliseconds since 1970.
        var time: Int64
        /// Which is never set.
        var uptime: NIODeadline

        static func now() -> Moment { Moment(time: WallClock.milliseconds(), uptime: .now()) }
    }

    private var before: Moment?
    private var last: Int64 = 0
    /// The latest time that others have said.
    private var heard: Int64 = 0

    /// The time of a claim that is made now.
    mutating func next(_ now: Moment) -> Int64 {
        notice(now)
        last = max(last, now.time, heard + 1)
        return last
    }

    /// False: that claim's time lies too far ahead to be believed.
    mutating func heard(_ time: Int64, _ now: Moment) -> Bool {
        notice(now)
        let lead = time.subtractingReportingOverflow(now.time)
        guard !lead.overflow, lead.partialValue <= Self.longestLead + Self.tolerance else { return false }
        if lead.partialValue <= Self.longestLead { heard = max(heard, time) }
        return true
    }

    private mutating func notice(_ now: Moment) {
        defer { before = now }
        guard let before else { return }
        let step = now.time - before.time - (now.uptime - before.uptime).nanoseconds / 1_000_000
        guard abs(step) > Self.difference else { return }
        (last, heard) = (0, 0)
    }
}
