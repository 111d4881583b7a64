import OutsideNames

/// Knows the QoS 1 messages that the broker delivers again after a lost link, because the acknowledgement was lost
/// with it (MQTT 5, 4.4): the same message with the same packet identifier. libmosquitto does not show the DUP flag.
struct RedeliveryFilter {
    /// Twice what the broker may have unacknowledged (Receive Maximum).
    private let capacity: Int
    /// Hashes of the last messages of this link, round and round.
    private var recent: [Int] = []
    private var position = 0
    private var suspects: Set<Int> = []

    /// - Parameter receiveMaximum: QoS 1 messages that the broker may have unacknowledged.
    init(receiveMaximum: Int) {
        capacity = 2 * receiveMaximum
    }

    var isEmpty: Bool { recent.isEmpty }

    static func key(packetID: Int32, topic: Topic, payload: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(packetID)
        hasher.combine(topic)
        hasher.combine(bytes: payload)
        return hasher.finalize()
    }

    /// False: it was delivered on the last link already.
    mutating func isNew(_ key: Int) -> Bool {
        if !suspects.isEmpty, suspects.remove(key) != nil { return false }
        if recent.count < capacity {
            recent.append(key)
        } else {
            recent[position] = key
            position = (position + 1) % capacity
        }
        return true
    }

    /// The session is that of an older connection with the same client id.
    mutating func inherit(from older: RedeliveryFilter) {
        for key in older.recent where !suspects.contains(key) { suspects.insert(key) }
    }

    /// CONNACK: only in a session that was kept is anything delivered again.
    mutating func linkUp(sessionPresent: Bool) {
        suspects = sessionPresent ? Set(recent) : []
        if !sessionPresent {
            recent.removeAll()
            position = 0
        }
    }

    /// What is delivered again comes first on a new link; later the packet identifiers mean other messages.
    mutating func forgetSuspects() {
        suspects = []
    }
}
