import CMosquitto
import Logging
import NIOCore
import OutsideNames

/// A packet over which the broker ends the link (behaviour.md, "The broker link").
extension BrokerClient {
    static let endsTheLink = "the broker ends the link over it"

    // MARK: Losing the link

    /// To be called before the table hears of the loss.
    func noteLoss(code: Int32, isOrderly: Bool, _ now: NIODeadline) -> SuspectPackets.Verdict {
        let verdict = suspects.linkLost(
            unacknowledged: table.unacknowledged + queue.unacknowledged.map(SuspectPackets.Packet.message),
            isBrokers: !isOrderly && !ReasonCodes.otherEnds.contains(code))
        // With QoS 2 libmosquitto alone knows how far the exchange of each message has come, both ways.
        let isSearch = verdict != .nothing || suspects.isSearching
        if limits.qualityOfService < 2 || isSearch || queue.hasStaleInFlight(now: now) { renewClient() }
        return verdict
    }

    /// The next link gets a new MQTT client; what the broker has not acknowledged is sent again from here.
    func renewClient() {
        isClientSpent = true
        queue.requeueInFlight()
        connection.resends(queue.resends)
    }

    /// After the table has heard of the loss.
    func act(on verdict: SuspectPackets.Verdict, _ now: NIODeadline) {
        switch verdict {
        case .nothing: return
        case .suspects(let count):
            logger.warning(
                "link lost twice behind the same packets: they are sent one at a time",
                metadata: ["packets": "\(count)"])
            return
        case .narrowed(let packets):
            // Perhaps it is the length: many topics in one packet.
            let bytes = packets.reduce(0) { sum, packet in
                if case .subscription(let topic) = packet { sum + topic.utf8.count + 3 } else { sum }
            }
            if bytes > 0 { subscriptionRoom = max(256, min(subscriptionRoom, bytes / 2)) }
        case .culprit(.message(let number)): drop(number, now)
        case .culprit(.subscription(let topic)):
            logCulprit("SUBSCRIBE", topic, size: topic.utf8.count)
            subscriptionCulprits.add(topic, size: 0, now: now)
            context.deliveries.add(
                table.subscribeFailed([topic], reasonCode: UInt8(MQTT_RC_UNSPECIFIED.rawValue)))
        case .culprit(.unsubscription(let topic)):
            logCulprit("UNSUBSCRIBE", topic, size: topic.utf8.count)
            _ = table.takeToUnsubscribe([topic])
        }
        // It is found, and the others have waited.
        state.forgetBackOff()
    }

    private func drop(_ number: UInt64, _ now: NIODeadline) {
        guard let message = queue.take(number: number)?.message else { return }
        logCulprit("PUBLISH", message.topic, size: message.packetSize)
        culprits.add(message.topic, size: message.packetSize, now: now)
        notTaken(message, reason: Self.endsTheLink)
    }

    private func logCulprit(_ packet: String, _ topic: Topic, size: Int) {
        context.counts.events.add(.culprits)
        logger.error(
            "the broker ends the link over a packet: it is dropped",
            metadata: ["packet": "\(packet)", "topic": "\(topic)", "bytes": "\(size)"])
    }

    // MARK: One at a time

    /// True: nothing else may be sent yet.
    func sendSuspects(_ now: NIODeadline) -> Bool {
        guard suspects.isSearching, let client else { return false }
        suspects.expire(now: now)
        while true {
            // An answer could be missed otherwise.
            if !suspects.isAboutSubscriptions { sendSubscriptions() }
            guard let packets = suspects.next(now: now) else { return suspects.isSearching }
            guard sendAlone(packets, client, now) else {
                suspects.notSent()
                return true
            }
        }
    }

    /// False: the connection has failed. Those that are not there any more count as answered.
    private func sendAlone(_ packets: [SuspectPackets.Packet], _ client: MosquittoClient, _ now: NIODeadline) -> Bool {
        var toSubscribe: [Topic] = []
        var toUnsubscribe: [Topic] = []
        for packet in packets {
            switch packet {
            case .message(let number):
                guard let item = queue.take(number: number) else {
                    suspects.answered(packet)
                    continue
                }
                if let deadline = item.message.deadline, deadline <= now {
                    suspects.answered(packet)
                    notTaken(item.message, reason: Self.deadlinePassed)
                } else if !send(item, client) {
                    return false
                }
            case .subscription(let topic): toSubscribe.append(topic)
            case .unsubscription(let topic): toUnsubscribe.append(topic)
            }
        }
        return subscribeAlone(toSubscribe, client) && unsubscribeAlone(toUnsubscribe, client)
    }

    private func subscribeAlone(_ suspected: [Topic], _ client: MosquittoClient) -> Bool {
        guard !suspected.isEmpty else { return true }
        let topics = table.takeToSubscribe(suspected)
        for topic in suspected {
            if !topics.contains(topic) { suspects.answered(.subscription(topic)) }
            if let announcement = announcements.removeValue(forKey: topic) { enqueue(announcement) }
        }
        return topics.isEmpty || subscribe(to: topics, room: .max, client)
    }

    private func unsubscribeAlone(_ suspected: [Topic], _ client: MosquittoClient) -> Bool {
        guard !suspected.isEmpty else { return true }
        let topics = table.takeToUnsubscribe(suspected)
        for topic in suspected where !topics.contains(topic) { suspects.answered(.unsubscription(topic)) }
        guard !topics.isEmpty else { return true }
        let (code, packetID) = client.unsubscribe(from: topics)
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
            table.unsubscribeNotSent(topics)
            return false
        }
        table.unsubscribeSent(topics, packetID: packetID)
        return true
    }

    // MARK: What is like a culprit

    /// A topic over whose subscription the broker has ended the link lately.
    func heedCulprits(of topic: Topic) {
        guard !subscriptionCulprits.isEmpty else { return }
        switch subscriptionCulprits.advice(topic, size: 0, now: .now()) {
        case .send: break
        case .sendAlone: suspects.suspect([.subscription(topic)])
        case .refuse:
            context.deliveries.add(table.subscribeFailed([topic], reasonCode: UInt8(MQTT_RC_UNSPECIFIED.rawValue)))
        }
    }

    /// False: the next message must wait, or has been sent alone.
    func heedCulprits(_ now: NIODeadline) -> Bool {
        while let item = queue.next {
            let message = item.message
            switch culprits.advice(message.topic, size: message.packetSize, now: now) {
            case .send: return true
            case .sendAlone:
                guard queue.inFlightCount == 0 else {
                    waitsForQuiet = true
                    return false
                }
                suspects.suspect([.message(item.number)])
                _ = sendSuspects(now)
                return false
            case .refuse:
                _ = queue.takeNext()
                notTaken(message, reason: "the broker has ended the link over packets like it")
            }
        }
        return false
    }
}
