import NIOCore
import OCPPJ
import OutsideNames

/// What the sender of a message hears whose charge point has no session here, nor anywhere else as far as can be known.
/// Nobody knows which version the charge point speaks.
package struct NotConnectedReport: Sendable {
    package let reason: UndeliveredReason
    package let topic: Topic
    package let payload: ByteBuffer
    /// `-1` where none could be read.
    package let uniqueID: UniqueID

    /// - Parameters:
    ///   - head: of the message.
    ///   - topics: of its charge point, in no version.
    package init(_ head: OCPPMessageHead, topics: SessionTopics) {
        self.init(.notConnected, .genericError, "the charge point is not connected", head, topics)
    }

    /// Of a message that was not read: no charge point would have got it.
    ///
    /// - Parameter longest: bytes of the longest message for a charge point.
    package init(longerThan longest: Int, topics: SessionTopics) {
        self.init(
            .malformed, .malformedMessage, "longer than \(longest) bytes, the longest message for a charge point",
            OCPPMessageHead(), topics)
    }

    private init(
        _ reason: UndeliveredReason, _ code: OCPPErrorCode, _ description: String, _ head: OCPPMessageHead,
        _ topics: SessionTopics
    ) {
        let error = GatewayError(uniqueID: head.uniqueID, code: code.name(in: .v16), description: description)
        self.reason = reason
        topic = topics.further.error(id: error.uniqueID)
        payload = error.relay(reason: reason.rawValue, type: head.type)
        uniqueID = error.uniqueID
    }
}
