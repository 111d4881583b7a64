import NIOCore

/// Reads the frames that a server sends: unmasked, whole or not yet whole in the buffer.
struct ServerFrameReader {
    enum Frame {
        /// Text or binary, or the first part of such a message.
        case message(ByteBuffer)
        case ping(ByteBuffer)
        case close
        /// Pong, continuation.
        case other
    }

    /// More than this in one frame is not for us.
    private static let longest = 16 * 1024 * 1024

    struct TooLong: Error {}

    /// Nil: the next frame is not complete yet.
    static func next(in buffer: inout ByteBuffer) throws -> Frame? {
        let start = buffer.readerIndex
        guard let first = buffer.getInteger(at: start, as: UInt8.self),
            let second = buffer.getInteger(at: start + 1, as: UInt8.self)
        else { return nil }
        var header = 2
        var length = Int(second & 0x7F)
        if length == 126 {
            guard let long = buffer.getInteger(at: start + 2, as: UInt16.self) else { return nil }
            header = 4
            length = Int(long)
        } else if length == 127 {
            guard let long = buffer.getInteger(at: start + 2, as: UInt64.self) else { return nil }
            header = 10
            length = Int(clamping: long)
        }
        guard length <= longest else { throw TooLong() }
        guard buffer.readableBytes >= header + length else { return nil }
        buffer.moveReaderIndex(forwardBy: header)
        guard let payload = buffer.readSlice(length: length) else { return nil }
        switch first & 0x0F {
        case 0x1, 0x2: return .message(payload)
        case 0x9: return .ping(payload)
        case 0x8: return .close
        default: return .other
        }
    }
}
