import NIOCore
import OutsideNames

/// A session as it was at one moment (management.md, "Clients").
package struct SessionSnapshot: Sendable {
    package var chargePoint: ChargePoint
    package var sessionID: String
    package var downstreamTopic: Topic
    /// In front of its topics.
    package var mountpoint: String
    /// In milliseconds since 1970, as is the next.
    package var connectedAt: Int64
    package var lastSeenAt: Int64
    /// The heartbeat interval, in seconds.
    package var keepAlive: Double
    /// The broker has acknowledged the subscription.
    package var isOpen: Bool
    package var traffic: SessionTraffic
    /// CALLs that wait for the charge point.
    package var queuedCalls: Int
    package var longestQueue: Int
    /// A CALL is with the charge point, and has no answer.
    package var hasUnansweredCall: Bool
    /// CALLs of the charge point that have no answer.
    package var openCallsUp: Int
    package var lastBadMessage: BadMessageNote?
    /// Nil: no BootNotification in this session.
    package var boot: BootIdentity?
}

extension ChargePointSession {
    /// When it has begun, in milliseconds since 1970, by the wall clock as it is set now.
    package nonisolated var connectedMilliseconds: Int64 { SessionClock.unixMilliseconds(of: connectedAt, now: now) }

    package var snapshot: SessionSnapshot {
        let now = now
        return SessionSnapshot(
            chargePoint: chargePoint, sessionID: sessionID, downstreamTopic: downstreamTopic,
            mountpoint: context.mountpoint,
            connectedAt: SessionClock.unixMilliseconds(of: connectedAt, now: now),
            lastSeenAt: SessionClock.unixMilliseconds(of: calls.lastSeen, now: now),
            keepAlive: Double(calls.heartbeatInterval.nanoseconds) / 1e9, isOpen: life.isOpen, traffic: traffic,
            queuedCalls: calls.queuedCallCount, longestQueue: calls.ruleSet.settings.maxQueuedCalls,
            hasUnansweredCall: calls.hasUnansweredCall, openCallsUp: calls.openCallCount,
            lastBadMessage: extras?.lastBadMessage, boot: boot)
    }
}

extension SessionRegistry {
    /// Sessions that one turn of an event loop makes snapshots of: some hundred microseconds.
    private static let sessionsPerTurn = 200

    /// Of all sessions that are here, in no order; each is made on its session's event loop, and no loop is held up for
    /// long.
    ///
    /// - Parameter isWanted: called on any thread, before a snapshot is made.
    package func snapshots(
        where isWanted: @Sendable (ChargePointSession) -> Bool = { _ in true }
    ) async -> [SessionSnapshot] {
        await Self.snapshots(of: all.filter(isWanted))
    }

    /// The same of these sessions; those that have ended are left out.
    package static func snapshots(of sessions: [ChargePointSession]) async -> [SessionSnapshot] {
        await withTaskGroup(of: [SessionSnapshot].self) { group in
            for (eventLoop, sessions) in byEventLoop(sessions) {
                group.addTask { await snapshots(of: sessions, on: eventLoop) }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func snapshots(
        of sessions: [ChargePointSession], on eventLoop: any EventLoop
    ) async -> [SessionSnapshot] {
        var all: [SessionSnapshot] = []
        all.reserveCapacity(sessions.count)
        for start in stride(from: 0, to: sessions.count, by: sessionsPerTurn) {
            let turn = sessions[start..<min(start + sessionsPerTurn, sessions.count)]
            let made = eventLoop.submit {
                turn.compactMap { session in session.assumeIsolated { $0.isEnded ? nil : $0.snapshot } }
            }
            // It fails only where the loop has been shut down, and all sessions with it.
            all += (try? await made.get()) ?? []
        }
        return all
    }
}
