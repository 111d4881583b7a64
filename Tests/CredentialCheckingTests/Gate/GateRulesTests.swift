import OutsideNames
import Testing

@testable import CredentialChecking

/// authentication.md, "Load", as a script of events.
struct GateRulesTests {
    private let start = ContinuousClock.now

    private func rules(poolSize: Int = 2, maxWaiting: Int = 3, canBeProbed: Bool = true) -> GateRules {
        var configuration = AuthenticationGateConfiguration()
        configuration.poolSize = poolSize
        configuration.maxWaiting = maxWaiting
        return GateRules(configuration: configuration, canBeProbed: canBeProbed, at: start)
    }

    private func origin(_ ticket: Int) -> WaitingLine.Origin {
        .init(identity: ChargePointIdentity("CP\(ticket)"), peerHost: "::1")
    }

    private func enter(_ ticket: Int, _ rules: inout GateRules, _ seconds: Int = 0) -> [GateRules.Action] {
        rules.enter(ticket, from: origin(ticket), at: start + .seconds(seconds))
    }

    private func end(
        _ ticket: Int, _ end: GateRules.End, _ rules: inout GateRules, _ seconds: Int = 0
    ) -> [GateRules.Action] {
        rules.ended(ticket, from: origin(ticket), end, at: start + .seconds(seconds), chance: 1)
    }

    @Test func `So many are asked about at once, the others in their order as places come free`() {
        var rules = rules()
        #expect(enter(1, &rules) == [.ask(1)])
        #expect(enter(2, &rules) == [.ask(2)])
        #expect(enter(3, &rules) == [])
        #expect(enter(4, &rules) == [])
        #expect(rules.waiting == 2)
        #expect(end(2, .answered, &rules) == [.ask(3)])
        #expect(end(1, .answered, &rules) == [.ask(4)])
        #expect(end(3, .answered, &rules) == [])
    }

    @Test func `Where the line is full the newcomer is sent away`() {
        var rules = rules(poolSize: 1, maxWaiting: 1)
        _ = enter(1, &rules)
        _ = enter(2, &rules)
        #expect(enter(3, &rules) == [.sendAway(3, .lineFull, pause: 120)])
    }

    @Test func `One that waits gives way to a newer one of the same charge point`() {
        var rules = rules(poolSize: 1)
        _ = enter(1, &rules)
        let origin = WaitingLine.Origin(identity: "CPX", peerHost: "::1")
        #expect(rules.enter(2, from: origin, at: start) == [])
        #expect(rules.enter(3, from: origin, at: start) == [.sendAway(2, .replaced, pause: 120)])
        #expect(end(1, .answered, &rules) == [.ask(3)])
    }

    @Test func `Who leaves the line is not asked about; who leaves while it is asked about is no longer`() {
        var rules = rules(poolSize: 1)
        _ = enter(1, &rules)
        _ = enter(2, &rules)
        _ = enter(3, &rules)
        #expect(rules.left(2) == [])
        #expect(rules.left(1) == [.stopAsking(1)])
        // Its place is taken until the backend is done with it.
        #expect(rules.left(1) == [])
        #expect(end(1, .gaveUp, &rules) == [.ask(3)])
    }

