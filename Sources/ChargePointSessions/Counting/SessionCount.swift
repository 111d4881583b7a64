/// What has happened in all sessions since start, for the statistics line and the metrics; each only grows.
package enum SessionCount: Int, Sendable, CaseIterable {
    case connected, disconnected, replaced, refusedHandshakes
    case callsUp, resultsUp, errorsUp, sendsUp, callsDown, resultsDown, errorsDown, sendsDown
    case droppedSends
    case badMessages, badDownstreamMessages, unmatchedAnswers, duplicates, retries, unsolicited, unknownTypes
    case reports, answerTimeouts, callTimeouts, lateAnswers, refusedForBroker, notConnected, ignoredClaims
    /// What the broker did not get: answers, whose CALLs' senders have been told, and the rest.
    case notRelayed, lostReports, lostPresence, lostCopies, lostReplies
    /// CALLs on topics that nobody subscribes to.
    case unroutedCalls

    /// As the log names it.
    package var name: String {
        switch self {
        case .connected: "connected"
        case .disconnected: "disconnected"
        case .replaced: "replaced"
        case .refusedHandshakes: "refused_handshakes"
        case .callsUp: "calls_up"
        case .resultsUp: "results_up"
        case .errorsUp: "errors_up"
        case .sendsUp: "sends_up"
        case .sendsDown: "sends_down"
        case .droppedSends: "dropped_sends"
        case .callsDown: "calls_down"
        case .resultsDown: "results_down"
        case .errorsDown: "errors_down"
        case .badMessages: "bad_messages"
        case .badDownstreamMessages: "bad_downstream_messages"
        case .unmatchedAnswers: "unmatched_answers"
        case .duplicates: "duplicates"
        case .retries: "retries"
        case .unsolicited: "unsolicited"
        case .unknownTypes: "unknown_types"
        case .reports: "reports"
        case .answerTimeouts: "answer_timeouts"
        case .callTimeouts: "call_timeouts"
        case .lateAnswers: "late_answers"
        case .refusedForBroker: "refused_for_broker"
        case .notConnected: "not_connected"
        case .notRelayed: "not_relayed"
        case .lostReports: "lost_reports"
        case .lostPresence: "lost_presence"
        case .lostCopies: "lost_copies"
        case .lostReplies: "lost_replies"
        case .unroutedCalls: "unrouted_calls"
        case .ignoredClaims: "ignored_claims"
        }
    }
}
