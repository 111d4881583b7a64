import NIOCore

/// Receive buffers that no connection keeps between reads.
///
/// A channel keeps the first `maxMessagesPerRead` receive buffers for ever, in an idle connection too. With one
/// message per read that is the first buffer only, so the first is small, and each later one is free once what it
/// carried has been decoded. A read that fills its buffer makes the next one larger; one that does not, small again.
///
/// Each channel has one of these, in three words of it if it is not larger than that.
struct ReleasingReceiveAllocator: RecvByteBufferAllocator {
    /// Begins to read the handshake; kept as long as the connection.
    private static let keptCapacity: UInt32 = 16

    /// Long messages are read in pieces of up to this, in bytes.
    private static let largestCapacity: UInt32 = 64 * 1024

    private let shared: SharedReceiveBuffer
    /// Of the next buffer; nil: it is the first.
    private var capacity: UInt32?

    init(shared: SharedReceiveBuffer) {
        self.shared = shared
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        switch self.capacity {
        case nil: allocator.buffer(capacity: Int(min(Self.keptCapacity, shared.capacity)))
        case shared.capacity: shared.take()
        case let capacity?: allocator.buffer(capacity: Int(capacity))
        }
    }

    /// - Returns: Always that the next buffer may be larger, which makes the channel ask for a new one.
    mutating func record(actualReadBytes: Int) -> Bool {
        guard let capacity, actualReadBytes >= Int(capacity) else {
            self.capacity = shared.capacity
            return true
        }
        self.capacity = max(capacity, min(capacity * 4, Self.largestCapacity))
        return true
    }
}
