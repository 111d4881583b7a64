import CallTracing
import Logging
import MemoryBudget
import NIOCore
import OutsideNames
import Synchronization

/// What all sessions of a listener share.
package final class SessionContext: Sendable {
    private let current: Mutex<SessionRuleSet>
    package let registry: SessionRegistry
    package let counters: SessionCounters
    package let logger: Logger
    /// Who wants a charge point's lines below the log's level; nil: nobody ever.
    let lineTracing: (any LineTracing)?
    /// In front of the topics of its sessions, as they began; nobody but who looks at them asks.
    let mountpoint: String
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
    /// Nil: nothing is traced.
    package let tracer: CallTracer?
    let clock: SessionClock

    package init(
        settings: SessionSettings, formatChecking: MessageFormatChecking? = nil, registry: SessionRegistry,
        mountpoint: String = "", counters: SessionCounters, logger: Logger, lineTracing: (any LineTracing)? = nil,
        logsWholeFrames: Bool = false, gatewayID: ClientID,
        retainsPresence: Bool = false, claims: GatewayClaims? = nil,
        memory: MemoryBudget = MemoryBudget(limit: .max), events: (any SessionEventSink)? = nil,
        tracer: CallTracer? = nil, clock: SessionClock = SessionClock()
    ) {
        current = Mutex(SessionRuleSet(settings: settings, formatChecking: formatChecking))
        self.registry = registry
        self.counters = counters
        self.logger = logger
        self.lineTracing = lineTracing
        self.mountpoint = mountpoint
        self.logsWholeFrames = logsWholeFrames
        self.gatewayID = gatewayID
        self.retainsPresence = retainsPresence
        self.claims = claims
        self.memory = memory
        self.events = events
        self.tracer = tracer
        self.clock = clock
    }

    /// What sessions go by that begin now.
    package var ruleSet: SessionRuleSet { current.withLock { $0 } }

    /// From now on all sessions of the listener go by this; when it returns, those that were here do.
    package func apply(_ ruleSet: SessionRuleSet) async {
        current.withLock { $0 = ruleSet }
        let applied = registry.byEventLoop.map { eventLoop, sessions in
            eventLoop.submit {
                for session in sessions where session.context === self { session.assumeIsolated { $0.applyRuleSet() } }
            }
        }
        // A loop that has been shut down has no sessions.
        for done in applied { try? await done.get() }
    }
}
