import CZlib
import NIOCore

/// Decompresses whole messages, each by itself (RFC 7692, 7.2.2).
final class MessageInflater {
    enum Outcome: Equatable {
        case message(ByteBuffer)
        /// Longer than allowed; found out without inflating it whole.
        case tooLong
        case invalid
    }

    /// What the sender has left out at the end of a message.
    private static let tail = ByteBuffer(bytes: [0x00, 0x00, 0xFF, 0xFF])
    private static let scratchSize = 16 * 1024
    /// Any sender's.
    private static let windowBits: CInt = 15

    /// Its address must not change: zlib remembers it.
    private let stream: UnsafeMutablePointer<z_stream>
    private let scratch: UnsafeMutableRawBufferPointer

    /// - Returns: Nil where zlib has no memory.
    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        scratch = .allocate(byteCount: Self.scratchSize, alignment: 16)
        guard CZlib_inflateInit2(stream, -Self.windowBits) == Z_OK else { return nil }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        scratch.deallocate()
    }

    /// How many bytes of the last message have been looked at.
    var bytesTaken: Int { Int(stream.pointee.total_in) }

    /// - Parameters:
    ///   - longest: Of the inflated message, in bytes.
    ///   - window: What was sent before and may be referred back to.
    func inflate(_ compressed: ByteBuffer, longest: Int, behind window: ByteBuffer? = nil) -> Outcome {
        // Not what RFC 7692, 7.2.3.6 says of an empty message, but senders exist.
        guard compressed.readableBytes > 0 else { return .message(ByteBuffer()) }
        guard compressed.readableBytes <= Int(UInt32.max), inflateReset(stream) == Z_OK,
            continues(behind: window)
        else { return .invalid }
        var message = ByteBuffer()
        switch inflate(compressed, into: &message, longest: longest) {
        case .failed(let outcome): return outcome
        // RFC 7692, 7.2.3.4: a final block, with nothing behind it to be completed.
        case .ended: return .message(message)
        case .consumed: break
        }
        switch inflate(Self.tail, into: &message, longest: longest) {
        case .failed(let outcome): return outcome
        case .ended: return .message(message)
        // Else the data stops in the middle of a block.
        case .consumed: return isBetweenBlocks ? .message(message) : .invalid
        }
    }

    private func continues(behind window: ByteBuffer?) -> Bool {
        guard let window, window.readableBytes > 0 else { return true }
        return window.withUnsafeReadableBytes { bytes in
            let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return inflateSetDictionary(stream, start, UInt32(clamping: bytes.count)) == Z_OK
        }
    }

    private enum Progress {
        case consumed
        /// All was consumed, and the last block was marked as the final one.
        case ended
        case failed(Outcome)
    }

    private func inflate(_ input: ByteBuffer, into message: inout ByteBuffer, longest: Int) -> Progress {
        input.withUnsafeReadableBytes { bytes in
            // zlib does not write to its input.
            stream.pointee.next_in = UnsafeMutableRawPointer(mutating: bytes.baseAddress)?
                .assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(bytes.count)
            while true {
                let room = min(scratch.count, longest - message.readableBytes + 1)
                stream.pointee.next_out = scratch.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(room)
                let result = CZlib.inflate(stream, Z_SYNC_FLUSH)
                let written = room - Int(stream.pointee.avail_out)
                guard message.readableBytes + written <= longest else { return .failed(.tooLong) }
                message.writeBytes(UnsafeRawBufferPointer(rebasing: scratch[..<written]))
                let hasInput = stream.pointee.avail_in > 0
                switch result {
                case Z_STREAM_END:
                    guard hasInput else { return .ended }
                    guard inflateReset(stream) == Z_OK else { return .failed(.invalid) }
                case Z_OK where hasInput || stream.pointee.avail_out == 0: continue
                case Z_OK: return .consumed
                // Nothing more to be had from what there is.
                case Z_BUF_ERROR where !hasInput: return .consumed
                default: return .failed(.invalid)
                }
            }
        }
    }

    /// zlib.h, inflate: 128 is added right after an end of block.
    private var isBetweenBlocks: Bool { stream.pointee.data_type & 128 != 0 }
}
