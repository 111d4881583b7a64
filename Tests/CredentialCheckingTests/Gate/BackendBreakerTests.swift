import OutsideNames
import Testing

@testable import CredentialChecking

/// authentication.md, "Load": after 3 failures in a row the backend counts as down.
struct BackendBreakerTests {
    private let start = ContinuousClock.now

    private func origin(_ number: Int, host: String = "::1") -> WaitingLine.Origin {
        .init(identity: ChargePointIdentity("CP\(number)"), peerHost: host)
    }

    /// Of something asked just now.
    private func fail(
        _ number: Int, _ breaker: inout BackendBreaker, host: String = "::1", seconds: Double = 0, jitter: Double = 1
    ) -> BackendBreaker.OnFailure {
        breaker.failed(
            origin(number, host: host), askedIn: breaker.turn, at: start + .seconds(seconds), jitter: jitter)
    }

    private func answer(_ breaker: inout BackendBreaker) -> Bool { breaker.answered(askedIn: breaker.turn) }

    private func downBreaker(canBeProbed: Bool = true) -> BackendBreaker {
        var breaker = BackendBreaker(canBeProbed: canBeProbed)
        for number in 1...2 { #expect(fail(number, &breaker) == .none) }
        #expect(breaker.isUp)
        #expect(fail(3, &breaker) == .wentDown(probeAt: start + .milliseconds(500)))
        #expect(!breaker.isUp)
        return breaker
    }

    @Test func `Three failures in a row take it down`() {
        _ = downBreaker()
    }

    @Test func `An answer in between starts the count anew`() {
        var breaker = BackendBreaker(canBeProbed: true)
        for _ in 1...5 {
            #expect(fail(1, &breaker) == .none)
            #expect(fail(2, &breaker) == .none)
            #expect(answer(&breaker) == false)
        }
        #expect(breaker.isUp)
    }

    @Test(arguments: [true, false])
    func `What fails with one charge point alone keeps nobody else out, however often`(canBeProbed: Bool) {
        var breaker = BackendBreaker(canBeProbed: canBeProbed)
        for round in 0..<10 {
            for _ in 1...2 { #expect(fail(1, &breaker) == .none) }
            #expect(fail(1, &breaker) == .wentDown(probeAt: start + .milliseconds(500)))
            #expect(!breaker.isUp)
            #expect(tries(1, &breaker, seconds: 0.1) == false)
            if round.isMultiple(of: 2) { #expect(breaker.mayProbe(at: start + .seconds(1)) == canBeProbed) }
            #expect(tries(2, &breaker, seconds: 0.1) == true)
            #expect(answer(&breaker) == true)
            #expect(breaker.isUp)
            #expect(breaker.probeAnswered() == false)
            #expect(breaker.probeFailed(at: start, jitter: 1) == nil)
        }
    }

    @Test func `Once a probe has failed nobody is let through, nor after failures with three charge points`() {
        var breaker = BackendBreaker(canBeProbed: true)
        for _ in 1...3 { _ = fail(1, &breaker) }
        #expect(tries(2, &breaker, seconds: 0) == true)
        #expect(fail(2, &breaker) == .stayedDown)
        #expect(breaker.mayProbe(at: start + .seconds(1)) == true)
        #expect(breaker.probeFailed(at: start + .seconds(1), jitter: 1) == start + .seconds(2))
        #expect(tries(3, &breaker, host: "192.0.2.1", seconds: 60) == false)
        var other = downBreaker()
        #expect(tries(4, &other, host: "192.0.2.1", seconds: 60) == false)
        var early = BackendBreaker(canBeProbed: true)
        _ = early.wasAwayAtStart(at: start, jitter: 1)
        #expect(tries(4, &early, seconds: 60) == false)
    }

    @Test func `What was asked before it went down changes nothing when it ends`() {
        var breaker = downBreaker()
        #expect(breaker.failed(origin(4), askedIn: 0, at: start + .seconds(1), jitter: 1) == .none)
        // The last words of a server that has ended.
        #expect(breaker.answered(askedIn: 0) == false)
        #expect(!breaker.isUp)
        #expect(breaker.mayProbe(at: start + .milliseconds(500)) == true)
        #expect(breaker.answered(askedIn: 0) == false)
        #expect(!breaker.isUp)
        #expect(breaker.probeFailed(at: start + .seconds(1), jitter: 1) == start + .seconds(2))
    }

    @Test func `What was asked before it came up neither takes it down again nor speaks for it`() {
        var breaker = downBreaker()
        #expect(breaker.mayProbe(at: start + .seconds(1)) == true)
        #expect(breaker.probeAnswered() == true)
        for number in 1...10 {
            #expect(breaker.failed(origin(number), askedIn: 0, at: start + .seconds(2), jitter: 1) == .none)
        }
        #expect(breaker.isUp)
        for number in 1...2 { #expect(fail(number, &breaker) == .none) }
        #expect(breaker.answered(askedIn: 0) == false)
        #expect(fail(3, &breaker) == .wentDown(probeAt: start + .milliseconds(500)))
    }

    @Test func `Probes come after half a second, doubling to ten, one at a time`() {
        var breaker = downBreaker()
        var now = start
        var expected = Duration.milliseconds(500)
        for _ in 1...8 {
            let isEarly = breaker.mayProbe(at: now + expected - .milliseconds(1))
            #expect(!isEarly)
            now += expected
            let isDue = breaker.mayProbe(at: now)
            let isSecond = breaker.mayProbe(at: now)
            #expect(isDue && !isSecond)
            expected = min(expected * 2, .seconds(10))
            #expect(breaker.probeFailed(at: now, jitter: 1) == now + expected)
        }
        #expect(expected == .seconds(10))
        #expect(breaker.mayProbe(at: now + expected) == true)
        #expect(breaker.probeAnswered() == true)
        #expect(breaker.isUp)
    }

    @Test func `Jitter shortens a pause and not its doubling`() {
        var breaker = BackendBreaker(canBeProbed: true)
        for number in 1...2 { _ = fail(number, &breaker, jitter: 0.5) }
        #expect(fail(3, &breaker, jitter: 0.5) == .wentDown(probeAt: start + .milliseconds(250)))
        #expect(breaker.mayProbe(at: start + .milliseconds(250)) == true)
        #expect(breaker.probeFailed(at: start, jitter: 0.5) == start + .milliseconds(500))
    }

    @Test func `Without a probe that runs there is nothing to say of one`() {
        var breaker = downBreaker()
        #expect(breaker.probeAnswered() == false)
        #expect(breaker.probeFailed(at: start, jitter: 1) == nil)
        #expect(!breaker.isUp)
    }

    @Test func `Away at start it is down at once, unless a handshake has found it meanwhile`() {
        var breaker = BackendBreaker(canBeProbed: true)
        #expect(breaker.wasAwayAtStart(at: start, jitter: 1) == .wentDown(probeAt: start + .milliseconds(500)))
        #expect(!breaker.isUp)
        var answering = BackendBreaker(canBeProbed: true)
        #expect(answering.answered(askedIn: 0) == false)
        #expect(answering.wasAwayAtStart(at: start, jitter: 1) == .none)
        #expect(answering.isUp)
        var back = downBreaker()
        #expect(back.mayProbe(at: start + .seconds(1)) == true)
        #expect(back.probeAnswered() == true)
        #expect(back.wasAwayAtStart(at: start, jitter: 1) == .none)
    }

    // MARK: - Without a probe

    private func tries(
        _ number: Int, _ breaker: inout BackendBreaker, host: String = "::1", seconds: Double
    ) -> Bool {
        breaker.mayTry(origin(number, host: host), at: start + .seconds(seconds))
    }

    @Test func `Without a probe the next handshake after each pause finds out, and the pauses double to ten seconds`() {
        var breaker = downBreaker(canBeProbed: false)
        var (now, pause) = (0.0, 0.5)
        for _ in 1...8 {
            #expect(tries(9, &breaker, seconds: now + pause - 0.001) == false)
            now += pause
            for number in 7...9 { #expect(tries(number, &breaker, seconds: now) == true) }
            for number in 6...9 { #expect(tries(number, &breaker, seconds: now) == false) }
            for number in 7...9 { #expect(fail(number, &breaker, seconds: now) == .stayedDown) }
            pause = min(pause * 2, 10)
        }
        #expect(pause == 10)
        #expect(breaker.mayProbe(at: start + .seconds(now + pause)) == false)
        #expect(!breaker.isUp)
        #expect(tries(9, &breaker, seconds: now + pause) == true)
        #expect(answer(&breaker) == true)
        #expect(breaker.isUp)
    }

    @Test func `A charge point from elsewhere need not wait for the pause, and three addresses are enough`() {
        var breaker = downBreaker(canBeProbed: false)
        #expect(tries(4, &breaker, seconds: 0) == false)
        #expect(tries(4, &breaker, host: "192.0.2.1", seconds: 0) == true)
        #expect(fail(4, &breaker, host: "192.0.2.1", seconds: 0) == .stayedDown)
        #expect(tries(4, &breaker, host: "192.0.2.1", seconds: 0) == false)
        #expect(tries(5, &breaker, host: "192.0.2.2", seconds: 0.1) == true)
        #expect(tries(6, &breaker, host: "192.0.2.3", seconds: 0.1) == false)
        #expect(answer(&breaker) == true)
        #expect(breaker.isUp)
        // A second one of before says no more.
        #expect(breaker.failed(origin(4), askedIn: 1, at: start, jitter: 1) == .none)
    }

    @Test func `A charge point that goes before it is answered ends the waiting for it, and says nothing`() {
        var breaker = downBreaker(canBeProbed: false)
        #expect(tries(4, &breaker, seconds: 1) == true)
        #expect(tries(4, &breaker, seconds: 60) == false)
        breaker.gaveUp(askedIn: breaker.turn)
        #expect(tries(4, &breaker, seconds: 60) == true)
        #expect(fail(4, &breaker, seconds: 60) == .stayedDown)
        #expect(tries(4, &breaker, seconds: 60.9) == false)
        #expect(tries(4, &breaker, seconds: 61) == true)
    }
}

struct VerdictRateTests {
    private let start = ContinuousClock.now

    @Test func `The rate is that of the last second`() {
        var rate = VerdictRate(at: start)
        for _ in 0..<100 { rate.count(at: start + .milliseconds(500)) }
        #expect(rate.perSecond(at: start + .milliseconds(900)) == 100)
        #expect(abs(rate.perSecond(at: start + .milliseconds(1500)) - 50) < 0.001)
        #expect(rate.perSecond(at: start + .seconds(3)) == 0)
    }

    @Test(arguments: [(0, 1.0), (10, 1.0), (1000, 10.0), (5000, 50.0), (1_000_000, 120.0)])
    func `Retry-After is what waits divided by the rate, 1 to 120 s`(waiting: Int, expected: Double) {
        var rate = VerdictRate(at: start)
        for _ in 0..<100 { rate.count(at: start) }
        #expect(rate.pause(waiting: waiting, at: start) == expected)
    }

    @Test func `Where nothing moves it is the longest, and nothing waiting the shortest`() {
        var rate = VerdictRate(at: start)
        #expect(rate.pause(waiting: 1, at: start) == 120)
        #expect(rate.pause(waiting: 0, at: start) == 1)
    }

    @Test func `It is spread over half to one and a half, and never below a second`() {
        #expect(VerdictRate.retryAfter(100, chance: 0) == 50)
        #expect(VerdictRate.retryAfter(100, chance: 1) == 150)
        #expect(VerdictRate.retryAfter(1, chance: 0) == 1)
    }
}
