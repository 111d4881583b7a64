import NIOCore

/// What becomes of a message on a topic that nobody subscribes to by its exact name.
package enum BrokerRoute: Sendable {
    case unrouted
    /// Dealt with.
    case taken
    /// To be run on this event loop, in the order of the broker's messages for it.
    case deliver(on: any EventLoop, @Sendable () -> Void)
}
