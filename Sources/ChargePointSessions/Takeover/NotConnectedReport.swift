import NIOCore
import OCPPJ
import OutsideNames

/// What the sender of a message hears whose charge point has no session here, nor anywhere else as far as can be known.
/// Nobody knows which version the charge point speaks; what is said is the same in all.
package struct NotConnectedReport: Sendable {
    package static let reason = UndeliveredReason.notConnected

    package let topic: Topic
    package let payload: ByteBuffer
    /// `-1` where none could be read.
    package let uniqueID: UniqueID

    /// - Parameters:
    ///   - head: of the message.
    ///   - topics: of its charge point, in no version.
    package init(_ head: OCPPMessageHead, topics: SessionTopics) {
        let code = OCPPErrorCode.genericError.name(in: .v16)
        let error = GatewayError(
            uniqueID: head.uniqueID, code: code, description: "the charge point is not connected")
        topic = topics.error(id: error.uniqueID)
        payload = error.relay(reason: Self.reason.rawValue, type: head.type)
        uniqueID = error.uniqueID
    }
}
