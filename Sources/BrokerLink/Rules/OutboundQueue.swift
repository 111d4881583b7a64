import DequeModule
import NIOCore
import OutsideNames

/// The messages to the broker of one connection, in order: waiting, then handed to libmosquitto and unacknowledged.
struct OutboundQueue {
    /// A message with the number that it keeps, however often it is sent.
    struct Item {
        let number: UInt64
        let message: BrokerPublish
    }

    private struct InFlight {
        let packetID: Int32
        let sentAt: NIODeadline
        let item: Item
    }

    private var waiting: Deque<Item> = []
    private var inFlight: Deque<InFlight> = []
    /// Announcements stand in front of everything else, so their numbers are less.
    private static let firstNumber: UInt64 = 1 << 40
    private var lastAnnouncement: UInt64 = 0
    private var lastNumber = firstNumber
    /// The last presence message on each topic that waits, by number.
    private var presence: [Topic: UInt64] = [:]
    /// The most that have waited since the memory was last given back.
    private var longest = 0
    /// No message that waits has an earlier deadline; a bound, so that nothing is searched in vain.
    private var earliestDeadline = NIODeadline.distantFuture
    /// Up to here messages have been on their way before, and are sent again.
    private var lastResent: UInt64 = 0

    var isEmpty: Bool { waiting.isEmpty && inFlight.isEmpty }
    var count: Int { waiting.count + inFlight.count }
    var waitingCount: Int { waiting.count }
    /// QoS 1 and 2 messages sent and not yet acknowledged.
    var inFlightCount: Int { inFlight.count }
    /// The first that waits was on its way when the link was lost.
    var resends: Bool { waiting.first.map { isResent($0.number) } ?? false }

    private func isResent(_ number: UInt64) -> Bool { number <= Self.firstNumber || number <= lastResent }

    /// - Parameter replacesOlder: a presence message takes the place of one that waits on its topic.
    /// - Returns: the message that waits no longer because of this one.
    @discardableResult
    mutating func append(_ message: BrokerPublish, replacesOlder: Bool = false) -> BrokerPublish? {
        lastNumber += 1
        var replaced: BrokerPublish?
        if message.purpose == .presence {
            let older = presence.updateValue(lastNumber, forKey: message.topic)
            if replacesOlder, let older { replaced = take(number: older)?.message }
        }
        note(message.deadline)
        waiting.append(Item(number: lastNumber, message: message))
        longest = max(longest, waiting.count)
        return replaced
    }

    private mutating func note(_ deadline: NIODeadline?) {
        if let deadline, deadline < earliestDeadline { earliestDeadline = deadline }
    }

    /// What comes next, without taking it.
    var next: Item? { waiting.first }

    mutating func takeNext() -> Item? {
        guard let item = waiting.popFirst() else { return nil }
        left(item)
        // An outage may have left it large.
        if waiting.isEmpty, longest > 4096 {
            waiting = []
            longest = 0
        }
        return item
    }

    /// Takes one out of its turn; nil: it does not wait.
    mutating func take(number: UInt64) -> Item? {
        guard let index = index(of: number) else { return nil }
        let item = waiting.remove(at: index)
        left(item)
        return item
    }

    private func index(of number: UInt64) -> Int? {
        // They stand in the order of their numbers.
        var range = 0..<waiting.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if waiting[middle].number == number { return middle }
            range =
                waiting[middle].number < number ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    private mutating func left(_ item: Item) {
        guard item.message.purpose == .presence, presence[item.message.topic] == item.number else { return }
        presence[item.message.topic] = nil
    }

    /// For a connection that says little: an empty queue then takes no memory.
    mutating func releaseMemory() {
        guard isEmpty else { return }
        waiting = []
        inFlight = []
        presence = [:]
    }

    /// Everything that is not known to have reached the broker, oldest first.
    mutating func removeAll() -> [BrokerPublish] {
        requeueInFlight()
        defer {
            waiting = []
            presence = [:]
        }
        return waiting.map(\.message)
    }

    /// Takes out what was on its way when the link was lost.
    mutating func removeResent() -> [BrokerPublish] {
        let resent = waiting.prefix { isResent($0.number) }
        waiting.removeFirst(resent.count)
        for item in resent { left(item) }
        return resent.map(\.message)
    }

    /// For one that was taken and could not be handed over.
    mutating func putBack(_ item: Item) {
        let index = waiting.firstIndex { $0.number > item.number } ?? waiting.endIndex
        note(item.message.deadline)
        waiting.insert(item, at: index)
        if item.message.purpose == .presence, presence[item.message.topic] == nil {
            presence[item.message.topic] = item.number
        }
    }

    /// One that goes out beside the queue, and first when it must be sent again.
    mutating func announcement(_ message: BrokerPublish) -> Item {
        lastAnnouncement += 1
        return Item(number: lastAnnouncement, message: message)
    }

    mutating func sent(_ item: Item, packetID: Int32, at now: NIODeadline) {
        inFlight.append(InFlight(packetID: packetID, sentAt: now, item: item))
    }

    /// Acknowledgements come nearly always in order, so the search ends at once.
    ///
    /// - Returns: the message, and when it was sent; nil: there is none.
    mutating func acknowledged(packetID: Int32) -> (item: Item, sentAt: NIODeadline)? {
        guard let index = inFlight.firstIndex(where: { $0.packetID == packetID }) else { return nil }
        let message = inFlight.remove(at: index)
        return (message.item, message.sentAt)
    }

    /// The numbers of what is unacknowledged, oldest first.
    var unacknowledged: [UInt64] { inFlight.map(\.item.number) }

    /// Whether libmosquitto would send again what nobody waits for any more.
    func hasStaleInFlight(now: NIODeadline) -> Bool {
        inFlight.contains { $0.item.message.deadline.map { $0 <= now } ?? false }
    }

    /// For a new MQTT client, which knows nothing of what the old one sent.
    mutating func requeueInFlight() {
        while let last = inFlight.popLast() {
            lastResent = max(lastResent, last.item.number)
            putBack(last.item)
        }
    }

    /// Takes out the CALL of this origin that waits to be sent again.
    mutating func removeResent(of subscriber: any BrokerSubscriber, token: String) -> BrokerPublish? {
        for item in waiting {
            guard isResent(item.number) else { return nil }
            guard item.message.purpose == .call, let origin = item.message.origin, origin.subscriber === subscriber,
                origin.token.hasSameBytes(as: token)
            else { continue }
            return take(number: item.number)?.message
        }
        return nil
    }

    /// Takes out what waits past its deadline.
    mutating func removeExpired(now: NIODeadline) -> [BrokerPublish] {
        guard earliestDeadline <= now else { return [] }
        var expired: [BrokerPublish] = []
        var kept: Deque<Item> = []
        earliestDeadline = .distantFuture
        for item in waiting {
            guard let deadline = item.message.deadline else {
                kept.append(item)
                continue
            }
            if deadline <= now {
                expired.append(item.message)
            } else {
                earliestDeadline = min(earliestDeadline, deadline)
                kept.append(item)
            }
        }
        waiting = kept
        return expired
    }
}
