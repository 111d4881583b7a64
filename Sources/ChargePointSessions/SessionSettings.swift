import NIOCore

/// The rules of one gateway that hold for all sessions (behaviour.md); times are NIO's.
public struct SessionSettings: Sendable, Equatable {
    /// CALLs of a charge point that may be open; beyond that they wait in the gateway (`upstream.max_open_calls`).
    public var maxOpenCalls: Int
    /// A CALL of a charge point without an answer for so long gets `InternalError`; nil: never.
    public var answerTimeout: TimeAmount?
    /// CALLs to a charge point that may wait (`dnstream.max_mqueue_len`).
    public var maxQueuedCalls: Int
    public var callTimeout: TimeAmount
    public var defaultHeartbeatInterval: TimeAmount
    /// Allowed silence = heartbeat interval × (this + 1).
    public var heartbeatBackoff: Int
    /// Nil: half the heartbeat interval.
    public var pingInterval: TimeAmount?
    /// Bad messages in a row until close 1008; 0: no limit.
    public var maxBadMessages: Int
    /// 0: no limit.
    public var maxMessagesPerSecond: Int
    /// A longer message from the broker is refused unread, in bytes (`websocket.max_frame_size`).
    public var maxMessageSize: Int

    public init(
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
