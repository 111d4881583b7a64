import NIOCore
import OutsideNames

/// Messages that the broker has delivered for charge points that are not here and that no other gateway is known to
/// have. A session of the broker that outlived this process may still have subscriptions of charge points which are
/// elsewhere by now: then the gateway that has them got these messages too. The others are asked, and the messages
/// wait for the answer.
///
/// Bounded in number; what waits is due at a time, in order.
package struct UnownedMessages<Message> {
    private struct Item {
        var inquiry: String
        var topic: Topic
        var message: Message
        var due: NIODeadline
        /// Sessions that began after the message was published: they did not get it.
        var begun: Set<String> = []
    }

    static var limit: Int { 4096 }
    /// For the inquiry to get to the others, and for their answer.
    package static var patience: TimeAmount { .milliseconds(1500) }

    private var items: [Item] = []

    package init() {}

    /// False: too many wait already.
    package mutating func hold(_ message: Message, topic: Topic, inquiry: SessionClaim, now: NIODeadline) -> Bool {
        guard items.count < Self.limit else { return false }
        items.append(
            Item(inquiry: inquiry.session, topic: topic, message: message, due: now + Self.patience))
        return true
    }

    var isEmpty: Bool { items.isEmpty }

    /// Another gateway says that a session of the charge point begins.
    package mutating func begun(session: String, topic: Topic) {
        guard !items.isEmpty else { return }
        for index in items.indices where items[index].topic == topic { items[index].begun.insert(session) }
    }

    /// Another gateway has the charge point: what was published while it had it is delivered there. A session subscribes
    /// just in front of its claim, so that it may have got a message that came before the claim: then it says so.
    ///
    /// - Returns: whether the message waits no longer.
    @discardableResult
    package mutating func answered(_ answer: SessionClaim) -> Bool {
        guard let index = items.firstIndex(where: { $0.inquiry == answer.inquiry }),
            answer.hasDelivered || !items[index].begun.contains(answer.session)
        else { return false }
        items.remove(at: index)
        return true
    }

    /// Takes out what nobody has claimed in time.
    package mutating func takeDue(now: NIODeadline) -> [Message] {
        let due = items.prefix { $0.due <= now }.map(\.message)
        items.removeFirst(due.count)
        return due
    }
}
