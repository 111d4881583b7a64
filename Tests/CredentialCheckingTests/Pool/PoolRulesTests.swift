import Testing

@testable import CredentialChecking

/// authentication.md, "Load": who serves whom, without a thread or a clock.
struct PoolRulesTests {
    private let start = ContinuousClock.now
    private let one = PoolRules.Worker(number: 1)
    private let two = PoolRules.Worker(number: 2)
    private let three = PoolRules.Worker(number: 3)

    private func rules(size: Int) -> PoolRules {
        PoolRules(limits: PoolLimits(size: size))
    }

    private func request(_ number: Int) -> PoolRules.Request {
        PoolRules.Request(number: number)
    }

    private func at(_ seconds: Int) -> ContinuousClock.Instant {
        start + .seconds(seconds)
    }

    @Test func `Threads are started up to the pool's size, then one waits`() {
        var rules = rules(size: 2)
        #expect(rules.asked(request(1), now: start) == .start(one))
        #expect(rules.asked(request(2), now: start) == .start(two))
        #expect(rules.asked(request(3), now: start) == .wait)
        #expect(rules.take(one, now: start) == .serve(request(1)))
        #expect(rules.finished(one, isConnected: true, now: start) == .answer(request(1)))
        #expect(rules.take(one, now: start) == .serve(request(3)))
    }

    @Test func `First come, first served`() {
        var rules = rules(size: 1)
        for number in 1...4 { _ = rules.asked(request(number), now: start) }
        for number in 1...4 {
            #expect(rules.take(one, now: start) == .serve(request(number)))
            #expect(rules.finished(one, isConnected: true, now: start) == .answer(request(number)))
        }
        #expect(rules.take(one, now: start) == .sleep(until: at(30)))
    }

    @Test func `The connection used last serves next, and one before none`() {
        var rules = rules(size: 3)
        for (number, worker) in [(1, one), (2, two), (3, three)] {
            _ = rules.asked(request(number), now: start)
            _ = rules.take(worker, now: start)
        }
        _ = rules.finished(one, isConnected: true, now: at(1))
        _ = rules.finished(two, isConnected: true, now: at(2))
        _ = rules.finished(three, isConnected: false, now: at(3))
        #expect(rules.asked(request(4), now: at(4)) == .wake(two))
        #expect(rules.asked(request(5), now: at(4)) == .wake(one))
        #expect(rules.asked(request(6), now: at(4)) == .wake(three))
        #expect(rules.asked(request(7), now: at(4)) == .wait)
    }

    @Test func `An idle connection is pinged each 30 s, a thread without one sleeps`() {
        var rules = rules(size: 1)
        _ = rules.asked(request(1), now: start)
        _ = rules.take(one, now: start)
        _ = rules.finished(one, isConnected: true, now: start)
        #expect(rules.take(one, now: at(29)) == .sleep(until: at(30)))
        #expect(rules.take(one, now: at(30)) == .ping)
        #expect(rules.asked(request(2), now: at(30)) == .wait)
        #expect(rules.finished(one, isConnected: false, now: at(31)) == .keep)
        #expect(rules.take(one, now: at(31)) == .serve(request(2)))
        _ = rules.finished(one, isConnected: false, now: at(32))
        #expect(rules.take(one, now: at(90)) == .sleep(until: nil))
    }

    @Test func `A thread whose time is over is let go of and replaced, its connection never used again`() {
        var rules = rules(size: 1)
        _ = rules.asked(request(1), now: start)
        _ = rules.take(one, now: start)
        #expect(rules.began(one, until: at(5)) == true)
        _ = rules.asked(request(2), now: start)
        #expect(rules.nextDeadline == at(5))
        #expect(rules.overdue(now: at(4)) == PoolRules.Overdue())
        #expect(rules.overdue(now: at(5)) == PoolRules.Overdue(timedOut: [request(1)], refused: [], start: [two]))
        #expect(rules.nextDeadline == nil)
        #expect(rules.began(one, until: at(9)) == false)
        #expect(rules.finished(one, isConnected: true, now: at(6)) == .discard)
        #expect(rules.take(one, now: at(6)) == .end)
        #expect(rules.take(two, now: at(6)) == .serve(request(2)))
    }

    @Test func `Threads that hang are bounded; then all are refused at once until one comes back`() {
        var rules = rules(size: 1)
        _ = rules.asked(request(1), now: start)
        _ = rules.take(one, now: start)
        _ = rules.overdue(now: at(5))
        #expect(rules.asked(request(2), now: at(5)) == .start(two))
        _ = rules.take(two, now: at(5))
        _ = rules.asked(request(3), now: at(5))
        let overdue = rules.overdue(now: at(10))
        #expect(overdue == PoolRules.Overdue(timedOut: [request(2)], refused: [request(3)], start: []))
        #expect(rules.asked(request(4), now: at(10)) == .refuse)
        #expect(rules.finished(two, isConnected: true, now: at(20)) == .discard)
        #expect(rules.take(two, now: at(20)) == .sleep(until: nil))
        #expect(rules.asked(request(5), now: at(20)) == .wake(two))
    }

    @Test func `A ping that hangs costs its thread`() {
        var rules = rules(size: 1)
        _ = rules.asked(request(1), now: start)
        _ = rules.take(one, now: start)
        _ = rules.finished(one, isConnected: true, now: start)
        #expect(rules.take(one, now: at(30)) == .ping)
        #expect(rules.overdue(now: at(35)) == PoolRules.Overdue())
        #expect(rules.asked(request(2), now: at(35)) == .start(two))
        #expect(rules.finished(one, isConnected: true, now: at(40)) == .discard)
    }

    @Test func `What is cancelled before it has started is not asked`() {
        var rules = rules(size: 1)
        _ = rules.asked(request(1), now: start)
        rules.cancelled(request(1))
        #expect(rules.take(one, now: start) == .sleep(until: nil))
        #expect(rules.asked(request(2), now: start) == .wake(one))
        _ = rules.asked(request(3), now: start)
        _ = rules.asked(request(4), now: start)
        rules.cancelled(request(3))
        #expect(rules.take(one, now: start) == .serve(request(2)))
        _ = rules.finished(one, isConnected: true, now: start)
        #expect(rules.take(one, now: start) == .serve(request(4)))
    }

    @Test func `What is cancelled while it is asked leaves its connection good`() {
        var rules = rules(size: 1)
        _ = rules.asked(request(1), now: start)
        _ = rules.take(one, now: start)
        rules.cancelled(request(1))
        #expect(rules.finished(one, isConnected: true, now: start) == .keep)
        #expect(rules.take(one, now: start) == .sleep(until: at(30)))
        #expect(rules.overdue(now: at(60)) == PoolRules.Overdue())
    }

    @Test func `A closed pool takes nothing and has ended with its threads, but for those that hang`() {
        var rules = rules(size: 1)
        _ = rules.asked(request(1), now: start)
        _ = rules.take(one, now: start)
        rules.close()
        #expect(rules.asked(request(2), now: start) == .refuse)
        #expect(rules.hasEnded == false)
        _ = rules.overdue(now: at(5))
        #expect(rules.hasEnded == true)
    }
}
