import NIOCore
import Testing

@testable import BrokerLink

@Suite struct ThreadScheduleTests {
    private final class Member: ThreadMember {
        var scheduled = ThreadSchedule.Entry()
        var isClosed = false
        var rounds = 0
        var moreRounds = 0
        var timesKept: [NIODeadline] = []
        var wakeUp = NIODeadline.distantFuture

        func handle(_ event: BrokerPoll.Event) {}
        func keepTime(_ now: NIODeadline) { timesKept.append(now) }
        func nextWakeUp(_ now: NIODeadline) -> NIODeadline { wakeUp }
        func work(_ now: NIODeadline) -> Bool {
            rounds += 1
            moreRounds -= 1
            return moreRounds >= 0
        }
    }

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func `Only those with something to do are worked on and each once a round`() {
        let schedule = ThreadSchedule()
        let (busy, quiet) = (Member(), Member())
        schedule.list(busy)
        schedule.list(busy)
        schedule.work(start)
        #expect(busy.rounds == 1 && quiet.rounds == 0 && !schedule.hasWork)
    }

    @Test func `Who has more to do comes again in the next round`() {
        let schedule = ThreadSchedule()
        let member = Member()
        member.moreRounds = 2
        schedule.list(member)
        for _ in 0..<5 { schedule.work(start) }
        #expect(member.rounds == 3)
    }

    @Test func `A member is woken at its time and asked for the next one`() {
        let schedule = ThreadSchedule()
        let member = Member()
        member.wakeUp = start + .seconds(1)
        schedule.list(member)
        schedule.work(start)
        #expect(schedule.nextWakeUp == start + .seconds(1))
        schedule.keepTime(start + .milliseconds(999))
        #expect(member.timesKept.isEmpty)
        member.wakeUp = start + .seconds(2)
        schedule.keepTime(start + .seconds(1))
        #expect(member.timesKept == [start + .seconds(1)] && schedule.hasWork)
        schedule.work(start + .seconds(1))
        #expect(schedule.nextWakeUp == start + .seconds(2))
    }

    @Test func `An earlier time replaces a later one and is kept once`() {
        let schedule = ThreadSchedule()
        let member = Member()
        for seconds: Int64 in [9, 5, 7] {
            member.wakeUp = start + .seconds(seconds)
            schedule.list(member)
            schedule.work(start)
        }
        #expect(schedule.nextWakeUp == start + .seconds(5))
        member.wakeUp = .distantFuture
        schedule.keepTime(start + .seconds(10))
        #expect(member.timesKept.count == 1)
    }

    @Test func `One that is closed is let go of`() {
        let schedule = ThreadSchedule()
        weak var gone: Member?
        do {
            let member = Member()
            gone = member
            member.wakeUp = start + .seconds(1)
            schedule.list(member)
            schedule.work(start)
            member.isClosed = true
            schedule.list(member)
            schedule.work(start)
            schedule.keepTime(start + .seconds(1))
            #expect(member.rounds == 1 && member.timesKept.isEmpty)
        }
        #expect(gone == nil)
        #expect(schedule.nextWakeUp == .distantFuture && !schedule.hasWork)
    }
}
