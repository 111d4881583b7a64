import NIOCore

/// Receive buffers that are not kept between reads.
///
/// A channel keeps the first `maxMessagesPerRead` receive buffers for ever, in an idle connection too. With one
/// message per read that is the first buffer only, so the first is small, and each later one is freed once what it
/// carried has been decoded.
struct ReleasingReceiveAllocator: RecvByteBufferAllocator {
    /// Enough to begin reading the handshake; kept as long as the connection.
    private static let keptCapacity = 64

    private let capacity: Int
    private var isFirst = true

    /// - Parameter capacity: Of every buffer but the first, in bytes.
    init(capacity: Int) {
        self.capacity = capacity
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        allocator.buffer(capacity: self.isFirst ? min(Self.keptCapacity, self.capacity) : self.capacity)
    }

    /// - Returns: Always that the next buffer may be larger, which makes the channel ask for a new one.
    mutating func record(actualReadBytes: Int) -> Bool {
        self.isFirst = false
        return true
    }
}
