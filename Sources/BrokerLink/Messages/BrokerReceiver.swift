import NIOCore

/// A subscriber, and where it is told.
struct BrokerReceiver {
    var subscriber: any BrokerSubscriber
    var eventLoop: any EventLoop
}
