import NIOCore
import Testing

@testable import ChargePointSessions

@Suite("The clock of claims")
struct ClaimClockTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    /// So long after the start, by the clock that is never set; the other one shows `error` more.
    private func moment(_ milliseconds: Int64, error: Int64 = 0) -> ClaimClock.Moment {
        ClaimClock.Moment(time: 1_000_000 + milliseconds + error, uptime: start + .milliseconds(milliseconds))
    }

    @Test
    func `A gateway whose clock is slow makes claims that are newer than those it has heard`() {
        var clock = ClaimClock()
        #expect(clock.next(moment(0)) == 1_000_000)
        #expect(clock.heard(1_000_700, moment(0)) == true)
        #expect(clock.next(moment(1)) == 1_000_701)
        #expect(clock.heard(900, moment(2)) == true)
        #expect(clock.next(moment(2)) == 1_000_701)
    }

    @Test
    func `What was heard counts until that time has come, and no longer`() {
        var clock = ClaimClock()
        #expect(clock.heard(1_059_900, moment(0)) == true)
        #expect(clock.next(moment(10)) == 1_059_901)
        #expect(clock.next(moment(59_000)) == 1_059_901)
        #expect(clock.next(moment(60_000)) == 1_060_000)
        #expect(clock.next(moment(3_600_000)) == 4_600_000)
    }

    @Test
    func `Gateways that follow one claim far ahead believe each other`() {
        var (one, other) = (ClaimClock(), ClaimClock())
        #expect(one.heard(1_000_000 + ClaimClock.longestLead, moment(0)) == true)
        // The other one's clock is a little slow.
        #expect(other.heard(one.next(moment(0)), moment(0, error: -500)) == true)
        #expect(other.heard(one.next(moment(100)), moment(100, error: -500)) == true)
    }

    @Test
    func `A claim from far in the future is not believed, and moves no clock`() {
        var clock = ClaimClock()
        for time in [1_000_000 + ClaimClock.longestLead + ClaimClock.tolerance + 1, .max] {
            #expect(clock.heard(time, moment(0)) == false)
        }
        #expect(clock.heard(1_000_000 + ClaimClock.longestLead + 1, moment(0)) == true)
        #expect(clock.next(moment(0)) == 1_000_000)
    }

    @Test
    func `Claims of one gateway never go back in time`() {
        var clock = ClaimClock()
        #expect(clock.next(moment(0, error: 900)) == 1_000_900)
        // Slowed down, not set.
        #expect(clock.next(moment(500, error: 0)) == 1_000_900)
        #expect(clock.next(moment(1000, error: 0)) == 1_001_000)
    }

    @Test(arguments: [-1, 1] as [Int64])
    func `A clock that was wrong and is set right makes right claims at once`(direction: Int64) {
        var clock = ClaimClock()
        let wrong = direction * 600_000
        #expect(clock.next(moment(0, error: wrong)) == 1_000_000 + wrong)
        #expect(clock.heard(1_000_000 + wrong + 30_000, moment(5, error: wrong)) == true)
        #expect(clock.next(moment(10)) == 1_000_010)
        #expect(clock.heard(1_000_050, moment(20)) == true)
        #expect(clock.next(moment(30)) == 1_000_051)
    }
}
