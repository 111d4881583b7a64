import NIOCore

// RFC 6455, 5.3: byte i of a payload is masked with byte i modulo 4 of the mask.

extension ByteBuffer {
    /// Appends the first `count` bytes of `masked` without their mask, sixteen at a time.
    ///
    /// Unmasking while copying costs nothing over copying, and a copy there must be: whoever passes a received buffer
    /// on still holds it, and a message should not keep a whole receive buffer alive.
    ///
    /// - Parameter mask: The bytes of the mask, the one for the first byte lowest.
    mutating func writeUnmasked(_ masked: ByteBuffer, count: Int, mask: UInt32) {
        _ = writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            masked.withUnsafeReadableBytes { source in
                let words = SIMD4<UInt32>(repeating: mask.littleEndian)
                var index = 0
                while index + 16 <= count {
                    let word = source.loadUnaligned(fromByteOffset: index, as: SIMD4<UInt32>.self)
                    target.storeBytes(of: word ^ words, toByteOffset: index, as: SIMD4<UInt32>.self)
                    index += 16
                }
                while index < count {
                    target[index] = source[index] ^ UInt8(truncatingIfNeeded: mask >> (8 * UInt32(index & 3)))
                    index += 1
                }
            }
            return count
        }
    }
}

extension UInt32 {
    /// The mask for what comes `count` bytes further on.
    func turned(by count: Int) -> UInt32 {
        let bits = UInt32(count & 3) * 8
        return self >> bits | self << ((32 - bits) & 31)
    }
}
