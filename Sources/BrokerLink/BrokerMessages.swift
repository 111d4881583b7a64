import NIOCore
import OutsideNames

/// A message to the broker.
package struct BrokerPublish: Sendable {
    /// The MQTT 5 properties of a message (relay format, "MQTT details"); left out with MQTT 3.1.1.
    package struct Properties: Sendable {
        package enum CorrelationData: Sendable, Equatable {
            case text(String)
            case bytes(ByteBuffer)
        }

        package var responseTopic: Topic?
        package var correlationData: CorrelationData?
        /// Content Type `application/json`.
        package var isJSON = false
        /// User property `ocpp-version`.
        package var version: String?
        /// User property `action`.
        package var action: String?

        package init(
            responseTopic: Topic? = nil, correlationData: CorrelationData? = nil, isJSON: Bool = false,
            version: String? = nil, action: String? = nil
        ) {
            self.responseTopic = responseTopic
            self.correlationData = correlationData
            self.isJSON = isJSON
            self.version = version
            self.action = action
        }
    }

    /// What a message is for, which decides what gives way when there is no room (behaviour.md, "Bounds").
    package enum Purpose: Sendable, Equatable {
        /// A CALL of a charge point: its sender is told, keeps it and tries again.
        case call
        /// A SEND of a charge point, which has no answer: it is gone where there is no room.
        case send
        /// An answer of a charge point.
        case answer
        /// An error that the gateway reports.
        case report
        /// The newest replaces an older one that waits on the same topic.
        case presence
        /// The copy of a refused message: the first to give way.
        case copy
        /// An answer or report once more, where a CALL's sender wants it.
        case reply
        /// Between gateways, or about this one.
        case gateway
    }

    /// Who wants to hear that the broker refused or never got this message.
    package struct Origin: Sendable {
        package var subscriber: any BrokerSubscriber
        /// Handed back as it is.
        package var token: String
        /// Where the subscriber is told; nil: where its subscriptions are delivered, while it has one.
        package var eventLoop: (any EventLoop)?

        package init(subscriber: any BrokerSubscriber, token: String, eventLoop: (any EventLoop)? = nil) {
            self.subscriber = subscriber
            self.token = token
            self.eventLoop = eventLoop
        }
    }

    package var topic: Topic
    package var payload: ByteBuffer
    package var retain: Bool
    package var properties: Properties?
    /// Not handed to the broker after this moment (its sender has been told that it failed).
    package var deadline: NIODeadline?
    /// A message with an origin is refused when `maxPending` is reached; one without only at twice that.
    package var origin: Origin?
    package var purpose: Purpose
    /// Of the charge point whose message this is; nil: it counts for the whole only.
    package var share: OutboundShare?

    package init(
        topic: Topic, payload: ByteBuffer, retain: Bool = false, properties: Properties? = nil,
        deadline: NIODeadline? = nil, origin: Origin? = nil, purpose: Purpose = .gateway, share: OutboundShare? = nil
    ) {
        self.topic = topic
        self.payload = payload
        self.retain = retain
        self.properties = properties
        self.deadline = deadline
        self.origin = origin
        self.purpose = purpose
        self.share = share
    }
}

/// What `BrokerConnection.publish` says at once.
package enum PublishAdmission: Sendable, Equatable {
    case accepted
    /// As many messages as `maxPending` allows wait already, or as many bytes as there may be.
    case pendingFull
    /// Longer than the broker takes (its MQTT 5 Maximum Packet Size).
    case tooLarge
    /// The link is being closed for good.
    case closed
}

/// A message from the broker.
package struct BrokerMessage: Sendable {
    package var topic: Topic
    package var payload: ByteBuffer
    package var isRetained: Bool
    /// When its Message Expiry Interval (MQTT 5) has passed.
    package var expires: NIODeadline?
    /// Its first user property `ocpp-version` (MQTT 5).
    package var version: String?
    /// Where its sender wants an answer too, if it may choose (`BrokerLinkConfiguration.responseTopics`).
    package var replyAddress: ReplyAddress?

    package init(topic: Topic, payload: ByteBuffer, isRetained: Bool = false, expires: NIODeadline? = nil) {
        self.topic = topic
        self.payload = payload
        self.isRetained = isRetained
        self.expires = expires
    }
}

