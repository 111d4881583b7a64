import NIOCore

/// What is kept of a message to know it again: 128 bits that nobody who does not know this process can steer.
struct MessageFingerprint: Equatable {
    private let first: Int
    private let second: Int

    private static let key = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))

    init(_ text: ByteBuffer) {
        (first, second) = text.withUnsafeReadableBytes { bytes in
            (Self.hash(bytes, Self.key.0), Self.hash(bytes, Self.key.1))
        }
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer, _ key: UInt64) -> Int {
        var hasher = Hasher()
        hasher.combine(key)
        hasher.combine(bytes: bytes)
        return hasher.finalize()
    }
}
