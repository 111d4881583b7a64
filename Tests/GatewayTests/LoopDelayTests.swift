import NIOCore
import Testing

@testable import Gateway

@Suite("Management: how late event loops are")
struct LoopDelayTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    @Test func `A loop that turns in time has no delay`() {
        var delays = LoopDelays(now: start)
        var now = start
        for _ in 0..<1000 {
            now = now + LoopDelays.period
            delays.turned(at: now)
        }
        #expect(delays.longest(now: now) == .zero)
        #expect(!delays.isStalled(now: now))
    }

    @Test func `The longest turn counts for a minute, and no longer`() {
        var delays = LoopDelays(now: start)
        let late = start + LoopDelays.period + .milliseconds(700)
        delays.turned(at: late)
        var now = late
        var seconds = 0
        while delays.longest(now: now) == .milliseconds(700) {
            now = now + LoopDelays.period
            delays.turned(at: now)
            seconds = Int((now - late).nanoseconds / 1_000_000_000)
        }
        #expect((54...60).contains(seconds), "\(seconds) s")
        #expect(delays.longest(now: now) == .zero)
    }

    @Test func `A turn that goes on counts already, and after five seconds the loop is stalled`() {
        let delays = LoopDelays(now: start)
        #expect(delays.longest(now: start + .seconds(2)) == .seconds(2) - LoopDelays.period)
        #expect(!delays.isStalled(now: start + .seconds(5)))
        #expect(delays.isStalled(now: start + .seconds(5) + .nanoseconds(1)))
    }
}
