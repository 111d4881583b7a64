import NIOCore
import OutsideNames

/// Who is subscribed to which topic on one connection, what the broker knows of it, and what it must be told.
///
/// A topic has at most one wish at a time (subscribe or unsubscribe), so the last packet about it on the wire
/// always says what is wanted now.
struct SubscriptionTable {
    private enum State: Equatable {
        /// To be sent; `brokerMayKnow`: a SUBSCRIBE was sent before, on a link that is gone.
        case wanted(brokerMayKnow: Bool)
        case sent(packetID: Int32)
        case acknowledged
    }

    private struct Entry {
        var subscriber: any BrokerSubscriber
        var state: State
        /// A companion is subscribed to with the topic. It has no entry of its own, as its messages go to nobody here.
        var hasCompanion: Bool
        /// This subscriber has heard that it is subscribed.
        var isTold = false
        /// Its SUBSCRIBE goes out with an announcement.
        var isAnnounced = false

        func companion(of topic: Topic) -> Topic? { hasCompanion ? subscriber.companion(of: topic) : nil }

        /// With the link down everything is: the next link begins with it.
        func isToBeSent(isLinkUp: Bool) -> Bool {
            if case .wanted = state { true } else { !isLinkUp }
        }
    }

    /// One topic of a SUBSCRIBE that is not acknowledged yet.
    private struct Sent {
        var topic: Topic
        var hasCompanion: Bool
    }

    private var entries: [Topic: Entry] = [:]
    /// Topics in state `wanted`, oldest first; may name some that are no longer.
    private var toSubscribe: [Topic] = []
    /// The same for those with an announcement.
    private var toAnnounce: [Topic] = []
    private var toUnsubscribe: Set<Topic> = []
    private var subscribing: [Int32: [Sent]] = [:]
    private var unsubscribing: [Int32: [Topic]] = [:]
    private var isLinkUp = false

    var hasSomethingToSend: Bool { !toSubscribe.isEmpty || !toUnsubscribe.isEmpty || !toAnnounce.isEmpty }
    var hasSomethingToAnnounce: Bool { !toAnnounce.isEmpty }
    /// Topics in the lists, outdated ones included.
    var listedCount: Int { toSubscribe.count + toAnnounce.count }
    /// An unsubscribe is to be sent, or is not acknowledged.
    var hasOpenUnsubscribes: Bool { !toUnsubscribe.isEmpty || !unsubscribing.isEmpty }

    func subscriber(of topic: Topic) -> (any BrokerSubscriber)? {
        entries[topic]?.subscriber
    }

    // MARK: What the sessions want

    mutating func subscribe(topic: Topic, subscriber: any BrokerSubscriber) -> SubscriptionNews? {
        let companion = subscriber.companion(of: topic)
        toUnsubscribe.remove(topic)
        if let companion { toUnsubscribe.remove(companion) }
        guard var entry = entries[topic] else {
            entries[topic] = Entry(
                subscriber: subscriber, state: .wanted(brokerMayKnow: false), hasCompanion: companion != nil)
            toSubscribe.append(topic)
            forgetOutdated(\.toSubscribe)
            return nil
        }
        guard entry.companion(of: topic) == companion else {
            // What the broker knows is another pair of topics.
            unsubscribe(topic: topic, subscriber: entry.subscriber)
            toUnsubscribe.remove(topic)
            if let companion { toUnsubscribe.remove(companion) }
            entries[topic] = Entry(
                subscriber: subscriber, state: .wanted(brokerMayKnow: true), hasCompanion: companion != nil)
            toSubscribe.append(topic)
            forgetOutdated(\.toSubscribe)
            return nil
        }
        entry.subscriber = subscriber
        // With the link down nobody knows whether the broker keeps the session: told when it is back.
        entry.isTold = entry.state == .acknowledged && isLinkUp
        entries[topic] = entry
        return entry.isTold ? .subscribed(subscriber) : nil
    }

    /// False: that subscriber does not have the topic.
    @discardableResult
    mutating func unsubscribe(topic: Topic, subscriber: any BrokerSubscriber) -> Bool {
        guard let entry = entries[topic], entry.subscriber === subscriber else { return false }
        entries[topic] = nil
        if entry.state != .wanted(brokerMayKnow: false) {
            toUnsubscribe.insert(topic)
            if let companion = entry.companion(of: topic) { toUnsubscribe.insert(companion) }
        }
        return true
    }

    /// An announcement goes out with the SUBSCRIBE; false: that is not to be sent, or has been.
    mutating func announce(with topic: Topic) -> Bool {
        guard var entry = entries[topic], entry.isToBeSent(isLinkUp: isLinkUp) else { return false }
        if !entry.isAnnounced {
            entry.isAnnounced = true
            entries[topic] = entry
            // Those of an older link are listed when the next one comes up.
            if case .wanted = entry.state { toAnnounce.append(topic) }
            forgetOutdated(\.toAnnounce)
        }
        return true
    }