    @Test func `A handshake past its time is sent away, waiting or asked about`() {
        var rules = rules(poolSize: 1)
        _ = enter(1, &rules)
        _ = enter(2, &rules, 1)
        #expect(rules.nextDeadline() == start + .seconds(10))
        #expect(rules.expire(at: start + .milliseconds(9999)) == [])
        #expect(
            rules.expire(at: start + .seconds(10))
                == [.sendAway(1, .overdue, pause: 120), .stopAsking(1)])
        #expect(rules.expire(at: start + .seconds(11)) == [.sendAway(2, .overdue, pause: 1)])
        #expect(rules.nextDeadline() == nil)
        #expect(end(1, .unreachable, &rules, 12) == [])
    }

    @Test func `No time runs for those that have their verdict`() {
        var rules = rules()
        _ = enter(1, &rules)
        _ = enter(2, &rules, 3)
        _ = end(1, .answered, &rules, 4)
        #expect(rules.nextDeadline() == start + .seconds(13))
    }

    @Test func `After three failures the line is emptied and nobody is asked until a probe is answered`() {
        var rules = rules(poolSize: 3, maxWaiting: 9)
        for ticket in 1...5 { _ = enter(ticket, &rules) }
        #expect(end(1, .unreachable, &rules) == [.ask(4)])
        #expect(end(2, .unreachable, &rules) == [.ask(5)])
        #expect(enter(6, &rules) == [])
        #expect(
            end(3, .unreachable, &rules)
                == [
                    .wentDown(probeAt: start + .milliseconds(500)), .sendAway(6, .backendDown, pause: 120),
                ])
        #expect(!rules.isUp)
        #expect(enter(7, &rules) == [.sendAway(7, .backendDown, pause: 1)])
        #expect(end(4, .unreachable, &rules) == [])
        let isDue = rules.mayProbe(at: start + .seconds(1))
        #expect(isDue)
        #expect(rules.probeFailed(at: start + .seconds(1), chance: 1) == start + .seconds(2))
        #expect(rules.mayProbe(at: start + .seconds(2)) == true)
        #expect(rules.probeAnswered(at: start + .seconds(2)) == [.cameUp])
        #expect(enter(8, &rules, 2) == [.ask(8)])
    }

    /// Whatever the pool still held when the backend ended comes back late: as its last answer, or as a time-out when it
    /// has long been up again.
    @Test func `How a question of before ends neither brings the backend up nor takes it down again`() {
        var rules = rules(poolSize: 8, maxWaiting: 9)
        for ticket in 1...8 { #expect(enter(ticket, &rules) == [.ask(ticket)]) }
        for ticket in 1...2 { #expect(end(ticket, .unreachable, &rules) == []) }
        #expect(end(3, .unreachable, &rules) == [.wentDown(probeAt: start + .milliseconds(500))])
        #expect(end(4, .answered, &rules) == [])
        #expect(!rules.isUp)
        #expect(enter(9, &rules) == [.sendAway(9, .backendDown, pause: 1)])
        #expect(rules.mayProbe(at: start + .seconds(1)) == true)
        #expect(rules.probeAnswered(at: start + .seconds(1)) == [.cameUp])
        for ticket in 5...7 { #expect(end(ticket, .unreachable, &rules, 5) == []) }
        #expect(rules.isUp)
        #expect(enter(10, &rules, 6) == [.ask(10)])
        // Those of now count, whatever of before comes between them.
        for ticket in 11...12 { _ = enter(ticket, &rules, 6) }
        for ticket in 10...11 { #expect(end(ticket, .unreachable, &rules, 7) == []) }
        #expect(end(8, .answered, &rules, 7) == [])
        #expect(end(12, .unreachable, &rules, 7) == [.wentDown(probeAt: start + .milliseconds(7500))])
    }

    /// A stranger's handshakes, with which the server fails always, decide for nobody else.
    @Test func `Without a probe a handshake that comes finds the backend again`() {
        var rules = rules(poolSize: 8, canBeProbed: false)
        for ticket in 1...3 { _ = enter(ticket, &rules) }
        for ticket in 1...2 { #expect(end(ticket, .unreachable, &rules) == []) }
        #expect(end(3, .unreachable, &rules) == [.wentDown(probeAt: start + .milliseconds(500))])
        #expect(enter(4, &rules) == [.sendAway(4, .backendDown, pause: 1)])
        for ticket in 5...7 { #expect(enter(ticket, &rules, 1) == [.ask(ticket)]) }
        #expect(rules.nextDeadline() == start + .seconds(11))
        #expect(enter(8, &rules, 1) == [.sendAway(8, .backendDown, pause: 1)])
        for ticket in 5...6 { #expect(end(ticket, .unreachable, &rules, 1) == [.stayedDown]) }
        #expect(rules.left(7) == [.stopAsking(7)])
        #expect(end(7, .unreachable, &rules, 2) == [])
        #expect(enter(8, &rules, 2) == [.ask(8)])
        #expect(end(8, .answered, &rules, 2) == [.cameUp])
        #expect(enter(9, &rules, 2) == [.ask(9)])
    }

    @Test func `Nonsense is an answer`() {
        var rules = rules()
        for ticket in 1...20 {
            #expect(enter(ticket, &rules) == [.ask(ticket)])
            #expect(end(ticket, ticket.isMultiple(of: 3) ? .answered : .unreachable, &rules) == [])
        }
        #expect(rules.isUp)
    }

    @Test func `A charge point that goes says nothing about the backend`() {
        var rules = rules()
        for ticket in 1...10 {
            _ = enter(ticket, &rules)
            _ = rules.left(ticket)
            #expect(end(ticket, .unreachable, &rules) == [])
        }
        #expect(rules.isUp)
    }

    @Test func `A backend that had most of the time and gave no verdict has failed`() {
        var rules = rules(poolSize: 3)
        for ticket in 1...3 { _ = enter(ticket, &rules) }
        _ = rules.expire(at: start + .seconds(10))
        _ = end(1, .unreachable, &rules, 10)
        _ = end(2, .unreachable, &rules, 10)
        #expect(end(3, .unreachable, &rules, 10) == [.wentDown(probeAt: start + .milliseconds(10_500))])
    }
}
