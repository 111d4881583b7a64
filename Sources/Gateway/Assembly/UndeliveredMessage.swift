import BrokerLink
import ChargePointSessions
import MemoryBudget
import OCPPJ
import OutsideNames

/// What is to be said of a message for a charge point that is not here. The message itself may be long, and is let go.
struct UndeliveredMessage: Sendable {
    let topic: Topic
    /// Empty where the message was too long to be read.
    let head: OCPPMessageHead
    let identity: ChargePointIdentity
    let topics: SessionTopics
    let connection: BrokerConnection
    /// What is said to its sender.
    let report: NotConnectedReport
    /// The same where its sender wants it too.
    let reply: BrokerPublish?
    /// Of that address, which others choose, while this waits.
    let memory: MemoryLoan?
}
