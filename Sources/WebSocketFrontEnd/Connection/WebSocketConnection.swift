import NIOCore

/// One accepted charge point connection, as its session writes to it.
///
/// Every method must be called on `eventLoop` (checked). Once the connection has ended they do nothing.
package struct WebSocketConnection: Sendable {
    private let handler: NIOLoopBound<WebSocketFrameHandler>

    init(_ handler: WebSocketFrameHandler, eventLoop: any EventLoop) {
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
    }

    package var eventLoop: any EventLoop { handler.eventLoop }

    /// Set while the peer has not taken all that was written to it.
    var stall: SendStall? { handler.value.stall }

    /// Sends one unfragmented text frame. What is sent while received messages are being handed over leaves with the
    /// last of them, in one system call.
    package func send(text: ByteBuffer) {
        handler.value.send(text: text)
    }

    /// Whether a message of so many bytes may be put behind what the peer has not taken yet (behaviour.md, "Bounds").
    package func hasRoom(for bytes: Int) -> Bool {
        handler.value.hasRoom(for: bytes)
    }

    package func sendPing() {
        handler.value.sendPing()
    }

    /// Sends a close frame. The connection counts as ended from here: the delegate gets `connectionEnded` with this
    /// reason and code on the next turn of the loop and nothing else any more. The TCP connection is closed when the
    /// peer has answered, after 5 s at the latest.
    ///
    /// - Parameter reason: Cut to 123 bytes of UTF-8 between two characters.
    package func close(code: UInt16, reason: String) {
        handler.value.close(code: code, reason: reason)
    }

    /// Stops reading from the socket. Messages that were received already are held back until `resumeReading`, or are
    /// handed over before `connectionEnded`.
    package func pauseReading() {
        handler.value.pauseReading()
    }

    /// Messages held back are handed over from the next turn of the loop on.
    package func resumeReading() {
        handler.value.resumeReading()
    }

    /// Sets the one timer, in place of what it was set to before. Cheap enough to be called for every message.
    package func armTimer(at deadline: NIODeadline) {
        handler.value.armTimer(at: deadline)
    }

    package func cancelTimer() {
        handler.value.cancelTimer()
    }

    /// Whether the peer's TCP has acknowledged everything that was written so far: nothing in flight, and nothing that
    /// waits to be sent. False on a socket that has no such thing, or that cannot be asked.
    package func hasAcknowledgedAll() -> Bool {
        handler.value.hasAcknowledgedAll()
    }
}
