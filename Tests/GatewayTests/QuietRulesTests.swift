import NIOCore
import Testing

@testable import Gateway

@Suite("What is said and done now and then")
struct QuietRulesTests {
    @Test
    func `CALLs that nobody subscribes to are said at once, then in sums, at most once a minute`() {
        var calls = UnroutedCalls()
        let now = NIODeadline.now()
        #expect(calls.found(now: now) == 1)
        #expect(calls.found(now: now + .seconds(59)) == nil)
        #expect(calls.found(now: now + .seconds(60)) == 2)
        #expect(calls.found(now: now + .seconds(61)) == nil)
    }

    @Test
    func `Memory is given back after it has grown and the queues are empty again, and not again for nothing`() {
        var rule = MemoryReleaseRule()
        let growth = MemoryReleaseRule.growth
        #expect(rule.isDue(kept: 100 << 20, queued: 0) == false)
        #expect(rule.isDue(kept: (100 << 20) + growth - 1, queued: 0) == false)
        // A burst: its messages are still there.
        #expect(rule.isDue(kept: (100 << 20) + growth, queued: growth) == false)
        #expect(rule.isDue(kept: (100 << 20) + growth, queued: 0) == true)
        rule.released(kept: 120 << 20)
        #expect(rule.isDue(kept: (120 << 20) + growth - 1, queued: 0) == false)
        // Some of it is used again.
        #expect(rule.isDue(kept: 90 << 20, queued: 0) == false)
        #expect(rule.isDue(kept: (90 << 20) + growth, queued: 0) == true)
        // A burst in the first seconds counts too.
        var young = MemoryReleaseRule(kept: 30 << 20)
        #expect(young.isDue(kept: (30 << 20) + growth, queued: 0) == true)
    }
}
