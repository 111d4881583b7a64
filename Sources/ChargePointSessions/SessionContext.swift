import Logging
import MemoryBudget
import NIOCore
import OCPPJ
import OutsideNames

/// What all sessions of a listener share.
package final class SessionContext: Sendable {
    package let settings: SessionSettings
    /// Nil: messages are relayed as they are, once they are well-formed.
    let formatChecking: MessageFormatChecking?
    package let registry: SessionRegistry
    package let counters: GatewayCounters
    package let logger: Logger
    /// `log.frames`: frames are logged with nothing hidden.
    package let logsWholeFrames: Bool
    /// Named in presence messages.
    package let gatewayID: ClientID
    package let retainsPresence: Bool
    /// Nil: no takeover between gateways (`gateway.claim_topic` empty).
    package let claims: GatewayClaims?
    /// What all queues of the process may hold.
    package let memory: MemoryBudget

    package init(
        settings: SessionSettings, formatChecking: MessageFormatChecking? = nil, registry: SessionRegistry,
        counters: GatewayCounters, logger: Logger, logsWholeFrames: Bool = false, gatewayID: ClientID,
        retainsPresence: Bool = false, claims: GatewayClaims? = nil,
        memory: MemoryBudget = MemoryBudget(limit: .max)
    ) {
        self.settings = settings
        self.formatChecking = formatChecking
        self.registry = registry
        self.counters = counters
        self.logger = logger
        self.logsWholeFrames = logsWholeFrames
        self.gatewayID = gatewayID
        self.retainsPresence = retainsPresence
        self.claims = claims
        self.memory = memory
    }
}

extension SessionContext {
    /// The checking of messages from one side; nil where it is off.
    func formatChecking(of direction: MessageFormatChecking.Direction) -> MessageFormatChecking? {
        formatChecking.flatMap { $0.checks(direction) ? $0 : nil }
    }
}

/// Who a session is with.
package struct ChargePoint: Sendable {
    package var identity: ChargePointIdentity
    package var version: OCPPVersion
    /// `192.0.2.7:5123`.
    package var remoteAddress: String
    package var listener: String
    /// As the authenticator accepted it; nil where nobody was asked.
    package var username: UserName?

    package init(
        identity: ChargePointIdentity, version: OCPPVersion, remoteAddress: String, listener: String,
        username: UserName? = nil
    ) {
        self.identity = identity
        self.version = version
        self.remoteAddress = remoteAddress
        self.listener = listener
        self.username = username
    }
}

/// Why a session ends: the word in the log, in presence messages and in reports, and how the connection is closed.
package enum SessionEnd: Sendable, Equatable {
    /// The connection is gone already; the reason is the front end's, the code ours or the peer's, the detail what was
    /// wrong or the peer's words.
    case connectionEnded(reason: String, code: UInt16? = nil, detail: String = "")
    case replaced
    case keepaliveTimeout
    case tooManyBadMessages
    case notUTF8
    case subscriptionRefused(reasonCode: UInt8)
    case brokerOutage
    /// The broker ended the charge point's own MQTT connection.
    case closedByBroker
    case goingAway

    package var reason: String {
        switch self {
        case .connectionEnded(let reason, _, _): reason
        case .replaced: "replaced"
        case .keepaliveTimeout: "keepalive_timeout"
        case .tooManyBadMessages: "bad_messages"
        case .notUTF8: "not_utf8"
        case .subscriptionRefused: "subscription_refused"
        case .brokerOutage: "broker_outage"
        case .closedByBroker: "closed_by_broker"
        case .goingAway: "going_away"
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
        case .keepaliveTimeout: (1001, "keepalive timeout")
        case .tooManyBadMessages: (1008, "too many bad messages")
        case .notUTF8: (1007, "not UTF-8")
        case .subscriptionRefused: (1011, "the broker refuses the subscription")
        case .brokerOutage: (1013, "the broker cannot be reached")
        case .closedByBroker: (1008, "the broker has closed this charge point's connection")
        case .goingAway: (1001, "going away")
        }
    }
}
