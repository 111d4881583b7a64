import NIOCore
import OutsideNames

/// Something that those who watch the gateway hear of (management.md, "Events and traces").
package enum SessionEvent: Sendable {
    case connected(PresenceMessage)
    case disconnected(PresenceMessage)
    /// A message of the charge point's was refused; what the log would hide is hidden.
    case badMessage(identity: ChargePointIdentity, RefusedMessage)
    /// A downstream message was not delivered; the payload is the report that its sender gets.
    case report(identity: ChargePointIdentity, payload: ByteBuffer)
}

/// Hears of what happens in sessions. Called on their event loops, which it must not hold up.
package protocol SessionEventSink: Sendable {
    /// False: no event need be made.
    var isListening: Bool { get }
    func occurred(_ event: SessionEvent)
}
