import CMosquitto
import Logging
import NIOCore
import OutsideNames

/// Messages to the broker.
extension BrokerClient {
    static let deadlinePassed = "deadline passed before the broker could take it"
    private static let tooLarge = "too large for the broker"
    /// Messages handed over before the socket is looked at again.
    private static let messagesPerRound = 256

    /// Where messages wait long the newest state of a charge point replaces the one that waits; two that go out at
    /// once anyway are both heard.
    func enqueue(_ message: BrokerPublish) {
        let waitsLong = queue.waitingCount > Self.messagesPerRound || !state.isUp
        if let replaced = queue.append(message, replacesOlder: waitsLong) { context.isDone(replaced) }
    }

    func forget(_ subscriber: any BrokerSubscriber, _ token: String) {
        if let message = queue.removeResent(of: subscriber, token: token) { context.isDone(message) }
        connection.resends(queue.resends)
    }

    /// Only what the socket takes at once is handed to libmosquitto, whose own queue knows no bound.
    var canSendMessages: Bool {
        guard state.isUp, let client, queue.waitingCount > 0, !suspects.isSearching else { return false }
        if waitsForQuiet, queue.inFlightCount > 0 { return false }
        return (limits.qualityOfService == 0 || queue.inFlightCount < limits.inFlight - slotsKept) && !client.wantsWrite
    }

    /// Announcements find a free slot soon, however many messages wait.
    private var slotsKept: Int { table.hasSomethingToAnnounce ? limits.inFlight / 4 : 0 }

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
        let (code, packetID) = client.publish(message, qualityOfService: limits.qualityOfService)
        switch mosq_err_t(code) {
        case MOSQ_ERR_SUCCESS:
            if limits.qualityOfService == 0 {
                context.isDone(message)
                suspects.answered(.message(item.number))
            } else {
                queue.sent(item, packetID: packetID, at: roundTime)
            }
            return true
        case MOSQ_ERR_NO_CONN, MOSQ_ERR_CONN_LOST, MOSQ_ERR_ERRNO:
            // libmosquitto has kept a message of QoS 1 or 2; the next client is given it again.
            if limits.qualityOfService == 0 {
                queue.putBack(item)
            } else {
                queue.sent(item, packetID: packetID, at: roundTime)
            }
            return false
        case MOSQ_ERR_OVERSIZE_PACKET:
            suspects.answered(.message(item.number))
            notTaken(message, reason: Self.tooLarge)
            return true
        default:
            suspects.answered(.message(item.number))
            notTaken(message, reason: MosquittoClient.text(ofError: code, systemError: 0))
            return true
        }
    }

    func published(packetID: Int32, reasonCode: Int32) {
        // Nothing is found for QoS 0, which was done with when it was handed over.
        guard let (item, sentAt) = queue.acknowledged(packetID: packetID) else { return }
        context.counts.acknowledgementTime.observe(.nanoseconds((roundTime - sentAt).nanoseconds))
        let message = item.message
        if suspects.isWatching { suspects.answered(.message(item.number)) }
        if !culprits.isEmpty { culprits.acknowledged(message.topic, size: message.packetSize) }
        if reasonCode >= 0x80 {
            return notTaken(message, reason: "refused by the broker: \(MosquittoClient.text(ofReason: reasonCode))")
        }
        context.isDone(message)
        if reasonCode == MQTT_RC_NO_MATCHING_SUBSCRIBERS.rawValue, message.purpose == .call { foundNobody(message) }
    }

    /// Nobody subscribes to a CALL's topic.
    private func foundNobody(_ message: BrokerPublish) {
        context.observer.brokerFoundNoSubscriber(topic: message.topic)
        if configuration.refusesUnrouted { tell(message, reason: "nobody subscribes to the topic of this CALL") }
    }

    func notTaken(_ message: BrokerPublish, reason: String) {
        context.notTaken(message, reason: reason)
        if message.origin == nil { context.observer.brokerLost(message.purpose) }
        tell(message, reason: reason)
    }

    private func tell(_ message: BrokerPublish, reason: String) {
        guard let origin = message.origin else { return }
        let failure = PublishFailure(token: origin.token, purpose: message.purpose, reason: reason)
        context.deliveries.add(.notTaken(origin.subscriber, failure), on: origin.subscriber.eventLoop)
    }
}
