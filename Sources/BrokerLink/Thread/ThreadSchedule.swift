import HeapModule
import NIOCore

/// Which members of a broker thread have something to do now, and which at which time: a quiet one costs nothing.
final class ThreadSchedule {
    /// To be kept by the member, so that nothing is searched.
    struct Entry {
        /// It is in the list of those that have something to do.
        fileprivate var isListed = false
        /// The earliest time at which it is to be woken.
        fileprivate var wakeUp = NIODeadline.distantFuture
    }

    private struct WakeUp: Comparable {
        var time: NIODeadline
        var member: any ThreadMember

        static func < (one: Self, other: Self) -> Bool { one.time < other.time }
        static func == (one: Self, other: Self) -> Bool { one.time == other.time }
    }

    private var listed: [any ThreadMember] = []
    private var wakeUps = Heap<WakeUp>()

    /// Something has happened to it, or it has been given something to do.
    func list(_ member: any ThreadMember) {
        guard !member.scheduled.isListed else { return }
        member.scheduled.isListed = true
        listed.append(member)
    }

    /// There is something to do at once.
    var hasWork: Bool { !listed.isEmpty }

    func work(_ now: NIODeadline) {
        let members = listed
        listed = []
        for member in members {
            member.scheduled.isListed = false
            // The heap would keep it for ever.
            if member.isClosed { continue }
            if member.work(now) { list(member) }
            if !member.isClosed { wake(member, at: member.nextWakeUp(now)) }
        }
        if listed.isEmpty, members.count < 1024 {
            listed = members
            listed.removeAll(keepingCapacity: true)
        }
    }

    /// An earlier time that it was to be woken at is kept, and leads to the next one.
    private func wake(_ member: any ThreadMember, at time: NIODeadline) {
        guard time < member.scheduled.wakeUp else { return }
        member.scheduled.wakeUp = time
        wakeUps.insert(WakeUp(time: time, member: member))
    }

    func keepTime(_ now: NIODeadline) {
        while let first = wakeUps.min, first.time <= now {
            wakeUps.removeMin()
            // One that came earlier has taken its place.
            guard first.member.scheduled.wakeUp == first.time, !first.member.isClosed else { continue }
            first.member.scheduled.wakeUp = .distantFuture
            first.member.keepTime(now)
            list(first.member)
        }
    }

    var nextWakeUp: NIODeadline { wakeUps.min?.time ?? .distantFuture }
}
