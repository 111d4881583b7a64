import NIOCore

/// The far side of one WebSocket connection: what a session is told. Every call comes on the connection's
/// event loop; after `connectionEnded` there is none.
package protocol ConnectionDelegate: AnyObject, Sendable {
    /// One whole text message, however fragmented. It is not checked to be UTF-8.
    func connectionReceived(text: ByteBuffer)
    /// Any frame arrived; called before what it carries is handed over.
    func connectionShowedLife(isPong: Bool)
    /// The timer armed by `WebSocketConnection.armTimer` fired.
    func connectionTimerFired()
    func connectionEnded(_ end: ConnectionEnd)
}
