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
    package let counters: SessionCounters
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
    /// Nil: nobody will ever listen.
    let events: (any SessionEventSink)?
    let clock: SessionClock

    package init(
        settings: SessionSettings, formatChecking: MessageFormatChecking? = nil, registry: SessionRegistry,
        counters: SessionCounters, logger: Logger, logsWholeFrames: Bool = false, gatewayID: ClientID,
        retainsPresence: Bool = false, claims: GatewayClaims? = nil,
        memory: MemoryBudget = MemoryBudget(limit: .max), events: (any SessionEventSink)? = nil,
        clock: SessionClock = SessionClock()
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
        self.events = events
        self.clock = clock
    }
}

extension SessionContext {
    /// The checking of messages from one side; nil where it is off.
    func formatChecking(of direction: MessageFormatChecking.Direction) -> MessageFormatChecking? {
        formatChecking.flatMap { $0.checks(direction) ? $0 : nil }
    }
}
