/// What `BrokerConnection.publish` says at once.
package enum PublishAdmission: Sendable, Equatable {
    case accepted
    /// As many messages as `maxPending` allows wait already, or as many bytes as there may be.
    case pendingFull
    /// Longer than the broker takes (its MQTT 5 Maximum Packet Size).
    case tooLarge
    /// The link is being closed for good.
    case closed
}
