import CMosquitto
import Logging
import NIOCore
import OutsideNames

/// Subscriptions and messages, both ways.
extension BrokerClient: MosquittoEvents {
    static let deadlinePassed = "deadline passed before the broker could take it"
    static let tooLarge = "too large for the broker"
    /// Topics in a SUBSCRIBE: much cheaper than one each, and small enough for any broker.
    private static let topicsPerPacket = 100
    /// Messages handed over before the socket is looked at again.
    private static let messagesPerRound = 256

    // MARK: Subscriptions

    func sendSubscriptions() {
        guard let client, table.hasSomethingToSend else { return }
        let room = min(subscriptionRoom, maximumPacketSize.map { max(0, $0 - 16) } ?? subscriptionRoom)
        while case let topics = table.nextToUnsubscribe(count: Self.topicsPerPacket, bytes: room), !topics.isEmpty {
            let valid = topics.filter { MosquittoClient.isTopicFilter($0) && $0.utf8.count + 2 <= room }
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
        let invalid = topics.filter { !MosquittoClient.isTopicFilter($0) }
        thread.deliveries.add(table.subscribeFailed(invalid, reasonCode: UInt8(MQTT_RC_TOPIC_FILTER_INVALID.rawValue)))
        let tooLong = topics.filter { !invalid.contains($0) && $0.utf8.count + 3 > room }
        thread.deliveries.add(table.subscribeFailed(tooLong, reasonCode: UInt8(MQTT_RC_PACKET_TOO_LARGE.rawValue)))
        let valid = topics.filter { !invalid.contains($0) && !tooLong.contains($0) }
        guard !valid.isEmpty else { return true }
        for topic in valid {
            guard let companion = table.companion(of: topic) else { continue }
            if !MosquittoClient.isTopicFilter(companion) || topic.utf8.count + companion.utf8.count + 6 > room {
                let reason = UInt8(MQTT_RC_TOPIC_FILTER_INVALID.rawValue)
                thread.deliveries.add(table.companionFailed(topic, reasonCode: reason))
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
            if let older = announcements.updateValue(announcement, forKey: topic) { thread.settle(older) }
        } else {
            enqueue(announcement)
        }
    }

    /// How many messages the broker takes at once beyond those on their way.
    private var freeSlots: Int {
        qualityOfService == 0 ? Self.topicsPerPacket : inFlightLimit - queue.inFlightCount
    }

    /// Announcements find a free slot soon, however many messages wait.
    private var slotsKept: Int { table.hasSomethingToAnnounce ? inFlightLimit / 4 : 0 }

    func mosquittoSubscribed(packetID: Int32, granted: UnsafeBufferPointer<Int32>) {
        if suspects.isWatching {
            for topic in table.topics(inSubscribe: packetID) { suspects.settled(.subscription(topic)) }
        }
        thread.deliveries.add(table.subscribeAcknowledged(packetID: packetID, granted: granted))
    }

    func mosquittoUnsubscribed(packetID: Int32) {
        if suspects.isWatching {
            for topic in table.topics(inUnsubscribe: packetID) { suspects.settled(.unsubscription(topic)) }
        }
        table.unsubscribeAcknowledged(packetID: packetID)
    }

    func mosquittoReceived(_ message: BrokerMessage, redeliveryKey: Int?) {
        if let redeliveryKey, !redeliveries.isNew(redeliveryKey) {
            logger.debug("message delivered again by the broker", metadata: ["topic": "\(message.topic)"])
            return
        }
        route(message)
    }

    func route(_ message: BrokerMessage) {
        if let receiver = table.receiver(of: message.topic) {
            thread.deliveries.add(
                .message(receiver.subscriber, message), on: receiver.eventLoop, bytes: message.payload.readableBytes)
            return
        }
        if holds(message) { return }
        switch thread.observer.brokerRoute(of: message, from: connection) {
        case .unrouted: thread.observer.brokerDeliveredUnrouted(message, from: connection)
        case .taken: break
        case .deliver(let eventLoop, let body): thread.deliveries.add(.routed(body), on: eventLoop)
        }
    }

    // MARK: Messages to the broker

    /// Where messages wait long the newest state of a charge point replaces the one that waits; two that go out at
    /// once anyway are both heard.
    func enqueue(_ message: BrokerPublish) {
        var waitsLong = queue.waitingCount > Self.messagesPerRound
        if case .up = link {} else { waitsLong = true }
        if let replaced = queue.append(message, replacesOlder: waitsLong) { thread.settle(replaced) }
    }

    func forget(_ subscriber: any BrokerSubscriber, _ token: String) {
        if let message = queue.removeResent(of: subscriber, token: token) { thread.settle(message) }
        connection.resends(queue.resends)
    }

    /// Only what the socket takes at once is handed to libmosquitto, whose own queue knows no bound.
    var canSendMessages: Bool {
        guard case .up = link, let client, queue.waitingCount > 0, !suspects.isSearching else { return false }
        if waitsForQuiet, queue.inFlightCount > 0 { return false }
        return (qualityOfService == 0 || queue.inFlightCount < inFlightLimit - slotsKept) && !client.wantsWrite
    }

    func sendMessages(_ now: NIODeadline) {
        guard let client else { return }
        waitsForQuiet = false
        for _ in 0..<Self.messagesPerRound where canSendMessages {
            if !culprits.isEmpty, !heedCulprits(now) { return }
            guard let item = queue.takeNext() else { return }
            if let deadline = item.message.deadline, deadline <= now {
                notTaken(item.message, reason: Self.deadlinePassed)
                continue
            }
            guard send(item, client) else { return }
        }
    }

    /// False: the connection has failed, which the socket will tell.
    func send(_ item: OutboundQueue.Item, _ client: MosquittoClient) -> Bool {
        let message = item.message
        let (code, packetID) = client.publish(message, qualityOfService: qualityOfService)
        switch mosq_err_t(code) {
        case MOSQ_ERR_SUCCESS:
            if qualityOfService == 0 {
                thread.settle(message)
                suspects.settled(.message(item.number))
            } else {
                queue.sent(item, packetID: packetID)
            }
            return true
        case MOSQ_ERR_NO_CONN, MOSQ_ERR_CONN_LOST, MOSQ_ERR_ERRNO:
            // libmosquitto has kept a message of QoS 1 or 2; the next client is given it again.
            if qualityOfService == 0 {
                queue.putBack(item)
            } else {
                queue.sent(item, packetID: packetID)
            }
            return false
        case MOSQ_ERR_OVERSIZE_PACKET:
            suspects.settled(.message(item.number))
            notTaken(message, reason: Self.tooLarge)
            return true
        default:
            suspects.settled(.message(item.number))
            notTaken(message, reason: MosquittoClient.text(ofError: code, systemError: 0))
            return true
        }
    }

    func mosquittoPublished(packetID: Int32, reasonCode: Int32) {
        // Nothing is found for QoS 0, which was settled when it was handed over.
        guard let item = queue.acknowledged(packetID: packetID) else { return }
        let message = item.message
        if suspects.isWatching { suspects.settled(.message(item.number)) }
        if !culprits.isEmpty { culprits.acknowledged(message.topic, size: message.packetSize) }
        if reasonCode >= 0x80 {
            return notTaken(message, reason: "refused by the broker: \(MosquittoClient.text(ofReason: reasonCode))")
        }
        thread.settle(message)
        if reasonCode == MQTT_RC_NO_MATCHING_SUBSCRIBERS.rawValue, message.purpose == .call { foundNobody(message) }
    }

    /// Nobody subscribes to a CALL's topic.
    private func foundNobody(_ message: BrokerPublish) {
        thread.observer.brokerFoundNoSubscriber(topic: message.topic)
        if configuration.refusesUnrouted { tell(message, reason: "nobody subscribes to the topic of this CALL") }
    }

    func notTaken(_ message: BrokerPublish, reason: String) {
        thread.notTaken(message, reason: reason)
        if message.origin == nil { thread.observer.brokerLost(message.purpose) }
        tell(message, reason: reason)
    }

    private func tell(_ message: BrokerPublish, reason: String) {
        guard let origin = message.origin,
            let eventLoop = origin.eventLoop ?? table.eventLoop(of: origin.subscriber)
        else { return }
        let failure = PublishFailure(token: origin.token, purpose: message.purpose, reason: reason)
        thread.deliveries.add(.notTaken(origin.subscriber, failure), on: eventLoop)
    }
}
