import NIOCore
import OutsideNames

/// A message to the broker.
///
/// It goes from hand to hand on its way: an object, so that each counts one reference instead of a dozen.
package final class BrokerPublish: Sendable {
    /// The MQTT 5 properties of a message (relay format, "MQTT details"); left out with MQTT 3.1.1.
    package final class Properties: Sendable {
        package enum CorrelationData: Sendable, Equatable {
            case text(String)
            case bytes(ByteBuffer)
        }

        package let responseTopic: Topic?
        package let correlationData: CorrelationData?
        /// Content Type `application/json`.
        package let isJSON: Bool
        /// User property `ocpp-version`.
        package let version: String?
        /// User property `action`.
        package let action: String?
        /// User property `traceparent` (W3C Trace Context).
        package let traceParent: String?

        package init(
            responseTopic: Topic? = nil, correlationData: CorrelationData? = nil, isJSON: Bool = false,
            version: String? = nil, action: String? = nil, traceParent: String? = nil
        ) {
            self.responseTopic = responseTopic
            self.correlationData = correlationData
            self.isJSON = isJSON
            self.version = version
            self.action = action
            self.traceParent = traceParent
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

        package init(subscriber: any BrokerSubscriber, token: String) {
            self.subscriber = subscriber
            self.token = token
        }
    }

    package let topic: Topic
    package let payload: ByteBuffer
    package let retain: Bool
    package let properties: Properties?
    /// Not handed to the broker after this moment (its sender has been told that it failed).
    package let deadline: NIODeadline?
    /// A message with an origin is refused when `maxPending` is reached; one without only at twice that.
    package let origin: Origin?
    package let purpose: Purpose
    /// Of the charge point whose message this is; nil: it counts for the whole only.
    package let share: OutboundShare?
    /// At most the length of the PUBLISH packet (MQTT 5, 3.3).
    let packetSize: Int
    /// What it takes of the memory of all while it is pending, in bytes.
    let cost: Int

    /// Bytes for a message beside its texts.
    private static let overhead = 256

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
        let size = topic.utf8.count + payload.readableBytes
        packetSize = 16 + size + (properties?.packetSize ?? 0)
        cost = Self.overhead + size + (properties?.correlationData?.size ?? 0)
    }
}

extension BrokerPublish.Properties {
    /// At most what they make of a packet.
    fileprivate var packetSize: Int {
        64 + (responseTopic?.utf8.count ?? 0) + (correlationData?.size ?? 0) + (version?.utf8.count ?? 0)
            + (action?.utf8.count ?? 0) + (traceParent.map { 16 + $0.utf8.count } ?? 0)
    }
}

extension BrokerPublish.Properties.CorrelationData {
    var size: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.readableBytes
        }
    }
}
