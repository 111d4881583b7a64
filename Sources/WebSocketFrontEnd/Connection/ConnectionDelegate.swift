import NIOCore

/// The far side of one WebSocket connection: what a session is told. Every call comes on the connection's
/// event loop; after `connectionEnded` there is none.
package protocol ConnectionDelegate: AnyObject, Sendable {
    /// One whole text message, however fragmented. It is not checked to be UTF-8.
    ///
    /// Mostly as it arrives, which is a sign of life too.
    func connectionReceived(text: ByteBuffer)
    /// A frame arrived that hands over no message, or one whose message is held back.
    func connectionShowedLife(isPong: Bool)
    /// The timer armed by `WebSocketConnection.armTimer` fired.
    func connectionTimerFired()
    func connectionEnded(_ end: ConnectionEnd)
}
