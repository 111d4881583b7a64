import NIOCore

/// A message from the broker for one charge point.
package struct DownstreamMessage: Sendable {
    package var payload: ByteBuffer
    package var isRetained: Bool
    /// When its MQTT 5 Message Expiry Interval has passed.
    package var expires: NIODeadline?
    /// Its user property `ocpp-version`.
    package var version: String?
    /// Where its sender wants the answer too.
    package var replyAddress: ReplyAddress?
    /// Its user property `traceparent`, as it was sent.
    package var traceParent: String?

    package init(
        payload: ByteBuffer, isRetained: Bool, expires: NIODeadline?, version: String? = nil,
        replyAddress: ReplyAddress? = nil, traceParent: String? = nil
    ) {
        self.payload = payload
        self.isRetained = isRetained
        self.expires = expires
        self.version = version
        self.replyAddress = replyAddress
        self.traceParent = traceParent
    }

    /// What it takes of the memory, in bytes: its sender chooses all of that.
    var size: Int { payload.readableBytes + (replyAddress?.size ?? 0) + (traceParent?.utf8.count ?? 0) }
}
