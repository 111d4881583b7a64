import NIOCore
import OutsideNames
import Synchronization

/// Who is here: one session per charge point. Charge points are told apart by their downstream topic, which is the
/// mountpoint and the identity.
package final class SessionRegistry: Sendable {
    private let sessions = Mutex<[Topic: ChargePointSession]>([:])

    package init() {}

    package var count: Int {
        sessions.withLock { $0.count }
    }

    package var all: [ChargePointSession] {
        sessions.withLock { Array($0.values) }
    }

    /// All of them, by the event loop that they live on: who has something to say to all says it once a loop.
    package var byEventLoop: [(eventLoop: any EventLoop, sessions: [ChargePointSession])] {
        Dictionary(grouping: all) { ObjectIdentifier($0.eventLoop) }.values.compactMap { sessions in
            sessions.first.map { (eventLoop: $0.eventLoop, sessions: sessions) }
        }
    }

    package func session(ofDownstreamTopic topic: Topic) -> ChargePointSession? {
        sessions.withLock { $0[topic] }
    }

    /// Enters a session and gives back the one whose place it takes.
    func enter(_ session: ChargePointSession) -> ChargePointSession? {
        sessions.withLock { $0.updateValue(session, forKey: session.downstreamTopic) }
    }

    /// Strikes a session out, unless a newer one has its place.
    func leave(_ session: ChargePointSession) {
        sessions.withLock { sessions in
            if sessions[session.downstreamTopic] === session { sessions[session.downstreamTopic] = nil }
        }
    }
}
