import NIOCore
import OutsideNames

/// A message from the broker.
package struct BrokerMessage: Sendable {
    package var topic: Topic
    package var payload: ByteBuffer
    package var isRetained: Bool
    /// When its Message Expiry Interval (MQTT 5) has passed.
    package var expires: NIODeadline?
    /// Its first user property `ocpp-version` (MQTT 5).
    package var version: String?
    /// Its first user property `traceparent` (W3C Trace Context), as it was sent, where these are read
    /// (`BrokerLinkConfiguration.readsTraceParents`).
    package var traceParent: String?
    /// Where its sender wants an answer too, if it may choose (`BrokerLinkConfiguration.responseTopics`).
    package var replyAddress: ReplyAddress?

    package init(topic: Topic, payload: ByteBuffer, isRetained: Bool = false, expires: NIODeadline? = nil) {
        self.topic = topic
        self.payload = payload
        self.isRetained = isRetained
        self.expires = expires
    }

    /// What it takes of the memory, in bytes: its sender chooses all of that.
    var size: Int { payload.readableBytes + (replyAddress?.size ?? 0) }
}
