import ChargePointSessions
import Management
import OutsideNames
import Synchronization

/// Who is here as management lists it, kept from one look at the registry to the next: entries are made once for each
/// session, and none while nobody looks.
final class SessionRoster: Sendable {
    private struct Place {
        var entry: ClientRoster.Entry
        /// Where the registry has the session. The session itself is not held: it may have ended since.
        var downstreamTopic: Topic
    }

    private struct State {
        var revision: UInt64?
        var places: [SessionKey: Place] = [:]
    }

    private let registry: SessionRegistry
    private let state = Mutex(State())

    init(_ registry: SessionRegistry) {
        self.registry = registry
    }

    /// Nil: nobody has come or gone since that revision.
    func roster(changedSince revision: UInt64?) -> ClientRoster? {
        state.withLock { state in
            update(&state)
            guard let current = state.revision, current != revision else { return nil }
            return ClientRoster(revision: current, entries: state.places.values.map(\.entry))
        }
    }

    /// Those of these that are still here, in their order.
    func sessions(_ keys: [SessionKey]) -> [(entry: ClientRoster.Entry, session: ChargePointSession)] {
        let places = state.withLock { state in
            if keys.contains(where: { state.places[$0] == nil }) { update(&state) }
            return keys.compactMap { state.places[$0] }
        }
        return places.compactMap { place in
            guard let session = registry.session(ofDownstreamTopic: place.downstreamTopic),
                session.sessionID == place.entry.key.session
            else { return nil }
            return (entry: place.entry, session: session)
        }
    }

    private func update(_ state: inout State) {
        guard let (revision, sessions) = registry.all(changedSince: state.revision) else { return }
        var places: [SessionKey: Place] = [:]
        places.reserveCapacity(sessions.count)
        for session in sessions {
            let key = SessionKey(session.sessionID)
            places[key] =
                state.places[key]
                ?? Place(entry: ClientRoster.Entry(session, key), downstreamTopic: session.downstreamTopic)
        }
        state.places = places
        state.revision = revision
    }
}

extension ClientRoster.Entry {
    fileprivate init(_ session: ChargePointSession, _ key: SessionKey) {
        let chargePoint = session.chargePoint
        self.init(
            key: key, identity: chargePoint.identity, userName: chargePoint.username,
            address: PeerText(chargePoint.remoteAddress).host,
            listener: Management.ListenerID(shortName: chargePoint.listener), version: chargePoint.version.rawValue,
            connectedAt: Timestamp(millisecondsSince1970: session.connectedMilliseconds))
    }
}

extension Management.ListenerID {
    /// Of the name that log lines, presence and counters have: `default`, `wss:default`.
    init(shortName: String) {
        let isEncrypted = shortName.hasPrefix("wss:")
        self.init(
            type: isEncrypted ? "wss" : "ws", name: isEncrypted ? String(shortName.dropFirst(4)) : shortName)
    }
}
