import NIOCore

/// Something to write to: the charge point's connection, as a session sees it. Called on its event loop only.
package protocol ChargePointConnection: Sendable {
    var eventLoop: any EventLoop { get }
    func send(text: ByteBuffer)
    /// Whether a message of so many bytes may be put behind what the peer has not taken yet.
    func hasRoom(for bytes: Int) -> Bool
    func sendPing()
    func close(code: UInt16, reason: String)
    func pauseReading()
    func resumeReading()
    func armTimer(at deadline: NIODeadline)
    /// Whether the peer's TCP has acknowledged everything that was written so far; false where that cannot be told.
    func hasAcknowledgedAll() -> Bool
}
