import NIOCore
import OCPPJ
import OutsideNames

/// Something to publish through: the broker, as a session sees it.
package protocol UpstreamLink: Sendable {
    var isUp: Bool { get }
    func publish(_ message: UpstreamMessage, from session: ChargePointSession) -> UpstreamAdmission
    /// The CALL has been answered: should it wait to be sent to the broker again, it no longer does.
    func answered(_ uniqueID: UniqueID, from session: ChargePointSession)
    /// Asks for what is published to the session's downstream topic; answered by `subscriptionAcknowledged()`.
    ///
    /// - Parameter announcement: published right behind that, in front of whatever waits.
    func subscribe(_ session: ChargePointSession, announcing announcement: UpstreamMessage?)
    func unsubscribe(_ session: ChargePointSession)
    /// The session has ended and has said everything; a link that is its own ends with it.
    func close(_ session: ChargePointSession)
    /// The broker itself tells when this link is lost, as if the session had ended: its presence is then published
    /// again with the link.
    var announcesItsLoss: Bool { get }
}

extension UpstreamLink {
    package func answered(_ uniqueID: UniqueID, from session: ChargePointSession) {}
    package func close(_ session: ChargePointSession) {}
    package var announcesItsLoss: Bool { false }
}
