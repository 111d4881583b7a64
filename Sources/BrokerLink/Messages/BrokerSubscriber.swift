import NIOCore
import OutsideNames

/// One that subscribes to topics, or wants to hear what becomes of what it publishes.
package protocol BrokerSubscriber: AnyObject, Sendable {
    /// Where it is told everything; always the same one.
    var eventLoop: any EventLoop { get }
    /// A topic that is subscribed to in the same packet, behind this one, and given up with it; nil: none. Its messages
    /// go to `BrokerLinkObserver.brokerRoute`, as those of a topic that nobody subscribes to.
    ///
    /// Asked on the broker's thread whenever the broker is to be told of the topic, and always answered alike: nobody
    /// keeps the answer, as ten thousand quiet subscribers would pay for it.
    func companion(of topic: Topic) -> Topic?
    /// The broker has acknowledged the subscription (told once per `subscribe`).
    func brokerSubscribed()
    /// The broker refuses the subscription, by this MQTT reason code; it is not tried again.
    func brokerRefusedSubscription(reasonCode: UInt8)
    /// The broker refuses the companion's subscription, and not that of the topic; told in front of
    /// `brokerSubscribed`.
    func brokerRefusedCompanion(reasonCode: UInt8)
    func brokerDelivered(_ message: BrokerMessage)
    /// A publish of this origin did not reach the broker: refused by it, its deadline passed first, or the broker ended
    /// the link over it.
    func brokerDidNotTake(_ failure: PublishFailure)
    /// A charge point's own connection came up again or went down.
    func brokerConnectionChanged(isUp: Bool)
    /// A charge point's own connection has ended for good; nothing else comes from it.
    func brokerConnectionEnded(_ end: BrokerConnectionEnd)
}

extension BrokerSubscriber {
    package func companion(of topic: Topic) -> Topic? { nil }
    package func brokerDidNotTake(_ failure: PublishFailure) {}
    package func brokerRefusedCompanion(reasonCode: UInt8) {}

    // A shared connection tells neither.
    package func brokerConnectionChanged(isUp: Bool) {}
    package func brokerConnectionEnded(_ end: BrokerConnectionEnd) {}
}
