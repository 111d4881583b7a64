/// What a subscriber must hear of its topic.
enum SubscriptionNews {
    case subscribed(BrokerReceiver)
    case refused(BrokerReceiver, reasonCode: UInt8)
    case companionRefused(BrokerReceiver, reasonCode: UInt8)
}
