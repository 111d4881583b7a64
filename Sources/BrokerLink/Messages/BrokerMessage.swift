import NIOCore
import OutsideNames

/// A message from the broker; an object, as `BrokerPublish` is.
package final class BrokerMessage: Sendable {
    /// Those of MQTT 5 that are looked at.
    struct Properties {
        var expires: NIODeadline?
        var version: String?
        var traceParent: String?
        var replyAddress: ReplyAddress?
    }

    package let topic: Topic
    package let payload: ByteBuffer
    package let isRetained: Bool
    /// When its Message Expiry Interval (MQTT 5) has passed.
    package let expires: NIODeadline?
    /// Its first user property `ocpp-version` (MQTT 5).
    package let version: String?
    /// Its first user property `traceparent` (W3C Trace Context), as it was sent, where these are read
    /// (`BrokerLinkConfiguration.readsTraceParents`).
    package let traceParent: String?
    /// Where its sender wants an answer too, if it may choose (`BrokerLinkConfiguration.responseTopics`).
    package let replyAddress: ReplyAddress?

    init(topic: Topic, payload: ByteBuffer, isRetained: Bool = false, properties: Properties = Properties()) {
        self.topic = topic
        self.payload = payload
        self.isRetained = isRetained
        expires = properties.expires
        version = properties.version
        traceParent = properties.traceParent
        replyAddress = properties.replyAddress
    }

    /// What it takes of the memory, in bytes: its sender chooses all of that.
    var size: Int { payload.readableBytes + (replyAddress?.size ?? 0) }
}
