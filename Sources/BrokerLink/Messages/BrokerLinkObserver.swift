import OutsideNames

/// Hears of the link as a whole; called on the broker thread, so it must not block.
package protocol BrokerLinkObserver: AnyObject, Sendable {
    /// One MQTT connection came up or went down.
    func brokerLinkChanged(connection: Int, isUp: Bool)
    /// One MQTT connection came up, and the broker has nothing of its last session: what was published meanwhile is
    /// lost. Comes before `brokerLinkChanged`.
    func brokerSessionIsNew(connection: Int)
    /// Where a message without a subscriber of its own goes; asked before `brokerDeliveredUnrouted`.
    func brokerRoute(of message: BrokerMessage, from connection: BrokerConnection) -> BrokerRoute
    /// A message on a topic that has no subscriber here (a persistent session, a late delivery, a wildcard).
    func brokerDeliveredUnrouted(_ message: BrokerMessage, from connection: BrokerConnection)
    /// A message without an origin did not reach the broker.
    func brokerLost(_ purpose: BrokerPublish.Purpose)
    /// The broker has a CALL that nobody subscribes to (MQTT 5, 3.4.2.1: reason code 0x10).
    func brokerFoundNoSubscriber(topic: Topic)
}

extension BrokerLinkObserver {
    package func brokerSessionIsNew(connection: Int) {}
    package func brokerLost(_ purpose: BrokerPublish.Purpose) {}
    package func brokerFoundNoSubscriber(topic: Topic) {}

    package func brokerRoute(of message: BrokerMessage, from connection: BrokerConnection) -> BrokerRoute { .unrouted }
}
