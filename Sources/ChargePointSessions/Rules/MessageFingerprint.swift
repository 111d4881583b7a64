import NIOCore

/// What is kept of a message to know it again: its length, and a hash that nobody who does not know this process can
/// steer.
struct MessageFingerprint: Equatable {
    /// 2⁶¹ - 1, by which a product is divided with two shifts.
    private static let prime: UInt64 = (1 << 61) - 1
    /// Drawn anew in each process.
    private static let key = UInt64.random(in: 1 << 32..<prime)
    /// Bytes of a word, which is less than the prime.
    private static let wordLength = 7

    private let length: Int
    private let hash: UInt64

    /// The words of the text are the coefficients of a polynomial, and the hash is its value at the key: of two texts
    /// of a length, whatever they are, few keys make one hash (as many as they have words, of 2⁶¹).
    init(_ text: ByteBuffer) {
        length = text.readableBytes
        hash = text.withUnsafeReadableBytes { bytes in
            let key = Self.key
            var hash: UInt64 = 0
            var index = 0
            while index + 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian & (1 << 56 - 1)
                hash = Self.product(hash &+ word, key)
                index += Self.wordLength
            }
            var last: UInt64 = 0
            for byte in bytes[index...] { last = last << 8 | UInt64(byte) }
            // At most seven bytes are left.
            return Self.product(hash &+ last, key)
        }
    }

    /// Modulo the prime, or a little more than the prime: two that differ by it are two hashes, which does no harm.
    ///
    /// - Parameters:
    ///   - one: less than twice the prime.
    ///   - other: less than the prime.
    private static func product(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let (high, low) = one.multipliedFullWidth(by: other)
        let sum = (high << 3 | low >> 61) &+ (low & prime)
        return (sum & prime) &+ (sum >> 61)
    }
}
