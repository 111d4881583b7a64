import NIOCore
import OutsideNames

/// Who is subscribed to which topic on one connection, what the broker knows of it, and what it must be told.
///
/// A topic has at most one wish at a time (subscribe or unsubscribe), so the last packet about it on the wire
/// always says what is wanted now.
struct SubscriptionTable {
    struct Receiver {
        var subscriber: any BrokerSubscriber
        var eventLoop: any EventLoop
    }

    /// What a subscriber must hear.
    enum News {
        case subscribed(Receiver)
        case refused(Receiver, reasonCode: UInt8)
    }

    private enum State: Equatable {
        /// To be sent; `brokerMayKnow`: a SUBSCRIBE was sent before, on a link that is gone.
        case wanted(brokerMayKnow: Bool)
        case sent(packetID: Int32)
        case acknowledged
    }

    private struct Entry {
        var receiver: Receiver
        var state: State
        /// This subscriber has heard that it is subscribed.
        var isTold = false
        /// Its SUBSCRIBE goes out with an announcement.
        var isAnnounced = false
    }

    private struct Presence {
        var eventLoop: any EventLoop
        var topics: Int
    }

    private var entries: [Topic: Entry] = [:]
    /// Topics in state `wanted`, oldest first; may name some that are no longer.
    private var toSubscribe: [Topic] = []
    /// The same for those with an announcement.
    private var toAnnounce: [Topic] = []
    private var toUnsubscribe: Set<Topic> = []
    private var subscribing: [Int32: [Topic]] = [:]
    private var unsubscribing: [Int32: [Topic]] = [:]
    /// On which event loop a subscriber lives, for news about what it published.
    private var present: [ObjectIdentifier: Presence] = [:]
    private var isLinkUp = false

    var hasSomethingToSend: Bool { !toSubscribe.isEmpty || !toUnsubscribe.isEmpty || !toAnnounce.isEmpty }
    var hasSomethingToAnnounce: Bool { !toAnnounce.isEmpty }
    var unsubscribesAreSettled: Bool { toUnsubscribe.isEmpty && unsubscribing.isEmpty }

    func receiver(of topic: Topic) -> Receiver? {
        entries[topic]?.receiver
    }

    func eventLoop(of subscriber: any BrokerSubscriber) -> (any EventLoop)? {
        present[ObjectIdentifier(subscriber)]?.eventLoop
    }

    // MARK: What the sessions want

    mutating func subscribe(topic: Topic, receiver: Receiver) -> News? {
        toUnsubscribe.remove(topic)
        enter(receiver)
        guard var entry = entries[topic] else {
            entries[topic] = Entry(receiver: receiver, state: .wanted(brokerMayKnow: false))
            toSubscribe.append(topic)
            return nil
        }
        leave(entry.receiver.subscriber)
        entry.receiver = receiver
        // With the link down nobody knows whether the broker keeps the session: told when it is back.
        entry.isTold = entry.state == .acknowledged && isLinkUp
        entries[topic] = entry
        return entry.isTold ? .subscribed(receiver) : nil
    }

    /// False: that subscriber does not have the topic.
    @discardableResult
    mutating func unsubscribe(topic: Topic, subscriber: any BrokerSubscriber) -> Bool {
        guard let entry = entries[topic], entry.receiver.subscriber === subscriber else { return false }
        remove(topic, entry)
        if entry.state != .wanted(brokerMayKnow: false) {
            toUnsubscribe.insert(topic)
        }
        return true
    }

    /// An announcement goes out with the SUBSCRIBE; false: that is not to be sent, or has been.
    mutating func announce(with topic: Topic) -> Bool {
        guard var entry = entries[topic], case .wanted = entry.state else { return false }
        if !entry.isAnnounced {
            entry.isAnnounced = true
            entries[topic] = entry
            toAnnounce.append(topic)
        }
        return true
    }

    mutating func announced(with topic: Topic) {
        entries[topic]?.isAnnounced = false
    }

    mutating func discard(topic: Topic) {
        guard entries[topic] == nil, !unsubscribing.values.contains(where: { $0.contains(topic) }) else { return }
        toUnsubscribe.insert(topic)
    }

    // MARK: What goes to the broker

    /// The topics of the next SUBSCRIBE, at most `count` and about `bytes` bytes of packet.
    mutating func nextToSubscribe(count: Int, bytes: Int) -> [Topic] {
        next(from: \.toSubscribe, isAnnounced: false, count: count, bytes: bytes)
    }

    /// The same for topics with an announcement.
    mutating func nextToAnnounce(count: Int, bytes: Int) -> [Topic] {
        next(from: \.toAnnounce, isAnnounced: true, count: count, bytes: bytes)
    }

    private mutating func next(
        from list: WritableKeyPath<Self, [Topic]>, isAnnounced: Bool, count: Int, bytes: Int
    ) -> [Topic] {
        var topics: [Topic] = []
        var room = bytes
        var looked = 0
        for topic in self[keyPath: list] {
            if let entry = entries[topic], case .wanted = entry.state, entry.isAnnounced == isAnnounced {
                room -= topic.utf8.count + 3
                if topics.count == count || (room < 0 && !topics.isEmpty) { break }
                topics.append(topic)
                // Not twice in a packet, when the list names it twice.
                entries[topic]?.state = .sent(packetID: 0)
            }
            looked += 1
        }
        self[keyPath: list].removeFirst(looked)
        return topics
    }

