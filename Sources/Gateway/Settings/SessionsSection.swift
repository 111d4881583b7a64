import ChargePointSessions
import NIOCore
import Settings

/// The rules of sessions, and their limits.
struct SessionsSection {
    var settings = SessionSettings()
    let refusesUnrouted: Bool
    /// From accept to the end of the handshake.
    let idleTimeout: TimeAmount
    /// Nil: no statistics line.
    let statsInterval: Duration?
    /// In bytes; nil: a quarter of the machine's or the container's.
    let memoryLimit: Int?
    let drainTime: Duration

    init(_ read: inout SettingsReader) {
        read.section("Sessions and limits", applies: .atOnce)
        settings.maxOpenCalls = read(
            "upstream.max_open_calls", .integer(1...10_000), default: settings.maxOpenCalls,
            help: "a charge point's unanswered CALLs; beyond that they wait")
        let answerTimeout = read(
            "upstream.answer_timeout", .time(.zero ... .day), default: settings.answerTimeout ?? .zero,
            help: "a CALL without an answer gets InternalError after this; 0: never")
        settings.answerTimeout = answerTimeout == .zero ? nil : answerTimeout
        // The broker link has it from its beginning.
        refusesUnrouted = read(
            "upstream.unrouted", .choice(["wait": false, "error": true]), default: false, applies: .afterRestart,
            help: "a CALL on a topic that nobody subscribes to: wait for an answer, or InternalError at once")
        settings.maxQueuedCalls = read(
            "dnstream.max_mqueue_len", .integer(1...1_000_000), default: settings.maxQueuedCalls,
            help: "CALLs that may wait for a charge point")
        settings.callTimeout = read(
            "dnstream.call_timeout", .time(.milliseconds(1) ... .day), default: settings.callTimeout,
            help: "an unanswered CALL to a charge point is given up after this")
        settings.defaultHeartbeatInterval = read(
            "default_heartbeat_interval", .time(.milliseconds(100) ... .week),
            default: settings.defaultHeartbeatInterval,
            help: "expected interval of signs of life until BootNotification sets another")
        settings.heartbeatBackoff = read(
            "heartbeat_checking_times_backoff", .integer(0...1000), default: settings.heartbeatBackoff,
            help: "allowed silence = heartbeat interval x (this + 1)")
        idleTimeout = read(
            "idle_timeout", .time(.milliseconds(10) ... .day), default: .seconds(30),
            help: "from accept to the end of the handshake")
        let hasStatistics = read("enable_stats", .boolean, default: true, help: "a statistics log line")
        let interval = read(
            "stats.interval", .duration(.milliseconds(100) ... .day), default: .seconds(60),
            help: "time between statistics lines")
        statsInterval = hasStatistics ? interval : nil
        settings.maxBadMessages = read(
            "limits.bad_messages", .integer(0...1_000_000), default: settings.maxBadMessages,
            help: "bad messages in a row before a connection is closed; 0: no limit")
        settings.maxMessagesPerSecond = read(
            "limits.messages_per_second", .integer(0...1_000_000), default: settings.maxMessagesPerSecond,
            help: "messages a second from one charge point; beyond that reading pauses; 0: no limit")
        memoryLimit = read.optional(
            "limits.memory", .byteSize(65536...1 << 50),
            help: "bytes that all queues of all sessions may hold; default a quarter of the machine's or the "
                + "container's memory")
        drainTime = read(
            "shutdown.drain_time", .duration(.zero ... .day), default: .seconds(10),
            help: "sessions are closed spread over this time at a stop")
    }
}
