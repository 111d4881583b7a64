/// Why the broker did not get a message.
package struct PublishFailure: Sendable, Equatable {
    /// Of its origin.
    package var token: String
    package var purpose: BrokerPublish.Purpose
    /// For the log and its sender.
    package var reason: String
}
