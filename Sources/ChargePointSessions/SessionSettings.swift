import NIOCore

/// The rules of one gateway that hold for all sessions (behaviour.md); times are NIO's.
package struct SessionSettings: Sendable, Equatable {
    /// CALLs of a charge point that may be open; beyond that they wait in the gateway (`upstream.max_open_calls`).
    package var maxOpenCalls: Int
    /// A CALL of a charge point without an answer for so long gets `InternalError`; nil: never.
    package var answerTimeout: TimeAmount?
    /// CALLs to a charge point that may wait (`dnstream.max_mqueue_len`).
    package var maxQueuedCalls: Int
    package var callTimeout: TimeAmount
    package var defaultHeartbeatInterval: TimeAmount
    /// Allowed silence = heartbeat interval × (this + 1).
    package var heartbeatBackoff: Int
    /// Nil: half the heartbeat interval.
    package var pingInterval: TimeAmount?
    /// Bad messages in a row until close 1008; 0: no limit.
    package var maxBadMessages: Int
    /// 0: no limit.
    package var maxMessagesPerSecond: Int
    /// A longer message from the broker is refused unread, in bytes (`websocket.max_frame_size`).
    package var maxMessageSize: Int

    package init(
        maxOpenCalls: Int = 16,
        answerTimeout: TimeAmount? = .seconds(25),
        maxQueuedCalls: Int = 100,
        callTimeout: TimeAmount = .seconds(30),
        defaultHeartbeatInterval: TimeAmount = .seconds(60),
        heartbeatBackoff: Int = 1,
        pingInterval: TimeAmount? = nil,
        maxBadMessages: Int = 20,
        maxMessagesPerSecond: Int = 0,
        maxMessageSize: Int = 512 << 10
    ) {
        self.maxOpenCalls = maxOpenCalls
        self.answerTimeout = answerTimeout
        self.maxQueuedCalls = maxQueuedCalls
        self.callTimeout = callTimeout
        self.defaultHeartbeatInterval = defaultHeartbeatInterval
        self.heartbeatBackoff = heartbeatBackoff
        self.pingInterval = pingInterval
        self.maxBadMessages = maxBadMessages
        self.maxMessagesPerSecond = maxMessagesPerSecond
        self.maxMessageSize = maxMessageSize
    }
}
