import ChargePointSessions
import Logging
import NIOCore

/// Ends the sessions of a gateway or listener that has been stopped, spread over a time so that the charge points do not
/// come back all at once somewhere else (behaviour.md, "Stopping").
///
/// Those are ended that are there when it is made: a listener that takes nobody in any more has no others, and whom it
/// lets in once it has been started again, or another one of its name, is none of this drain's.
struct Drain {
    /// Between two rounds of closing.
    private static let step = Duration.milliseconds(50)

    private let registry: SessionRegistry
    private let sessions: [ChargePointSession]
    private let time: Duration
    private let logger: Logger

    /// - Parameter listener: nil: the sessions of all listeners.
    init(registry: SessionRegistry, listener: String? = nil, time: Duration, logger: Logger) {
        self.registry = registry
        sessions = registry.all.filter { listener == nil || $0.chargePoint.listener == listener }
        self.time = time
        self.logger = logger
    }

    /// - Returns: when they have ended.
    func run() async {
        guard !sessions.isEmpty else { return }
        logger.info("closing the sessions", metadata: ["sessions": "\(sessions.count)", "over": "\(time)"])
        let start = ContinuousClock.now
        var closed = 0
        while closed < sessions.count {
            let elapsed = ContinuousClock.now - start
            let share = time > .zero ? min(1, elapsed / time) : 1
            let due = min(sessions.count, Int(share * Double(sessions.count)) + 1)
            while closed < due {
                end(sessions[closed])
                closed += 1
            }
            if closed < sessions.count { try? await Task.sleep(for: Self.step) }
        }
        for session in sessions {
            while registry.session(ofDownstreamTopic: session.downstreamTopic) === session {
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    private func end(_ session: ChargePointSession) {
        session.eventLoop.execute { session.assumeIsolated { $0.end(.goingAway) } }
    }
}
