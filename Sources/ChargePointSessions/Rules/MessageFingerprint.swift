import NIOCore

/// What is kept of a message to know it again: its length, and 64 bits that nobody who does not know this process can
/// steer.
struct MessageFingerprint: Equatable {
    private let length: Int
    private let hash: Int

    init(_ text: ByteBuffer) {
        length = text.readableBytes
        // The library's hasher is keyed at random in each process.
        var hasher = Hasher()
        text.withUnsafeReadableBytes { hasher.combine(bytes: $0) }
        hash = hasher.finalize()
    }
}
