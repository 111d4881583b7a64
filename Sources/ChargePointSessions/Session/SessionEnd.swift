/// Why a session has ended, in one word: for the log, presence messages and metrics.
package enum SessionEndReason: String, Sendable, CaseIterable {
    // What became of the connection.
    case closedByPeer = "closed_by_peer"
    case connectionLost = "connection_lost"
    case protocolError = "protocol_error"
    case sendTimeout = "send_timeout"
    case sendQueueFull = "send_queue_full"
    case noMemory = "no_memory"
    // What the gateway has decided.
    case replaced
    case keepaliveTimeout = "keepalive_timeout"
    case badMessages = "bad_messages"
    case notUTF8 = "not_utf8"
    case subscriptionRefused = "subscription_refused"
    case brokerOutage = "broker_outage"
    case closedByBroker = "closed_by_broker"
    case credentialsExpired = "credentials_expired"
    case kicked
    case goingAway = "going_away"
}

/// Why a session ends, and how its connection is closed.
package enum SessionEnd: Sendable, Equatable {
    /// The connection is gone already; the code is ours or the peer's, the detail what was wrong or the peer's words.
    case connectionEnded(SessionEndReason, code: UInt16? = nil, detail: String = "")
    case replaced
    case keepaliveTimeout
    case tooManyBadMessages
    case notUTF8
    case subscriptionRefused(reasonCode: UInt8)
    case brokerOutage
    /// The broker ended the charge point's own MQTT connection.
    case closedByBroker
    /// What the charge point has shown is good no longer.
    case credentialsExpired
    /// By an operator.
    case kicked
    case goingAway

    package var reason: SessionEndReason {
        switch self {
        case .connectionEnded(let reason, _, _): reason
        case .replaced: .replaced
        case .keepaliveTimeout: .keepaliveTimeout
        case .tooManyBadMessages: .badMessages
        case .notUTF8: .notUTF8
        case .subscriptionRefused: .subscriptionRefused
        case .brokerOutage: .brokerOutage
        case .closedByBroker: .closedByBroker
        case .credentialsExpired: .credentialsExpired
        case .kicked: .kicked
        case .goingAway: .goingAway
        }
    }

    /// The WebSocket close code, ours or the peer's; nil: there was none.
    package var code: UInt16? {
        if case .connectionEnded(_, let code, _) = self { code } else { close?.code }
    }

    /// What was wrong, or the peer's words; empty where nothing is known.
    package var detail: String {
        switch self {
        case .connectionEnded(_, _, let detail): detail
        case .subscriptionRefused(let code): "the broker refuses the subscription, code \(code)"
        default: close?.text ?? ""
        }
    }

    /// The WebSocket close frame (RFC 6455, 7.4.1); nil where nobody is left to read it.
    var close: (code: UInt16, text: String)? {
        switch self {
        case .connectionEnded: nil
        case .replaced: (1008, "replaced by a newer connection")
        case .keepaliveTimeout: (1001, "keepalive_timeout")
        case .tooManyBadMessages: (1008, "too many bad messages")
        case .notUTF8: (1007, "not UTF-8")
        case .subscriptionRefused: (1011, "the broker refuses the subscription")
        case .brokerOutage: (1013, "the broker cannot be reached")
        case .closedByBroker: (1008, "the broker has closed this charge point's connection")
        case .credentialsExpired: (1008, "credentials expired")
        case .kicked: (1008, "kicked by an operator")
        case .goingAway: (1001, "going away")
        }
    }
}