    mutating func announced(with topic: Topic) {
        entries[topic]?.isAnnounced = false
    }

    /// While the link is down the lists are not read, and those who come and go would make them grow without end.
    private mutating func forgetOutdated(_ list: WritableKeyPath<Self, [Topic]>) {
        guard self[keyPath: list].count > 2 * entries.count + 1024 else { return }
        self[keyPath: list] = Set(self[keyPath: list]).filter { topic in
            if case .wanted = entries[topic]?.state { true } else { false }
        }
    }

    mutating func discard(topic: Topic, companion: Topic? = nil) {
        guard entries[topic] == nil, !unsubscribing.values.contains(where: { $0.contains(topic) }) else { return }
        toUnsubscribe.insert(topic)
        if let companion { toUnsubscribe.insert(companion) }
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
        var (left, room) = (count, bytes)
        var looked = 0
        for topic in self[keyPath: list] {
            if let entry = entries[topic], case .wanted = entry.state, entry.isAnnounced == isAnnounced {
                left -= entry.hasCompanion ? 2 : 1
                room -= topic.utf8.count + 3 + (entry.companion(of: topic).map { $0.utf8.count + 3 } ?? 0)
                if (left < 0 || room < 0) && !topics.isEmpty { break }
                topics.append(topic)
                // Not twice in a packet, when the list names it twice.
                entries[topic]?.state = .sent(packetID: 0)
            }
            looked += 1
        }
        self[keyPath: list].removeFirst(looked)
        return topics
    }

    /// All that stands in the SUBSCRIBE packet for these topics, each followed by its companion.
    func filters(of topics: [Topic]) -> [Topic] {
        topics.flatMap { topic in [topic] + (companion(of: topic).map { [$0] } ?? []) }
    }

    func companion(of topic: Topic) -> Topic? { entries[topic]?.companion(of: topic) }

    mutating func subscribeSent(_ topics: [Topic], packetID: Int32) {
        subscribing[packetID] = topics.map { topic in
            entries[topic]?.state = .sent(packetID: packetID)
            return Sent(topic: topic, hasCompanion: entries[topic]?.hasCompanion ?? false)
        }
    }

    /// The topic goes without its companion, which the broker does not take.
    mutating func companionFailed(_ topic: Topic, reasonCode: UInt8) -> [SubscriptionNews] {
        guard let entry = entries[topic], entry.hasCompanion else { return [] }
        entries[topic]?.hasCompanion = false
        return [.companionRefused(entry.subscriber, reasonCode: reasonCode)]
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
    mutating func subscribeFailed(_ topics: [Topic], reasonCode: UInt8) -> [SubscriptionNews] {
        topics.compactMap { topic in
            guard let entry = entries[topic] else { return nil }
            entries[topic] = nil
            return .refused(entry.subscriber, reasonCode: reasonCode)
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

    mutating func subscribeAcknowledged(packetID: Int32, granted: some RandomAccessCollection<Int32>)
        -> [SubscriptionNews]
    {
        guard let topics = subscribing.removeValue(forKey: packetID) else { return [] }
        var news: [SubscriptionNews] = []
        var codes = granted.makeIterator()
        for sent in topics {
            let topic = sent.topic
            // A broker that answers for fewer topics than were asked has not granted the others.
            let code = UInt8(truncatingIfNeeded: codes.next() ?? 0x80)
            let companionCode = sent.hasCompanion ? UInt8(truncatingIfNeeded: codes.next() ?? 0x80) : 0
            guard var entry = entries[topic], entry.state == .sent(packetID: packetID) else { continue }
            if code >= 0x80 {
                entries[topic] = nil
                if companionCode < 0x80, let companion = entry.companion(of: topic) { toUnsubscribe.insert(companion) }
                news.append(.refused(entry.subscriber, reasonCode: code))
                continue
            }
            if companionCode >= 0x80 {
                // Asked for again on the next link only: an access list may have been changed.
                news.append(.companionRefused(entry.subscriber, reasonCode: companionCode))
            }
            if !entry.isTold {
                news.append(.subscribed(entry.subscriber))
            }
            entry.state = .acknowledged
            entry.isTold = true
            entries[topic] = entry
        }
        return news
    }

    func topics(inSubscribe packetID: Int32) -> [Topic] { subscribing[packetID]?.map(\.topic) ?? [] }

    func topics(inUnsubscribe packetID: Int32) -> [Topic] { unsubscribing[packetID] ?? [] }

    /// What was sent and is not acknowledged.
    var unacknowledged: [SuspectPackets.Packet] {
        unsubscribing.values.joined().map(SuspectPackets.Packet.unsubscription)
            + subscribing.values.joined().map { .subscription($0.topic) }
    }

    mutating func unsubscribeAcknowledged(packetID: Int32) {
        unsubscribing.removeValue(forKey: packetID)
    }

    mutating func linkLost() {
        isLinkUp = false
        for sent in subscribing.values.joined() {
            guard case .sent = entries[sent.topic]?.state else { continue }
            wantAgain(sent.topic)
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
}
