import Testing

@testable import CredentialChecking

/// authentication.md, "Load": after 3 failures in a row the backend counts as down.
struct BackendBreakerTests {
    private let start = ContinuousClock.now

    /// Of something asked just now.
    private func fail(_ breaker: inout BackendBreaker, jitter: Double = 1) -> BackendBreaker.OnFailure {
        breaker.failed(askedIn: breaker.turn, at: start, jitter: jitter)
    }

    private func downBreaker() -> BackendBreaker {
        var breaker = BackendBreaker()
        for _ in 1...2 { #expect(fail(&breaker) == .none) }
        #expect(breaker.isUp)
        #expect(fail(&breaker) == .wentDown(probeAt: start + .milliseconds(500)))
        #expect(!breaker.isUp)
        return breaker
    }

    @Test func `Three failures in a row take it down`() {
        _ = downBreaker()
    }

    @Test func `An answer in between starts the count anew`() {
        var breaker = BackendBreaker()
        for _ in 1...5 {
            #expect(fail(&breaker) == .none)
            #expect(fail(&breaker) == .none)
            breaker.answered(askedIn: breaker.turn)
        }
        #expect(breaker.isUp)
    }

    @Test func `What was asked before it went down changes nothing when it ends`() {
        var breaker = downBreaker()
        #expect(breaker.failed(askedIn: 0, at: start + .seconds(1), jitter: 1) == .none)
        // The last words of a server that has ended.
        breaker.answered(askedIn: 0)
        #expect(!breaker.isUp)
        #expect(breaker.mayProbe(at: start + .milliseconds(500)) == true)
        breaker.answered(askedIn: 0)
        #expect(!breaker.isUp)
        #expect(breaker.probeFailed(at: start + .seconds(1), jitter: 1) == start + .seconds(2))
    }

    @Test func `What was asked before it came up neither takes it down again nor speaks for it`() {
        var breaker = downBreaker()
        #expect(breaker.mayProbe(at: start + .seconds(1)) == true)
        #expect(breaker.probeAnswered() == true)
        for _ in 1...10 { #expect(breaker.failed(askedIn: 0, at: start + .seconds(2), jitter: 1) == .none) }
        #expect(breaker.isUp)
        for _ in 1...2 { #expect(fail(&breaker) == .none) }
        breaker.answered(askedIn: 0)
        #expect(fail(&breaker) == .wentDown(probeAt: start + .milliseconds(500)))
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
        var breaker = BackendBreaker()
        for _ in 1...2 { _ = fail(&breaker, jitter: 0.5) }
        #expect(fail(&breaker, jitter: 0.5) == .wentDown(probeAt: start + .milliseconds(250)))
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
        var breaker = BackendBreaker()
        #expect(breaker.wasAwayAtStart(at: start, jitter: 1) == .wentDown(probeAt: start + .milliseconds(500)))
        #expect(!breaker.isUp)
        var answering = BackendBreaker()
        answering.answered(askedIn: 0)
        #expect(answering.wasAwayAtStart(at: start, jitter: 1) == .none)
        #expect(answering.isUp)
        var back = downBreaker()
        #expect(back.mayProbe(at: start + .seconds(1)) == true)
        #expect(back.probeAnswered() == true)
        #expect(back.wasAwayAtStart(at: start, jitter: 1) == .none)
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
