/// Every metric of ours by its name, without the prefix `ocpp_gateway_` (management.md, "Metrics"). Raw values are in
/// the order of the page.
package enum GatewayMetric: String, Sendable, CaseIterable {
    case info
    case buildInfo = "build_info"
    case startTime = "start_time_seconds"
    case sessions
    case handshakes = "handshakes_total"
    case sessionsClosed = "sessions_closed_total"
    case messages = "messages_total"
    case messageBytes = "message_bytes_total"
    case calls = "calls_total"
    case callSeconds = "call_seconds"
    case badMessages = "bad_messages_total"
    case reports = "reports_total"
    case unmatchedAnswers = "unmatched_answers_total"
    case lateAnswers = "late_answers_total"
    case duplicates = "duplicates_total"
    case unsolicited = "unsolicited_total"
    case answerTimeouts = "answer_timeouts_total"
    case downstreamQueued = "downstream_queued"
    case openCalls = "open_calls"
    case brokerUp = "broker_up"
    case brokerPending = "broker_pending"
    case brokerReconnects = "broker_reconnects_total"
    case brokerAcknowledgement = "broker_ack_seconds"
    case authentication = "authentication_total"
    case authenticationSeconds = "authentication_seconds"
    case authenticationWaiting = "authentication_waiting"
    case authenticationUp = "authentication_up"
    case authenticationCacheHits = "authentication_cache_hits_total"
    case certificateExpiry = "certificate_expires_seconds"
    case loopDelay = "loop_delay_seconds"
    case managementRequests = "management_requests_total"
    case logLinesDropped = "log_lines_dropped_total"
    case traceSpans = "trace_spans_total"

    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    package var kind: Kind {
        switch self {
        case .callSeconds, .brokerAcknowledgement, .authenticationSeconds: .histogram
        default: rawValue.hasSuffix("_total") ? .counter : .gauge
        }
    }

    /// The labels that each sample has, in this order.
    package var labels: [String] {
        switch self {
        case .info: ["version", "gateway"]
        case .buildInfo: ["version", "commit"]
        case .sessions: ["listener", "version"]
        case .handshakes: ["listener", "status"]
        case .sessionsClosed, .reports: ["reason"]
        case .messages, .messageBytes: ["direction", "type"]
        case .calls: ["direction", "action"]
        case .callSeconds, .openCalls: ["direction"]
        case .badMessages: ["direction", "code"]
        case .brokerUp, .brokerPending, .brokerReconnects, .brokerAcknowledgement: ["connection"]
        case .authentication: ["backend", "result"]
        case .certificateExpiry: ["listener"]
        case .loopDelay: ["loop"]
        case .traceSpans: ["result"]
        default: []
        }
    }

    package var help: String {
        switch self {
        case .info: "The gateway and its version"
        case .buildInfo: "The version and the commit that it was built from"
        case .startTime: "When the gateway was started, as a Unix time"
        case .sessions: "Charge points that are connected"
        case .handshakes: "Handshakes by the status they were answered with"
        case .sessionsClosed: "Sessions that have ended, by reason"
        case .messages: "OCPP messages"
        case .messageBytes: "Bytes of OCPP messages"
        case .calls: "CALLs and SENDs by action"
        case .callSeconds: "From a CALL to its answer"
        case .badMessages: "Messages that were refused, by error code"
        case .reports: "Errors reported upstream, by reason; duplicate and unsolicited are only counted"
        case .unmatchedAnswers: "Answers of charge points to no CALL that is known"
        case .lateAnswers: "Answers of charge points that came after their time"
        case .duplicates: "Messages that came twice, also CALLs sent again while they were open"
        case .unsolicited: "Answers from the broker to no open CALL"
        case .answerTimeouts: "CALLs of charge points that were not answered in time"
        case .downstreamQueued: "CALLs that wait for their charge point"
        case .openCalls: "CALLs without an answer yet"
        case .brokerUp: "Whether the link to the broker is up"
        case .brokerPending: "Messages that the broker has not acknowledged"
        case .brokerReconnects: "Times that the link to the broker was made anew"
        case .brokerAcknowledgement: "From a publish to the broker's acknowledgement"
        case .authentication: "Verdicts on charge points"
        case .authenticationSeconds: "From a request to its verdict"
        case .authenticationWaiting: "Handshakes that wait for a verdict"
        case .authenticationUp: "Whether the authentication backend is up"
        case .authenticationCacheHits: "Verdicts that were known already"
        case .certificateExpiry: "When a listener's certificate ends, as a Unix time"
        case .loopDelay: "The longest turn of an event loop in the last minute"
        case .managementRequests: "Requests to the management server"
        case .logLinesDropped: "Log lines that were held back or lost"
        case .traceSpans: "Spans of traces that a collector has, and that were dropped"
        }
    }
}
