import NIOCore
import Synchronization

/// The places for connections, and besides as many for those that are one too many, which are told so. Whoever comes
/// when all are taken gets the place of somebody who does nothing with it (``PlaceTable``).
final class ConnectionPlaces: Sendable {
    enum Place {
        case regular
        /// It answers health, and 503 otherwise.
        case surplus
    }

    private struct State {
        var regular: PlaceTable<ObjectIdentifier>
        var surplus: PlaceTable<ObjectIdentifier>
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    private let state: Mutex<State>

    init(_ limit: Int) {
        state = Mutex(
            State(
                // Not yet: a request that is on its way to a connection a moment old.
                regular: PlaceTable(limit: limit, patience: .seconds(1)),
                surplus: PlaceTable(limit: limit, patience: .zero)))
    }

    /// Until the channel closes; nil: there is none.
    func take(for channel: any Channel) -> Place? {
        let id = ObjectIdentifier(channel)
        let subject = ClientAddress(channel.remoteAddress).subject
        let (place, leaving): (Place?, (any Channel)?) = state.withLock { state in
            let place: Place
            let evicted: ObjectIdentifier?
            switch state.regular.admit(id, from: subject, now: .now()) {
            case .admitted(let other): (place, evicted) = (.regular, other)
            case .full:
                guard case .admitted(let other) = state.surplus.admit(id, from: subject, now: .now()) else {
                    return (nil, nil)
                }
                (place, evicted) = (.surplus, other)
            }
            state.channels[id] = channel
            return (place, evicted.flatMap { state.channels.removeValue(forKey: $0) })
        }
        guard let place else { return nil }
        channel.closeFuture.whenComplete { _ in self.left(id) }
        leaving?.close(promise: nil)
        return place
    }

    /// A request is going to be answered.
    func began(on channel: any Channel, hasKey: Bool) {
        let id = ObjectIdentifier(channel)
        state.withLock { state in
            state.regular.began(id, hasKey: hasKey, now: .now())
            state.surplus.began(id, hasKey: hasKey, now: .now())
        }
    }

    /// It has been answered.
    func ended(on channel: any Channel) {
        let id = ObjectIdentifier(channel)
        state.withLock { state in
            state.regular.ended(id, now: .now())
            state.surplus.ended(id, now: .now())
        }
    }

    private func left(_ id: ObjectIdentifier) {
        state.withLock { state in
            state.regular.left(id)
            state.surplus.left(id)
            state.channels[id] = nil
        }
    }
}
