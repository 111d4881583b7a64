import NIOCore

/// What one round of the broker thread has for the subscribers, collected by event loop: one wake-up for each.
struct DeliveryBatch {
    enum Delivery: Sendable {
        case subscribed(any BrokerSubscriber)
        case refused(any BrokerSubscriber, reasonCode: UInt8)
        case companionRefused(any BrokerSubscriber, reasonCode: UInt8)
        case message(any BrokerSubscriber, BrokerMessage)
        case notTaken(any BrokerSubscriber, PublishFailure)
        case changed(any BrokerSubscriber, isUp: Bool)
        case ended(any BrokerSubscriber, BrokerConnectionEnd)
        /// Of a topic without a subscriber of its own.
        case routed(@Sendable () -> Void)

        func deliver() {
            switch self {
            case .subscribed(let subscriber): subscriber.brokerSubscribed()
            case .refused(let subscriber, let reasonCode):
                subscriber.brokerRefusedSubscription(reasonCode: reasonCode)
            case .companionRefused(let subscriber, let reasonCode):
                subscriber.brokerRefusedCompanion(reasonCode: reasonCode)
            case .message(let subscriber, let message): subscriber.brokerDelivered(message)
            case .notTaken(let subscriber, let failure): subscriber.brokerDidNotTake(failure)
            case .changed(let subscriber, let isUp): subscriber.brokerConnectionChanged(isUp: isUp)
            case .ended(let subscriber, let end): subscriber.brokerConnectionEnded(end)
            case .routed(let body): body()
            }
        }
    }

    private struct Share {
        var eventLoop: any EventLoop
        var deliveries: [Delivery]
        var bytes: Int
    }

    private var shares: [Share] = []
    /// Of the messages in it.
    private(set) var bytes = 0

    var isEmpty: Bool { shares.isEmpty }

    mutating func add(_ delivery: Delivery, on eventLoop: any EventLoop, bytes: Int = 0) {
        self.bytes += bytes
        // There are as many event loops as processors: a search is cheaper than a hash.
        for index in shares.indices where shares[index].eventLoop === eventLoop {
            shares[index].deliveries.append(delivery)
            shares[index].bytes += bytes
            return
        }
        var deliveries: [Delivery] = []
        // Where one comes, more do as a rule.
        deliveries.reserveCapacity(8)
        deliveries.append(delivery)
        shares.append(Share(eventLoop: eventLoop, deliveries: deliveries, bytes: bytes))
    }

    mutating func add(_ news: [SubscriptionNews]) {
        for item in news {
            switch item {
            case .subscribed(let subscriber): add(.subscribed(subscriber), on: subscriber.eventLoop)
            case .refused(let subscriber, let reasonCode):
                add(.refused(subscriber, reasonCode: reasonCode), on: subscriber.eventLoop)
            case .companionRefused(let subscriber, let reasonCode):
                add(.companionRefused(subscriber, reasonCode: reasonCode), on: subscriber.eventLoop)
            }
        }
    }

    /// - Parameter wake: called on an event loop when the backlog is no longer full.
    mutating func handOver(_ backlog: DeliveryBacklog, wake: @escaping @Sendable () -> Void) {
        guard !shares.isEmpty else { return }
        for share in shares {
            let deliveries = share.deliveries
            let bytes = share.bytes
            backlog.handedOver(deliveries.count, bytes: bytes)
            share.eventLoop.execute {
                for delivery in deliveries {
                    delivery.deliver()
                }
                if backlog.finished(deliveries.count, bytes: bytes) { wake() }
            }
        }
        shares.removeAll(keepingCapacity: true)
        bytes = 0
    }
}
