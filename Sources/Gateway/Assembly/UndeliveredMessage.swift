import BrokerLink
import ChargePointSessions
import OCPPJ
import OutsideNames

/// What is to be said of a message for a charge point that is not here. The message itself may be long, and is let go.
struct UndeliveredMessage: Sendable {
    let topic: Topic
    let head: OCPPMessageHead
    let identity: ChargePointIdentity
    let topics: SessionTopics
    let connection: BrokerConnection
}
