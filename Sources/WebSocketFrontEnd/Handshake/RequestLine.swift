import NIOCore

/// The bytes of a request line on their way to the HTTP decoder.
///
/// Charge points exist that send their identity as raw UTF-8. The decoder takes no byte beyond ASCII in a request
/// target, so these are percent-encoded here, which says the same; nothing else is touched, and nothing behind the line.
struct RequestLine {
    private enum State {
        /// Line ends before a request are overlooked (RFC 9112, 2.2).
        case before
        case inside
        case passed
    }

    private var state = State.before

    /// - Returns: `bytes` with what of them is the request line in ASCII.
    mutating func ascii(_ bytes: ByteBuffer) -> ByteBuffer {
        guard state != .passed else { return bytes }
        let line = take(bytes)
        guard bytes.readableBytesView.prefix(line).contains(where: { $0 >= 0x80 }) else { return bytes }
        var escaped = ByteBuffer()
        escaped.reserveCapacity(bytes.readableBytes + 2 * line)
        for byte in bytes.readableBytesView.prefix(line) { escaped.writeEscaped(byte) }
        escaped.writeBytes(bytes.readableBytesView.dropFirst(line))
        return escaped
    }

    /// - Returns: How many of the bytes belong to the line.
    private mutating func take(_ bytes: ByteBuffer) -> Int {
        var count = 0
        for byte in bytes.readableBytesView {
            let isLineEnd = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            if isLineEnd, state == .inside {
                state = .passed
                return count
            }
            if !isLineEnd { state = .inside }
            count += 1
        }
        return count
    }
}

extension ByteBuffer {
    fileprivate mutating func writeEscaped(_ byte: UInt8) {
        guard byte >= 0x80 else {
            writeInteger(byte)
            return
        }
        let digits = StaticString("0123456789ABCDEF").utf8Start
        writeInteger(UInt8(ascii: "%"))
        writeInteger(digits[Int(byte >> 4)])
        writeInteger(digits[Int(byte & 15)])
    }
}
