/// One of the `maxConnections` places of a listener: a handshake's, then its connection's. It is given back when it
/// goes, wherever that happens.
struct ListenerPlace: ~Copyable {
    private let traffic: ListenerTraffic
    private var isConnection = false

    /// Nil: there is none.
    init?(in traffic: ListenerTraffic, limit: Int) {
        guard traffic.enter(limit: limit) else { return nil }
        self.traffic = traffic
    }

    /// The handshake has come to its end.
    mutating func becomeConnection() {
        guard !isConnection else { return }
        isConnection = true
        traffic.opened()
    }

    deinit {
        if isConnection { traffic.closed() }
        traffic.leave()
    }
}
