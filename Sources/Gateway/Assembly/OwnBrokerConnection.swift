import BrokerLink

/// An accepted connection of a charge point's own, from its login to the end of its session; closes when nobody has it
/// any more.
final class OwnBrokerConnection: Sendable {
    let connection: BrokerConnection
    let sessionID: String

    init(connection: BrokerConnection, sessionID: String) {
        self.connection = connection
        self.sessionID = sessionID
    }

    deinit {
        connection.close()
    }
}
