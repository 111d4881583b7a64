import NIOCore
import OutsideNames
import Synchronization

/// Who is here: one session per charge point. Charge points are told apart by their downstream topic, which is the
/// mountpoint and the identity.
package final class SessionRegistry: Sendable {
    private struct State {
        var sessions: [Topic: ChargePointSession] = [:]
        var revision: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    package var count: Int {
        state.withLock { $0.sessions.count }
    }

    package var all: [ChargePointSession] {
        state.withLock { Array($0.sessions.values) }
    }

    /// All of them, by the event loop that they live on: who has something to say to all says it once a loop.
    package var byEventLoop: [(eventLoop: any EventLoop, sessions: [ChargePointSession])] {
        Self.byEventLoop(all)
    }

    static func byEventLoop(
        _ sessions: [ChargePointSession]
    ) -> [(eventLoop: any EventLoop, sessions: [ChargePointSession])] {
        Dictionary(grouping: sessions) { ObjectIdentifier($0.eventLoop) }.values.compactMap { sessions in
            sessions.first.map { (eventLoop: $0.eventLoop, sessions: sessions) }
        }
    }

    /// All of them, with a number that is another one whenever somebody has come or gone.
    ///
    /// - Returns: Nil: nobody has since that number.
    package func all(changedSince revision: UInt64?) -> (revision: UInt64, sessions: [ChargePointSession])? {
        state.withLock { state in
            state.revision == revision ? nil : (revision: state.revision, sessions: Array(state.sessions.values))
        }
    }

    package func session(ofDownstreamTopic topic: Topic) -> ChargePointSession? {
        state.withLock { $0.sessions[topic] }
    }

    /// Enters a session and gives back the one whose place it takes.
    func enter(_ session: ChargePointSession) -> ChargePointSession? {
        state.withLock { state in
            state.revision &+= 1
            return state.sessions.updateValue(session, forKey: session.downstreamTopic)
        }
    }

    /// Strikes a session out, unless a newer one has its place.
    func leave(_ session: ChargePointSession) {
        state.withLock { state in
            guard state.sessions[session.downstreamTopic] === session else { return }
            state.sessions[session.downstreamTopic] = nil
            state.revision &+= 1
        }
    }
}