/// The Response Topic and Correlation Data of a request (MQTT 5, 4.10).
package struct ReplyAddress: Sendable, Equatable {
    package var topic: Topic
    package var correlationData: ByteBuffer?

    package init(topic: Topic, correlationData: ByteBuffer?) {
        self.topic = topic
        self.correlationData = correlationData
    }
}

/// Why the broker did not get a message.
package struct PublishFailure: Sendable, Equatable {
    /// Of its origin.
    package var token: String
    package var purpose: BrokerPublish.Purpose
    /// For the log and its sender.
    package var reason: String
}

/// One that subscribes to a topic; every call comes on the event loop named with the subscription.
package protocol BrokerSubscriber: AnyObject, Sendable {
    /// The broker has acknowledged the subscription (told once per `subscribe`).
    func brokerSubscribed()
    /// The broker refuses the subscription, by this MQTT reason code; it is not tried again.
    func brokerRefusedSubscription(reasonCode: UInt8)
    /// The broker refuses the companion's subscription, and not that of the topic; told in front of
    /// `brokerSubscribed`.
    func brokerRefusedCompanion(reasonCode: UInt8)
    func brokerDelivered(_ message: BrokerMessage)
    /// A publish of this origin did not reach the broker: refused by it, its deadline passed first, or the broker ended
    /// the link over it.
    func brokerDidNotTake(_ failure: PublishFailure)
    /// A charge point's own connection came up again or went down.
    func brokerConnectionChanged(isUp: Bool)
    /// A charge point's own connection has ended for good; nothing else comes from it.
    func brokerConnectionEnded(_ end: BrokerConnectionEnd)
}

extension BrokerSubscriber {
    package func brokerDidNotTake(_ failure: PublishFailure) {}
    package func brokerRefusedCompanion(reasonCode: UInt8) {}

    // A shared connection tells neither.
    package func brokerConnectionChanged(isUp: Bool) {}
    package func brokerConnectionEnded(_ end: BrokerConnectionEnd) {}
}

/// Hears of the link as a whole; called on the broker thread, so it must not block.
package protocol BrokerLinkObserver: AnyObject, Sendable {
    /// One MQTT connection came up or went down.
    func brokerLinkChanged(connection: Int, isUp: Bool)
    /// One MQTT connection came up, and the broker has nothing of its last session: what was published meanwhile is
    /// lost. Comes before `brokerLinkChanged`.
    func brokerSessionIsNew(connection: Int)
    /// Where a message without a subscriber of its own goes; asked before `brokerDeliveredUnrouted`.
    func brokerRoute(of message: BrokerMessage, from connection: BrokerConnection) -> BrokerRoute
    /// A message on a topic that has no subscriber here (a persistent session, a late delivery, a wildcard).
    func brokerDeliveredUnrouted(_ message: BrokerMessage, from connection: BrokerConnection)
    /// A message without an origin did not reach the broker.
    func brokerLost(_ purpose: BrokerPublish.Purpose)
    /// The broker has a CALL that nobody subscribes to (MQTT 5, 3.4.2.1: reason code 0x10).
    func brokerFoundNoSubscriber(topic: Topic)
}

extension BrokerLinkObserver {
    package func brokerSessionIsNew(connection: Int) {}
    package func brokerLost(_ purpose: BrokerPublish.Purpose) {}
    package func brokerFoundNoSubscriber(topic: Topic) {}

    package func brokerRoute(of message: BrokerMessage, from connection: BrokerConnection) -> BrokerRoute { .unrouted }
}

/// What becomes of a message on a topic that nobody subscribes to by its exact name.
package enum BrokerRoute: Sendable {
    case unrouted
    /// Dealt with.
    case taken
    /// To be run on this event loop, in the order of the broker's messages for it.
    case deliver(on: any EventLoop, @Sendable () -> Void)
}
