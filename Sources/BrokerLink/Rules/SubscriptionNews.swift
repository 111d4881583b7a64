/// What a subscriber must hear of its topic.
enum SubscriptionNews {
    case subscribed(any BrokerSubscriber)
    case refused(any BrokerSubscriber, reasonCode: UInt8)
    case companionRefused(any BrokerSubscriber, reasonCode: UInt8)
}
