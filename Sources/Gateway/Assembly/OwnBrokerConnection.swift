import BrokerLink
import ChargePointSessions

/// An accepted connection of a charge point's own, from its login to the end of its session; closes when nobody has it
/// any more.
final class OwnBrokerConnection: Sendable {
    let connection: BrokerConnection
    let sessionID: RandomID

    init(connection: BrokerConnection, sessionID: RandomID) {
        self.connection = connection
        self.sessionID = sessionID
    }

    deinit {
        connection.close()
    }
}
