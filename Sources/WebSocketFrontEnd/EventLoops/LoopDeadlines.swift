import NIOCore

/// Something that waits for a moment, one at a time.
protocol DeadlineWaiter: AnyObject {
    /// Kept by `LoopDeadlines`, which finds the waiter again by it; nil at first.
    var deadlinePlace: DeadlinePlace? { get set }
    /// It waits for nothing any more, unless it says so.
    func deadlineReached(now: NIODeadline)
}

/// Where a waiter stands among all.
struct DeadlinePlace: Equatable {
    fileprivate var index: UInt32
}

/// What handshakes and connections of one event loop wait for; used on that loop only.
///
/// The loop's own queue does not let go of a callback without a search through all of them, so one that is not
/// wanted any more keeps a connection alive long after its end. Here it is gone at once, and the loop has one callback
/// to keep, however many wait.
final class LoopDeadlines: NIOScheduledCallbackHandler {
    private struct Entry {
        var deadline: NIODeadline
        var waiter: any DeadlineWaiter
    }

    /// How late a deadline may be noticed, so that those close to each other cost one wake-up.
    static let tolerance = TimeAmount.milliseconds(25)
    /// So many waiters have their turn before the sockets have theirs.
    static let mostPerRound = 256
    /// What is due when it is set, or left over from a round, waits this long at least: the loop turns to its sockets
    /// only once none of its callbacks is due.
    static let pause = TimeAmount.milliseconds(1)

    private let eventLoop: any EventLoop
    /// A heap: no entry is due before the one at half its index.
    private var entries: [Entry] = []
    private var callback: (scheduled: NIOScheduledCallback, at: NIODeadline)?
    /// While waiters have their turn: when that began.
    private var round: NIODeadline?

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    var count: Int { entries.count }

    /// Makes `waiter` wait for `deadline`, and for nothing else.
    func set(_ wanted: NIODeadline, for waiter: any DeadlineWaiter) {
        // Who has had his turn has no other one before those that wait for theirs.
        let deadline = round.map { max(wanted, $0 + Self.pause) } ?? wanted
        if let place = waiter.deadlinePlace {
            let index = Int(place.index)
            guard entries[index].deadline != deadline else { return }
            entries[index].deadline = deadline
            settle(index)
        } else {
            entries.append(Entry(deadline: deadline, waiter: waiter))
            settle(entries.count - 1)
        }
        schedule()
    }

    func remove(_ waiter: any DeadlineWaiter) {
        guard let place = waiter.deadlinePlace else { return }
        waiter.deadlinePlace = nil
        let index = Int(place.index)
        let last = entries.removeLast()
        guard index < entries.count else { return }
        entries[index] = last
        settle(index)
    }

    // MARK: The loop's callback

    /// A callback that has become too early is left: it finds nothing due.
    private func schedule() {
        guard let first = entries.first else { return }
        let at = first.deadline + Self.tolerance
        if let callback {
            // One that comes next is not put off again and again.
            guard at < callback.at, callback.at > eventLoop.now + Self.pause else { return }
            callback.scheduled.cancel()
        }
        schedule(at: at)
    }

    private func schedule(at wanted: NIODeadline) {
        let deadline = max(wanted, eventLoop.now + Self.pause)
        // It fails only while the loop shuts down.
        let loop = eventLoop.assumeIsolated()
        guard let scheduled = try? loop.scheduleCallback(at: deadline, handler: self) else { return }
        callback = (scheduled, deadline)
    }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        callback = nil
        let now = eventLoop.now
        round = now
        defer { round = nil }
        for _ in 0..<Self.mostPerRound {
            guard let first = entries.first, first.deadline <= now else {
                schedule()
                return
            }
            remove(first.waiter)
            first.waiter.deadlineReached(now: now)
        }
        if callback == nil { schedule(at: now) }
    }

    // MARK: The heap

    /// Brings the entry at `index` to where it belongs, and tells each that it moves.
    private func settle(_ index: Int) {
        var index = index
        let entry = entries[index]
        while index > 0, entry.deadline < entries[(index - 1) / 2].deadline {
            place(entries[(index - 1) / 2], at: index)
            index = (index - 1) / 2
        }
        while let child = earlierChild(of: index), entries[child].deadline < entry.deadline {
            place(entries[child], at: index)
            index = child
        }
        place(entry, at: index)
    }

    private func earlierChild(of index: Int) -> Int? {
        let (left, right) = (2 * index + 1, 2 * index + 2)
        guard right < entries.count else { return left < entries.count ? left : nil }
        return entries[right].deadline < entries[left].deadline ? right : left
    }

    private func place(_ entry: Entry, at index: Int) {
        entries[index] = entry
        entry.waiter.deadlinePlace = DeadlinePlace(index: UInt32(index))
    }
}
