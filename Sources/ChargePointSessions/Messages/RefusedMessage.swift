import NIOCore
import OCPPJ

/// A message of a charge point that was refused, whole (relay-format.md, "Refused messages, whole").
package struct RefusedMessage: Sendable {
    package let reason: RefusalReason
    /// The CALLERROR's code; empty where there is none.
    package let error: String
    /// The rule, and the JSON pointer of what breaks it.
    package let description: String
    let text: ByteBuffer

    /// Its JSON text.
    package func relay() -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: text.readableBytes + 192)
        out.writeStaticString("{\"reason\":")
        out.writeJSONString(reason.rawValue)
        out.writeStaticString(",\"error\":")
        out.writeJSONString(error)
        out.writeStaticString(",\"description\":")
        out.writeJSONString(description)
        out.writeStaticString(",\"message\":")
        out.writeJSONString(ofText: text)
        out.writeStaticString("}")
        return out
    }

    /// The same as the log may show it.
    func hidden(showsAll: Bool) -> RefusedMessage {
        let shown = FrameRedaction.text(of: text, showsAll: showsAll)
        return RefusedMessage(reason: reason, error: error, description: description, text: ByteBuffer(string: shown))
    }
}
