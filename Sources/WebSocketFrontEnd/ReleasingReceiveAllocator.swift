import NIOCore

/// Receive buffers that are not kept between reads.
///
/// A channel keeps the first `maxMessagesPerRead` receive buffers for ever, in an idle connection too. With one
/// message per read that is the first buffer only, so the first is small, and each later one is freed once what it
/// carried has been decoded. A read that fills its buffer makes the next one larger; one that does not, small again.
struct ReleasingReceiveAllocator: RecvByteBufferAllocator {
    /// Begins to read the handshake; kept as long as the connection.
    private static let keptCapacity = 16

    /// Long messages are read in pieces of up to this, in bytes.
    private static let largestCapacity = 64 * 1024

    private let firstCapacity: Int
    private var capacity: Int
    private var isFirst = true

    /// - Parameter capacity: Of the buffers, in bytes, as long as no read fills one.
    init(capacity: Int) {
        firstCapacity = capacity
        self.capacity = capacity
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        allocator.buffer(capacity: self.isFirst ? min(Self.keptCapacity, self.capacity) : self.capacity)
    }

    /// - Returns: Always that the next buffer may be larger, which makes the channel ask for a new one.
    mutating func record(actualReadBytes: Int) -> Bool {
        let filled = !self.isFirst && actualReadBytes >= self.capacity
        self.isFirst = false
        self.capacity = filled ? max(self.capacity, min(self.capacity * 4, Self.largestCapacity)) : self.firstCapacity
        return true
    }
}
