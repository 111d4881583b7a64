import NIOCore

/// Messages that came while the delegate had paused reading, or behind a round's worth of them; in a box, because most
/// connections never have any.
final class HeldMessages {
    var messages = CircularBuffer<ByteBuffer>(initialCapacity: 4)
}
