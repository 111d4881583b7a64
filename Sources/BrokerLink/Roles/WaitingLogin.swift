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
