import DequeModule
import NIOCore

/// The messages to the broker of one connection, in order: waiting, then handed to libmosquitto and unacknowledged.
struct OutboundQueue {
    private struct InFlight {
        var packetID: Int32
        var message: BrokerPublish
    }

    private var waiting: Deque<BrokerPublish> = []
    private var inFlight: Deque<InFlight> = []
    /// The most that have waited since the memory was last given back.
    private var longest = 0
    /// No message that waits has an earlier deadline; a bound, so that nothing is searched in vain.
    private var earliestDeadline = NIODeadline.distantFuture

    var isEmpty: Bool { waiting.isEmpty && inFlight.isEmpty }
    var count: Int { waiting.count + inFlight.count }
    var waitingCount: Int { waiting.count }
    /// QoS 1 and 2 messages sent and not yet acknowledged.
    var inFlightCount: Int { inFlight.count }

    mutating func append(_ message: BrokerPublish) {
        if let deadline = message.deadline, deadline < earliestDeadline {
            earliestDeadline = deadline
        }
        waiting.append(message)
        longest = max(longest, waiting.count)
    }

    mutating func takeNext() -> BrokerPublish? {
        let message = waiting.popFirst()
        // An outage may have left it large.
        if waiting.isEmpty, longest > 4096 {
            waiting = []
            longest = 0
        }
        return message
    }

    /// For a connection that says little: an empty queue then takes no memory.
    mutating func releaseMemory() {
        guard isEmpty else { return }
        waiting = []
        inFlight = []
    }

    /// Everything that is not known to have reached the broker, oldest first.
    mutating func removeAll() -> [BrokerPublish] {
        requeueInFlight()
        defer { waiting = [] }
        return Array(waiting)
    }

    /// For one that was taken and could not be handed over.
    mutating func putBack(_ message: BrokerPublish) {
        waiting.prepend(message)
    }

    mutating func sent(_ message: BrokerPublish, packetID: Int32) {
        inFlight.append(InFlight(packetID: packetID, message: message))
    }

    /// Acknowledgements come nearly always in order, so the search ends at once.
    mutating func acknowledged(packetID: Int32) -> BrokerPublish? {
        guard let index = inFlight.firstIndex(where: { $0.packetID == packetID }) else { return nil }
        return inFlight.remove(at: index).message
    }

    /// For a new MQTT client, which knows nothing of what the old one sent.
    mutating func requeueInFlight() {
        while let last = inFlight.popLast() {
            waiting.prepend(last.message)
        }
    }

    /// Takes out what waits past its deadline.
    mutating func removeExpired(now: NIODeadline) -> [BrokerPublish] {
        guard earliestDeadline <= now else { return [] }
        var expired: [BrokerPublish] = []
        var kept: Deque<BrokerPublish> = []
        earliestDeadline = .distantFuture
        for message in waiting {
            guard let deadline = message.deadline else {
                kept.append(message)
                continue
            }
            if deadline <= now {
                expired.append(message)
            } else {
                earliestDeadline = min(earliestDeadline, deadline)
                kept.append(message)
            }
        }
        waiting = kept
        return expired
    }
}
