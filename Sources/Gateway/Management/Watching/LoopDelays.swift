import NIOCore

/// How late an event loop was with what was due, in the last minute: while something takes its turn, all else waits.
///
/// Without input or output. In slots, so that it takes the same small memory and few steps for ever.
struct LoopDelays {
    /// How often a loop is to turn for this.
    static let period = TimeAmount.milliseconds(100)
    /// What has not turned for so long is stalled (management.md, "Health").
    static let patience = TimeAmount.seconds(5)
    private static let slotTime = TimeAmount.seconds(5)
    private static let slotCount: UInt64 = 12

    private struct Slot {
        var number: UInt64
        var longest: TimeAmount
    }

    private var slots: [Slot] = []
    private(set) var lastTurn: NIODeadline

    init(now: NIODeadline) {
        lastTurn = now
    }

    /// The loop has turned; it was due one period after the last time.
    mutating func turned(at now: NIODeadline) {
        let number = Self.number(now)
        let delay = overdue(now)
        lastTurn = now
        slots.removeAll { $0.number + Self.slotCount <= number }
        if let last = slots.last, last.number == number {
            slots[slots.count - 1].longest = max(last.longest, delay)
        } else {
            slots.append(Slot(number: number, longest: delay))
        }
    }

    /// The longest delay of the last minute, one that goes on included.
    func longest(now: NIODeadline) -> TimeAmount {
        let number = Self.number(now)
        return slots.lazy.filter { $0.number + Self.slotCount > number }.map(\.longest).reduce(overdue(now), max)
    }

    func isStalled(now: NIODeadline) -> Bool { now - lastTurn > Self.patience }

    private func overdue(_ now: NIODeadline) -> TimeAmount { max(.zero, now - lastTurn - Self.period) }

    private static func number(_ time: NIODeadline) -> UInt64 {
        time.uptimeNanoseconds / UInt64(slotTime.nanoseconds)
    }
}
