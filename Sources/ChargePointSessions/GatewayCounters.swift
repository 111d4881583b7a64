import Synchronization

/// What has happened since start, for the statistics line; each is a count that only grows.
public final class GatewayCounters: Sendable {
    public enum Count: Int, Sendable, CaseIterable {
        case connected, disconnected, replaced, refusedHandshakes
        case callsUp, resultsUp, errorsUp, callsDown, resultsDown, errorsDown
        case badMessages, badDownstreamMessages, unmatchedAnswers, duplicates, unsolicited
        case reports, answerTimeouts, callTimeouts, lateAnswers, refusedForBroker, notConnected, ignoredClaims

        /// As the log names it.
        public var name: String {
            switch self {
            case .connected: "connected"
            case .disconnected: "disconnected"
            case .replaced: "replaced"
            case .refusedHandshakes: "refused_handshakes"
            case .callsUp: "calls_up"
            case .resultsUp: "results_up"
            case .errorsUp: "errors_up"
            case .callsDown: "calls_down"
            case .resultsDown: "results_down"
            case .errorsDown: "errors_down"
            case .badMessages: "bad_messages"
            case .badDownstreamMessages: "bad_downstream_messages"
            case .unmatchedAnswers: "unmatched_answers"
            case .duplicates: "duplicates"
            case .unsolicited: "unsolicited"
            case .reports: "reports"
            case .answerTimeouts: "answer_timeouts"
            case .callTimeouts: "call_timeouts"
            case .lateAnswers: "late_answers"
            case .refusedForBroker: "refused_for_broker"
            case .notConnected: "not_connected"
            case .ignoredClaims: "ignored_claims"
            }
        }
    }

    private final class Cell: Sendable {
        let value = Atomic<Int>(0)
    }

    /// In the order of `Count`.
    private let cells = Count.allCases.map { _ in Cell() }

    public init() {}

    public func add(_ count: Count, _ number: Int = 1) {
        cells[count.rawValue].value.wrappingAdd(number, ordering: .relaxed)
    }

    public func value(_ count: Count) -> Int {
        cells[count.rawValue].value.load(ordering: .relaxed)
    }
}
