import NIOCore

/// Messages that the broker has delivered for charge points that are not here and that no other gateway is known to
/// have. A session of the broker that outlived this process may still have subscriptions of charge points which are
/// elsewhere by now: then the gateway that has them got these messages too. The others are asked, and the messages
/// wait for the answer.
///
/// Bounded in number; what waits is due at a time, in order.
public struct UnclaimedMessages<Message> {
    private struct Item {
        var topic: String
        var message: Message
        var due: NIODeadline
        /// Sessions that began after the message was published: they did not get it.
        var begun: Set<String> = []
    }

    static var limit: Int { 4096 }
    /// For the inquiry to get to the others, and for their answer.
    public static var patience: TimeAmount { .milliseconds(1500) }

    private var items: [Item] = []

    public init() {}

    /// False: too many wait already.
    public mutating func hold(_ message: Message, topic: String, now: NIODeadline) -> Bool {
        guard items.count < Self.limit else { return false }
        items.append(Item(topic: topic, message: message, due: now + Self.patience))
        return true
    }

    public func isWaiting(topic: String) -> Bool {
        items.contains { $0.topic == topic }
    }

    /// Another gateway says that a session of the charge point begins.
    public mutating func begun(session: String, topic: String) {
        guard !items.isEmpty else { return }
        for index in items.indices where items[index].topic == topic { items[index].begun.insert(session) }
    }

    /// Another gateway has the charge point: what was published while it had it is delivered there.
    ///
    /// - Returns: the number of messages that no longer wait.
    @discardableResult
    public mutating func answered(session: String, topic: String) -> Int {
        let before = items.count
        items.removeAll { $0.topic == topic && !$0.begun.contains(session) }
        return before - items.count
    }

    /// Takes out what nobody has claimed in time.
    public mutating func takeDue(now: NIODeadline) -> [Message] {
        let due = items.prefix { $0.due <= now }.map(\.message)
        items.removeFirst(due.count)
        return due
    }
}
