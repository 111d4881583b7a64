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
    private static let mostPerRound = 256

    private let eventLoop: any EventLoop
    /// A heap: no entry is due before the one at half its index.
    private var entries: [Entry] = []
    private var callback: (scheduled: NIOScheduledCallback, at: NIODeadline)?

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    var count: Int { self.entries.count }

    /// Makes `waiter` wait for `deadline`, and for nothing else.
    func set(_ deadline: NIODeadline, for waiter: any DeadlineWaiter) {
        if let place = waiter.deadlinePlace {
            let index = Int(place.index)
            guard self.entries[index].deadline != deadline else { return }
            self.entries[index].deadline = deadline
            self.settle(index)
        } else {
            self.entries.append(Entry(deadline: deadline, waiter: waiter))
            self.settle(self.entries.count - 1)
        }
        self.schedule()
    }

    func remove(_ waiter: any DeadlineWaiter) {
        guard let place = waiter.deadlinePlace else { return }
        waiter.deadlinePlace = nil
        let index = Int(place.index)
        let last = self.entries.removeLast()
        guard index < self.entries.count else { return }
        self.entries[index] = last
        self.settle(index)
    }

    // MARK: The loop's callback

    /// A callback that has become too early is left: it finds nothing due.
    private func schedule() {
        guard let first = self.entries.first else { return }
        let at = first.deadline + Self.tolerance
        if let callback = self.callback {
            guard at < callback.at else { return }
            callback.scheduled.cancel()
        }
        self.schedule(at: at)
    }

    private func schedule(at deadline: NIODeadline) {
        // It fails only while the loop shuts down.
        let loop = self.eventLoop.assumeIsolated()
        guard let scheduled = try? loop.scheduleCallback(at: deadline, handler: self) else { return }
        self.callback = (scheduled, deadline)
    }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        self.callback = nil
        let now = eventLoop.now
        for _ in 0..<Self.mostPerRound {
            guard let first = self.entries.first, first.deadline <= now else {
                self.schedule()
                return
            }
            self.remove(first.waiter)
            first.waiter.deadlineReached(now: now)
        }
        if self.callback == nil { self.schedule(at: now) }
    }

    // MARK: The heap

    /// Brings the entry at `index` to where it belongs, and tells each that it moves.
    private func settle(_ index: Int) {
        var index = index
        let entry = self.entries[index]
        while index > 0, entry.deadline < self.entries[(index - 1) / 2].deadline {
            self.place(self.entries[(index - 1) / 2], at: index)
            index = (index - 1) / 2
        }
        while let child = self.earlierChild(of: index), self.entries[child].deadline < entry.deadline {
            self.place(self.entries[child], at: index)
            index = child
        }
        self.place(entry, at: index)
    }

    private func earlierChild(of index: Int) -> Int? {
        let (left, right) = (2 * index + 1, 2 * index + 2)
        guard right < self.entries.count else { return left < self.entries.count ? left : nil }
        return self.entries[right].deadline < self.entries[left].deadline ? right : left
    }

    private func place(_ entry: Entry, at index: Int) {
        self.entries[index] = entry
        entry.waiter.deadlinePlace = DeadlinePlace(index: UInt32(index))
    }
}
