/// One of the `maxConnections` places of a listener: a handshake's, then its connection's. It is given back when it
/// goes, wherever that happens.
struct ListenerPlace: ~Copyable {
    /// Every connection has one: together no longer than a reference.
    private enum Holder {
        case handshake(ListenerTraffic)
        case connection(ListenerTraffic)
    }

    private var holder: Holder

    /// Nil: there is none.
    init?(in traffic: ListenerTraffic, limit: Int) {
        guard traffic.enter(limit: limit) else { return nil }
        holder = .handshake(traffic)
    }

    /// The handshake has come to its end.
    mutating func becomeConnection() {
        guard case .handshake(let traffic) = holder else { return }
        holder = .connection(traffic)
        traffic.opened()
    }

    deinit {
        switch holder {
        case .handshake(let traffic):
            traffic.leave()
        case .connection(let traffic):
            traffic.closed()
            traffic.leave()
        }
    }
}
