import NIOCore

/// On which event loop a subscriber lives as long as it has a topic, for news about what it published.
struct SubscriberLoops {
    private struct Entry {
        var eventLoop: any EventLoop
        var topics: Int
    }

    private var entries: [ObjectIdentifier: Entry] = [:]

    func eventLoop(of subscriber: any BrokerSubscriber) -> (any EventLoop)? {
        entries[ObjectIdentifier(subscriber)]?.eventLoop
    }

    /// It has one topic more.
    mutating func gain(_ receiver: BrokerReceiver) {
        let entry = Entry(eventLoop: receiver.eventLoop, topics: 0)
        entries[ObjectIdentifier(receiver.subscriber), default: entry].topics += 1
    }

    /// It has one topic less.
    mutating func lose(_ subscriber: any BrokerSubscriber) {
        let identifier = ObjectIdentifier(subscriber)
        guard var entry = entries[identifier] else { return }
        entry.topics -= 1
        entries[identifier] = entry.topics == 0 ? nil : entry
    }
}
