import DequeModule

/// What is remembered under the digest of a secret: bounded, the oldest goes first, each for a while only.
package struct Memo<Value: Sendable>: Sendable {
    private struct Entry {
        var value: Value
        var serial: Int
        /// Nil: until it is pushed out.
        var end: ContinuousClock.Instant?
    }

    private let capacity: Int
    private var entries: [KeyedDigest: Entry] = [:]
    /// In the order of keeping. A key that was kept again is here twice, and the older place means nothing.
    private var order = Deque<(key: KeyedDigest, serial: Int)>()
    private var serial = 0

    package init(capacity: Int) {
        self.capacity = capacity
    }

    package var count: Int { entries.count }

    package mutating func keep(_ value: Value, under key: KeyedDigest, until end: ContinuousClock.Instant? = nil) {
        serial &+= 1
        entries[key] = Entry(value: value, serial: serial, end: end)
        order.append((key, serial))
        while order.count > capacity { dropOldest() }
    }

    private mutating func dropOldest() {
        guard let oldest = order.popFirst() else { return }
        if entries[oldest.key]?.serial == oldest.serial { entries[oldest.key] = nil }
    }

    /// Nil where there is none, or where its time is over.
    package mutating func value(under key: KeyedDigest, at now: ContinuousClock.Instant) -> Value? {
        while let oldest = order.first, isOver(oldest, at: now) { dropOldest() }
        guard let entry = entries[key], entry.end.map({ now < $0 }) ?? true else { return nil }
        return entry.value
    }

    private func isOver(_ place: (key: KeyedDigest, serial: Int), at now: ContinuousClock.Instant) -> Bool {
        guard let entry = entries[place.key], entry.serial == place.serial else { return true }
        return entry.end.map { $0 <= now } ?? false
    }

    package mutating func forget(_ key: KeyedDigest) {
        entries[key] = nil
    }

    package mutating func removeAll() {
        entries = [:]
        order = []
    }
}
