import NIOCore
import OutsideNames

/// A message to the broker.
public struct BrokerPublish: Sendable {
    /// The MQTT 5 properties of an upstream CALL (relay format, "MQTT details"); left out with MQTT 3.1.1.
    public struct RequestProperties: Sendable {
        public var responseTopic: Topic
        public var correlationData: String
        /// Content Type is always `application/json`.
        public var userProperties: [(name: String, value: String)]

        public init(responseTopic: Topic, correlationData: String, userProperties: [(name: String, value: String)]) {
            self.responseTopic = responseTopic
            self.correlationData = correlationData
            self.userProperties = userProperties
        }
    }

    /// Who wants to hear that the broker refused or never got this message.
    public struct Origin: Sendable {
        public var subscriber: any BrokerSubscriber
        /// Handed back as it is.
        public var token: String

        public init(subscriber: any BrokerSubscriber, token: String) {
            self.subscriber = subscriber
            self.token = token
        }
    }

    public var topic: Topic
    public var payload: ByteBuffer
    public var retain: Bool
    public var requestProperties: RequestProperties?
    /// Not handed to the broker after this moment (its sender has been told that it failed).
    public var deadline: NIODeadline?
    /// A message with an origin is refused when `maxPending` is reached; one without only at twice that.
    public var origin: Origin?

    public init(
        topic: Topic, payload: ByteBuffer, retain: Bool = false,
        requestProperties: RequestProperties? = nil, deadline: NIODeadline? = nil, origin: Origin? = nil
    ) {
        self.topic = topic
        self.payload = payload
        self.retain = retain
        self.requestProperties = requestProperties
        self.deadline = deadline
        self.origin = origin
    }
}

/// What `BrokerConnection.publish` says at once.
public enum PublishAdmission: Sendable, Equatable {
    case accepted
    /// As many messages as `maxPending` allows wait already.
    case pendingFull
    /// Longer than the broker takes (its MQTT 5 Maximum Packet Size).
    case tooLarge
    /// The link is being closed for good.
    case closed
}

/// A message from the broker.
public struct BrokerMessage: Sendable {
    public var topic: Topic
    public var payload: ByteBuffer
    public var isRetained: Bool
    /// When its Message Expiry Interval (MQTT 5) has passed.
    public var expires: NIODeadline?

    public init(topic: Topic, payload: ByteBuffer, isRetained: Bool = false, expires: NIODeadline? = nil) {
        self.topic = topic
        self.payload = payload
        self.isRetained = isRetained
        self.expires = expires
    }
}

/// One that subscribes to a topic; every call comes on the event loop named with the subscription.
public protocol BrokerSubscriber: AnyObject, Sendable {
    /// The broker has acknowledged the subscription (told once per `subscribe`).
    func brokerSubscribed()
    /// The broker refuses the subscription, by this MQTT reason code; it is not tried again.
    func brokerRefusedSubscription(reasonCode: UInt8)
    /// The broker refuses the companion's subscription, and not that of the topic; told in front of
    /// `brokerSubscribed`.
    func brokerRefusedCompanion(reasonCode: UInt8)
    func brokerDelivered(_ message: BrokerMessage)
    /// A publish of this origin did not reach the broker: refused by it, or its deadline passed first.
    func brokerDidNotTake(token: String, reason: String)
    /// A charge point's own connection came up again or went down.
    func brokerConnectionChanged(isUp: Bool)
    /// A charge point's own connection has ended for good; nothing else comes from it.
    func brokerConnectionEnded(_ end: BrokerConnectionEnd)
}

extension BrokerSubscriber {
    public func brokerRefusedCompanion(reasonCode: UInt8) {}
    // A shared connection tells neither.
    public func brokerConnectionChanged(isUp: Bool) {}
    public func brokerConnectionEnded(_ end: BrokerConnectionEnd) {}
}

/// Hears of the link as a whole; called on the broker thread, so it must not block.
public protocol BrokerLinkObserver: AnyObject, Sendable {
    /// One MQTT connection came up or went down.
    func brokerLinkChanged(connection: Int, isUp: Bool)
    /// One MQTT connection came up, and the broker has nothing of its last session: what was published meanwhile is
    /// lost. Comes before `brokerLinkChanged`.
    func brokerSessionIsNew(connection: Int)
    /// Where a message without a subscriber of its own goes; asked before `brokerDeliveredUnrouted`.
    func brokerRoute(of message: BrokerMessage, from connection: BrokerConnection) -> BrokerRoute
    /// A message on a topic that has no subscriber here (a persistent session, a late delivery, a wildcard).
    func brokerDeliveredUnrouted(_ message: BrokerMessage, from connection: BrokerConnection)
}

extension BrokerLinkObserver {
    public func brokerSessionIsNew(connection: Int) {}

    public func brokerRoute(of message: BrokerMessage, from connection: BrokerConnection) -> BrokerRoute { .unrouted }
}

/// What becomes of a message on a topic that nobody subscribes to by its exact name.
public enum BrokerRoute: Sendable {
    case unrouted
    /// Dealt with.
    case taken
    /// To be run on this event loop, in the order of the broker's messages for it.
    case deliver(on: any EventLoop, @Sendable () -> Void)
}
