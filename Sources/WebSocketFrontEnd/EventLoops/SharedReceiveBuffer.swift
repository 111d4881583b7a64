import NIOCore

/// The receive buffer that the connections of one event loop use in turn; used on that loop only.
final class SharedReceiveBuffer: Sendable {
    /// In bytes.
    let capacity: UInt32
    private let spare: NIOLoopBoundBox<ByteBuffer>

    init(capacity: Int, eventLoop: any EventLoop) {
        self.capacity = UInt32(clamping: max(capacity, 64))
        spare = .makeBoxSendingValue(ByteBuffer(), eventLoop: eventLoop)
    }

    /// Allocates only where the last one has not been given back, or is still in somebody's hands.
    func take() -> ByteBuffer {
        var buffer = spare.value
        spare.value = ByteBuffer()
        buffer.clear(minimumCapacity: Int(capacity))
        return buffer
    }

    /// Whoever gives a buffer back has taken out what it needs.
    ///
    /// - Returns: False: it is not kept.
    @discardableResult
    func giveBack(_ buffer: ByteBuffer) -> Bool {
        // Not a small first one, nor one of a long message.
        guard buffer.capacity >= Int(capacity), buffer.capacity < 2 * Int(capacity), spare.value.capacity == 0
        else { return false }
        spare.value = buffer
        return true
    }
}
