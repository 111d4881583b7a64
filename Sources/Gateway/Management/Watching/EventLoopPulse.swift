import NIOCore
import Synchronization

/// Whether the event loops turn, and how late they are: each is made to turn ten times a second.
final class EventLoopPulse: Sendable {
    private final class Loop: Sendable {
        let delays = Mutex(LoopDelays(now: .now()))
        /// The task ends itself: a loop that has been shut down takes no word from outside any more.
        let isWanted = Atomic(true)
    }

    private let loops: [Loop]

    init(_ group: any EventLoopGroup) {
        loops = group.makeIterator().map { eventLoop in
            let loop = Loop()
            eventLoop.scheduleRepeatedTask(initialDelay: LoopDelays.period, delay: LoopDelays.period) { task in
                guard loop.isWanted.load(ordering: .relaxed) else { return task.cancel() }
                loop.delays.withLock { $0.turned(at: .now()) }
            }
            return loop
        }
    }

    deinit {
        for loop in loops { loop.isWanted.store(false, ordering: .relaxed) }
    }

    var loopCount: Int { loops.count }

    /// The numbers of those that have not turned for too long.
    func stalled(now: NIODeadline) -> [Int] {
        loops.indices.filter { number in loops[number].delays.withLock { $0.isStalled(now: now) } }
    }

    /// The longest delay of each loop in the last minute.
    func longestDelays(now: NIODeadline) -> [TimeAmount] {
        loops.map { loop in loop.delays.withLock { $0.longest(now: now) } }
    }
}
