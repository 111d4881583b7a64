import NIOCore
import OutsideNames

/// What the broker has ended the link over lately, so that the same again costs at most one more lost link: whoever
/// sent it may send it again, and again. Bounded in number and time.
struct CulpritMemory {
    enum Advice: Equatable {
        case send
        /// Alone, so that it shows at once what the broker does.
        case sendAlone
        case refuse
    }

    private struct Entry {
        /// Bytes of the smallest.
        var size: Int
        var count: Int
        var until: NIODeadline
    }

    static let time = TimeAmount.minutes(10)
    private static let most = 256
    /// A packet that is longer may have been too long for the broker, whatever its topic.
    private static let large = 8192
    /// So many long ones on different topics, and the broker takes none that long.
    private static let proof = 3

    private var entries: [Topic: Entry] = [:]
    /// Of what the broker has acknowledged since there are entries, in bytes.
    private var largestTaken = 0

    var isEmpty: Bool { entries.isEmpty }

    /// - Parameter size: of the packet, in bytes.
    mutating func add(_ topic: Topic, size: Int, now: NIODeadline) {
        let known = entries[topic]
        if known == nil, entries.count >= Self.most {
            let oldest = entries.min { $0.value.until < $1.value.until }
            if let oldest { entries[oldest.key] = nil }
        }
        entries[topic] = Entry(
            size: min(size, known?.size ?? size), count: (known?.count ?? 0) + 1, until: now + Self.time)
    }

    mutating func advice(_ topic: Topic, size: Int, now: NIODeadline) -> Advice {
        if let entry = entries[topic], entry.until > now {
            if size >= entry.size { return entry.count > 1 ? .refuse : .sendAlone }
        } else {
            entries[topic] = nil
        }
        guard size >= Self.large, size > largestTaken else { return .send }
        let alike = entries.values.count { $0.size >= Self.large && $0.size <= size && $0.until > now }
        return alike == 0 ? .send : alike < Self.proof ? .sendAlone : .refuse
    }

    /// The broker takes it after all.
    mutating func acknowledged(_ topic: Topic, size: Int) {
        largestTaken = max(largestTaken, size)
        guard let entry = entries[topic], size >= entry.size else { return }
        entries[topic] = nil
    }
}
