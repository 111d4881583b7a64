import NIOCore

/// What one round of the broker thread has for the subscribers, collected by event loop: one wake-up for each.
struct DeliveryBatch {
    enum Delivery: Sendable {
        case subscribed(any BrokerSubscriber)
        case refused(any BrokerSubscriber, reasonCode: UInt8)
        case message(any BrokerSubscriber, BrokerMessage)
        case notTaken(any BrokerSubscriber, token: String, reason: String)

        func deliver() {
            switch self {
            case .subscribed(let subscriber): subscriber.brokerSubscribed()
            case .refused(let subscriber, let reasonCode):
                subscriber.brokerRefusedSubscription(reasonCode: reasonCode)
            case .message(let subscriber, let message): subscriber.brokerDelivered(message)
            case .notTaken(let subscriber, let token, let reason):
                subscriber.brokerDidNotTake(token: token, reason: reason)
            }
        }
    }

    private struct Share {
        var eventLoop: any EventLoop
        var deliveries: [Delivery]
    }

    private var shares: [Share] = []

    mutating func add(_ delivery: Delivery, on eventLoop: any EventLoop) {
        // There are as many event loops as processors: a search is cheaper than a hash.
        for index in shares.indices where shares[index].eventLoop === eventLoop {
            shares[index].deliveries.append(delivery)
            return
        }
        shares.append(Share(eventLoop: eventLoop, deliveries: [delivery]))
    }

    mutating func add(_ news: [SubscriptionTable.News]) {
        for item in news {
            switch item {
            case .subscribed(let receiver): add(.subscribed(receiver.subscriber), on: receiver.eventLoop)
            case .refused(let receiver, let reasonCode):
                add(.refused(receiver.subscriber, reasonCode: reasonCode), on: receiver.eventLoop)
            }
        }
    }

    mutating func handOver() {
        guard !shares.isEmpty else { return }
        for share in shares {
            let deliveries = share.deliveries
            share.eventLoop.execute {
                for delivery in deliveries {
                    delivery.deliver()
                }
            }
        }
        shares.removeAll(keepingCapacity: true)
    }
}
