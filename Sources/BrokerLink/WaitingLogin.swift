import Synchronization

/// A charge point's own connection that the broker has not answered yet. Later this holds nothing, as long as the charge
/// point's socket may keep it.
final class WaitingLogin: Sendable {
    private let connection: Mutex<BrokerConnection?>

    init(_ connection: BrokerConnection) {
        self.connection = Mutex(connection)
    }

    func isAnswered() {
        connection.withLock { $0 = nil }
    }

    /// The charge point has gone.
    func abandon() {
        let connection = connection.withLock { connection in
            defer { connection = nil }
            return connection
        }
        connection?.abandon()
    }
}

/// How many charge points wait for the broker's word, over all connections of a link.
final class LoginCount: Sendable {
    private let count = Atomic(0)
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Counts one more, unless that is too many.
    func enter() -> Bool {
        guard count.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            leave()
            return false
        }
        return true
    }

    func leave() {
        count.wrappingSubtract(1, ordering: .relaxed)
    }
}
