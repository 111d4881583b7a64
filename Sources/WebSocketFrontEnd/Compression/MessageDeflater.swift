import CZlib
import NIOCore

/// Compresses whole messages, each by itself (RFC 7692, 7.2.1).
final class MessageDeflater {
    /// zlib's smallest for raw deflate, as a power of 2.
    static let smallestWindow = 9
    /// Shorter messages hardly shrink, in bytes.
    static let shortestMessage = 128
    /// OCPP messages are short: a larger window costs memory and finds next to nothing more.
    private static let usualWindow = 12
    /// With a hash table of 2^(this + 7) entries, which is cleared for each message.
    private static let memoryLevel: CInt = 5
    private static let level: CInt = 4
    /// What a flush ends with, and the message leaves out.
    private static let tailLength = 4

    /// Its address must not change: zlib remembers it.
    private let stream: UnsafeMutablePointer<z_stream>
    let windowBits: Int

    /// - Parameter limit: Of the window, as a power of 2.
    /// - Returns: Nil where zlib has no memory.
    init?(windowLimit limit: Int) {
        windowBits = min(limit, Self.usualWindow)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard CZlib_deflateInit2(stream, Self.level, -CInt(windowBits), Self.memoryLevel) == Z_OK else {
            return nil
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// - Returns: Nil where the message would not become shorter: it is then sent as it is.
    func deflate(_ message: ByteBuffer) -> ByteBuffer? {
        let length = message.readableBytes
        guard length >= Self.shortestMessage, length <= Int(UInt32.max) / 2, deflateReset(stream) == Z_OK else {
            return nil
        }
        var compressed = ByteBuffer()
        let written = compressed.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { output in
            message.withUnsafeReadableBytes { input in
                // zlib does not write to its input.
                stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
                    .assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_in = UInt32(length)
                stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(length)
                let result = CZlib.deflate(stream, Z_SYNC_FLUSH)
                let left = Int(stream.pointee.avail_out)
                // Without room left the flush may not be complete.
                guard result == Z_OK, stream.pointee.avail_in == 0, left > 0 else { return 0 }
                return max(length - left - Self.tailLength, 0)
            }
        }
        return written > 0 ? compressed : nil
    }
}
