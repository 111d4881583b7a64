import CMosquitto
import NIOCore
import OutsideNames

/// Subscriptions, and what comes by them.
extension BrokerClient {
    /// Topics in a SUBSCRIBE: much cheaper than one each, and small enough for any broker.
    private static let topicsPerPacket = 100

    // MARK: To the broker

    func sendSubscriptions() {
        guard let client, table.hasSomethingToSend else { return }
        let room = min(subscriptionRoom, limits.maximumPacketSize.map { max(0, $0 - 16) } ?? subscriptionRoom)
        while case let topics = table.nextToUnsubscribe(count: Self.topicsPerPacket, bytes: room), !topics.isEmpty {
            let valid = topics.filter { TopicFilter.isValid($0) && $0.utf8.count + 2 <= room }
            guard !valid.isEmpty else { continue }
            let (code, packetID) = client.unsubscribe(from: valid)
            guard code == MOSQ_ERR_SUCCESS.rawValue else { return table.unsubscribeNotSent(valid) }
            table.unsubscribeSent(valid, packetID: packetID)
        }
        while case let topics = table.nextToSubscribe(count: Self.topicsPerPacket, bytes: room), !topics.isEmpty {
            guard subscribe(to: topics, room: room, client) else { return }
        }
        while freeSlots > 0,
            case let topics = table.nextToAnnounce(count: min(freeSlots, Self.topicsPerPacket), bytes: room),
            !topics.isEmpty
        {
            guard subscribe(to: topics, room: room, client) else { return }
            for topic in topics {
                table.announced(with: topic)
                guard let announcement = announcements.removeValue(forKey: topic) else { continue }
                guard send(queue.announcement(announcement), client) else { return }
            }
        }
    }

    /// False: the connection has failed.
    func subscribe(to topics: [Topic], room: Int, _ client: MosquittoClient) -> Bool {
        let invalid = topics.filter { !TopicFilter.isValid($0) }
        context.deliveries.add(table.subscribeFailed(invalid, reasonCode: UInt8(MQTT_RC_TOPIC_FILTER_INVALID.rawValue)))
        let tooLong = topics.filter { !invalid.contains($0) && $0.utf8.count + 3 > room }
        context.deliveries.add(table.subscribeFailed(tooLong, reasonCode: UInt8(MQTT_RC_PACKET_TOO_LARGE.rawValue)))
        let valid = topics.filter { !invalid.contains($0) && !tooLong.contains($0) }
        guard !valid.isEmpty else { return true }
        for topic in valid {
            guard let companion = table.companion(of: topic) else { continue }
            if !TopicFilter.isValid(companion) || topic.utf8.count + companion.utf8.count + 6 > room {
                let reason = UInt8(MQTT_RC_TOPIC_FILTER_INVALID.rawValue)
                context.deliveries.add(table.companionFailed(topic, reasonCode: reason))
            }
        }
        let (code, packetID) = client.subscribe(to: table.filters(of: valid))
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
            table.subscribeNotSent(valid)
            return false
        }
        table.subscribeSent(valid, packetID: packetID)
        return true
    }

    func announce(_ announcement: BrokerPublish, withSubscriptionTo topic: Topic) {
        if table.announce(with: topic) {
            // One of an older subscriber, never sent, has lost its meaning.
            if let older = announcements.updateValue(announcement, forKey: topic) { context.isDone(older) }
        } else {
            enqueue(announcement)
        }
    }

    /// How many messages the broker takes at once beyond those on their way.
    private var freeSlots: Int {
        limits.qualityOfService == 0 ? Self.topicsPerPacket : limits.inFlight - queue.inFlightCount
    }

    // MARK: From the broker

    func subscribed(packetID: Int32, granted: UnsafeBufferPointer<Int32>) {
        if suspects.isWatching {
            for topic in table.topics(inSubscribe: packetID) { suspects.answered(.subscription(topic)) }
        }
        context.deliveries.add(table.subscribeAcknowledged(packetID: packetID, granted: granted))
    }

    func unsubscribed(packetID: Int32) {
        if suspects.isWatching {
            for topic in table.topics(inUnsubscribe: packetID) { suspects.answered(.unsubscription(topic)) }
        }
        table.unsubscribeAcknowledged(packetID: packetID)
    }

    func received(_ message: BrokerMessage, redeliveryKey: Int?) {
        if let redeliveryKey, !redeliveries.isNew(redeliveryKey) {
            logger.debug("message delivered again by the broker", metadata: ["topic": "\(message.topic)"])
            context.counts.events.add(.redelivered)
            return
        }
        route(message)
    }

    func route(_ message: BrokerMessage) {
        if let subscriber = table.subscriber(of: message.topic) {
            context.deliveries.add(.message(subscriber, message), on: subscriber.eventLoop, bytes: message.size)
            return
        }
        if role.holds(message, self) { return }
        switch context.observer.brokerRoute(of: message, from: connection) {
        case .unrouted: context.observer.brokerDeliveredUnrouted(message, from: connection)
        case .taken: break
        case .deliver(let eventLoop, let body): context.deliveries.add(.routed(body), on: eventLoop)
        }
    }
}
