import ChargePointSessions
import Logging
import NIOCore

/// Ends all sessions of a gateway that stops, spread over a time so that the charge points do not come back all at
/// once somewhere else (behaviour.md, "Stopping").
struct Drain {
    /// Between two rounds of closing.
    private static let step = Duration.milliseconds(50)

    let registry: SessionRegistry
    let time: Duration
    let logger: Logger
    /// Nil: the sessions of all listeners.
    var listener: String?

    private var sessions: [ChargePointSession] {
        registry.all.filter { listener == nil || $0.chargePoint.listener == listener }
    }

    func run() async {
        let sessions = sessions
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
        // One that was let in at the last moment.
        let late = self.sessions
        for session in late { end(session) }
        for session in late {
            while registry.session(ofDownstreamTopic: session.downstreamTopic) === session {
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    private func end(_ session: ChargePointSession) {
        session.eventLoop.execute { session.assumeIsolated { $0.end(.goingAway) } }
    }
}