    mutating func subscribeSent(_ topics: [Topic], packetID: Int32) {
        for topic in topics {
            entries[topic]?.state = .sent(packetID: packetID)
        }
        subscribing[packetID] = topics
    }

    /// Of these, what is still to be subscribed to: sent beside the lists, and without an announcement.
    mutating func takeToSubscribe(_ topics: [Topic]) -> [Topic] {
        topics.filter { topic in
            guard var entry = entries[topic], case .wanted = entry.state else { return false }
            entry.state = .sent(packetID: 0)
            entry.isAnnounced = false
            entries[topic] = entry
            return true
        }
    }

    /// Of these, what is still to be unsubscribed from.
    mutating func takeToUnsubscribe(_ topics: [Topic]) -> [Topic] {
        topics.filter { toUnsubscribe.remove($0) != nil }
    }

    /// The link turned out to be gone.
    mutating func subscribeNotSent(_ topics: [Topic]) {
        for topic in topics where entries[topic] != nil {
            wantAgain(topic)
        }
    }

    private mutating func wantAgain(_ topic: Topic) {
        entries[topic]?.state = .wanted(brokerMayKnow: true)
        if entries[topic]?.isAnnounced == true { toAnnounce.append(topic) } else { toSubscribe.append(topic) }
    }

    /// Could not be sent at all (not a topic filter, too long for this broker).
    mutating func subscribeFailed(_ topics: [Topic], reasonCode: UInt8) -> [News] {
        topics.compactMap { topic in
            guard let entry = entries[topic] else { return nil }
            remove(topic, entry)
            return .refused(entry.receiver, reasonCode: reasonCode)
        }
    }

    mutating func nextToUnsubscribe(count: Int, bytes: Int) -> [Topic] {
        var topics: [Topic] = []
        var room = bytes
        while topics.count < count, let topic = toUnsubscribe.first {
            room -= topic.utf8.count + 2
            if room < 0, !topics.isEmpty { break }
            toUnsubscribe.remove(topic)
            topics.append(topic)
        }
        return topics
    }

    mutating func unsubscribeSent(_ topics: [Topic], packetID: Int32) {
        unsubscribing[packetID] = topics
    }

    mutating func unsubscribeNotSent(_ topics: [Topic]) {
        toUnsubscribe.formUnion(topics)
    }

    // MARK: What comes from the broker

    mutating func subscribeAcknowledged(packetID: Int32, granted: some RandomAccessCollection<Int32>) -> [News] {
        guard let topics = subscribing.removeValue(forKey: packetID) else { return [] }
        var news: [News] = []
        var codes = granted.makeIterator()
        for topic in topics {
            // A broker that answers for fewer topics than were asked has not granted the others.
            let code = UInt8(truncatingIfNeeded: codes.next() ?? 0x80)
            guard var entry = entries[topic], entry.state == .sent(packetID: packetID) else { continue }
            if code >= 0x80 {
                remove(topic, entry)
                news.append(.refused(entry.receiver, reasonCode: code))
                continue
            }
            if !entry.isTold {
                news.append(.subscribed(entry.receiver))
            }
            entry.state = .acknowledged
            entry.isTold = true
            entries[topic] = entry
        }
        return news
    }

    func topics(inSubscribe packetID: Int32) -> [Topic] { subscribing[packetID] ?? [] }

    func topics(inUnsubscribe packetID: Int32) -> [Topic] { unsubscribing[packetID] ?? [] }

    /// What was sent and is not acknowledged.
    var unacknowledged: [SuspectPackets.Packet] {
        unsubscribing.values.joined().map(SuspectPackets.Packet.unsubscription)
            + subscribing.values.joined().map(SuspectPackets.Packet.subscription)
    }

    mutating func unsubscribeAcknowledged(packetID: Int32) {
        unsubscribing.removeValue(forKey: packetID)
    }

    mutating func linkLost() {
        isLinkUp = false
        for topics in subscribing.values {
            for topic in topics {
                guard case .sent = entries[topic]?.state else { continue }
                wantAgain(topic)
            }
        }
        subscribing.removeAll()
        for topics in unsubscribing.values {
            toUnsubscribe.formUnion(topics.filter { entries[$0] == nil })
        }
        unsubscribing.removeAll()
    }

    /// CONNACK: everything is subscribed again, even if the broker says that it kept the session. A broker that crashed
    /// may have an old copy of it from its disk, and would never deliver what was subscribed to since.
    mutating func linkUp(sessionPresent: Bool) {
        isLinkUp = true
        if !sessionPresent { toUnsubscribe.removeAll() }
        toSubscribe = entries.filter { !$0.value.isAnnounced }.map(\.key)
        toAnnounce = entries.filter(\.value.isAnnounced).map(\.key)
        for (topic, entry) in entries where entry.state == .acknowledged {
            entries[topic]?.state = .wanted(brokerMayKnow: sessionPresent)
        }
    }

    // MARK: Who is here

    private mutating func remove(_ topic: Topic, _ entry: Entry) {
        entries[topic] = nil
        leave(entry.receiver.subscriber)
    }

    private mutating func enter(_ receiver: Receiver) {
        let presence = Presence(eventLoop: receiver.eventLoop, topics: 0)
        present[ObjectIdentifier(receiver.subscriber), default: presence].topics += 1
    }

    private mutating func leave(_ subscriber: any BrokerSubscriber) {
        let identifier = ObjectIdentifier(subscriber)
        guard var presence = present[identifier] else { return }
        presence.topics -= 1
        present[identifier] = presence.topics == 0 ? nil : presence
    }
}
