import NIOCore
import OutsideNames

/// A CALL to a charge point from an operator, over the management API.
package struct OperatorCall: Sendable {
    package var action: String
    /// JSON text; checked where it is sent.
    package var payload: ByteBuffer
    /// From now to the answer, waiting in the queue included.
    package var timeout: TimeAmount

    package init(action: String, payload: ByteBuffer, timeout: TimeAmount) {
        self.action = action
        self.payload = payload
        self.timeout = timeout
    }

    /// One that nobody else has.
    static func newUniqueID() -> UniqueID { UniqueID("gw-" + RandomID.make()) }

    /// As it goes to the charge point, if it is a message at all.
    func frame(_ uniqueID: UniqueID) -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: payload.readableBytes + action.utf8.count + 64)
        out.writeStaticString("[2,")
        out.writeJSONString(uniqueID)
        out.writeStaticString(",")
        out.writeJSONString(action)
        out.writeStaticString(",")
        out.writeImmutableBuffer(payload)
        out.writeStaticString("]")
        return out
    }
}

/// What has become of an operator's CALL.
package enum OperatorCallOutcome: Sendable, Equatable {
    /// The CALLRESULT's payload, JSON text as the charge point sent it.
    case result(ByteBuffer)
    /// A CALLERROR: three JSON values, the details an object as a rule.
    case error(code: ByteBuffer, description: ByteBuffer, details: ByteBuffer)
    /// The charge point has answered, and the answer is malformed or breaks its schema.
    case unusableAnswer(String)
    /// It was not sent: no message, or the schema refuses it.
    case refused(String)
    /// It was not sent: too many CALLs wait, or too much.
    case queueFull
    case timedOut
    /// The session has ended.
    case disconnected
}
