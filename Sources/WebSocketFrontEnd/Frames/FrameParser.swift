import NIOCore

/// Finds the frames in what a charge point sends, however it is cut into reads (RFC 6455, 5.2).
///
/// Keeps what has come of a header and where it stands in a payload, but no payload: that is unmasked straight into
/// its place.
struct FrameParser {
    enum Outcome: Equatable {
        case incomplete
        /// The payload comes next.
        case header(FrameHeader)
        /// There will be no more frames.
        case violation(FrameViolation)
    }

    private enum State: UInt8 {
        case header
        case payload
        case stopped
    }

    private var state = State.header
    /// Of the header that is coming in.
    private var bytesSeen: UInt8 = 0
    /// Its first byte lowest; turned by what has been unmasked.
    private var mask: UInt32 = 0
    private let longest: UInt32
    /// Bytes of the payload that are still to come.
    private var payloadLeft: UInt32 = 0
    /// Of the frame that has come last, as far as it has come.
    private(set) var header = FrameHeader()

    /// - Parameter longest: The longest payload of a frame, in bytes.
    init(longest: Int) {
        self.longest = UInt32(clamping: longest)
    }

    /// A header has been handed out and its payload has not been taken whole.
    var isInPayload: Bool { state == .payload }

    // MARK: Header

    /// Takes a header, or as much as there is of it, from the front of `bytes`.
    ///
    /// A length that is too long is found before the mask has come, and before anything of the payload.
    mutating func takeHeader(from bytes: inout ByteBuffer) -> Outcome {
        if state == .stopped { bytes.moveReaderIndex(to: bytes.writerIndex) }
        // As a rule a message comes alone, and there is nothing behind it.
        guard bytes.readableBytes > 0 else { return .incomplete }
        let (outcome, taken) = bytes.withUnsafeReadableBytes { bytes in
            for index in bytes.indices {
                let outcome = take(bytes[index])
                if case .incomplete = outcome { continue }
                return (outcome, index + 1)
            }
            return (.incomplete, bytes.count)
        }
        bytes.moveReaderIndex(forwardBy: taken)
        return outcome
    }

    /// One byte of a header.
    private mutating func take(_ byte: UInt8) -> Outcome {
        bytesSeen += 1
        switch bytesSeen {
        case 1:
            header.firstByte = byte
            return .incomplete
        case 2:
            header.secondByte = byte
            header.payloadLength = header.lengthBytes == 0 ? UInt64(byte & 0x7F) : 0
            mask = 0
        case ...(2 + header.lengthBytes):
            header.payloadLength = header.payloadLength << 8 | UInt64(byte)
        default:
            let index = bytesSeen - 3 - header.lengthBytes
            mask |= UInt32(byte) << (8 * UInt32(index))
            return index == 3 ? endOfHeader() : .incomplete
        }
        guard bytesSeen == 2 + header.lengthBytes else { return .incomplete }
        if let violation = header.fatalViolation(longest: longest) {
            state = .stopped
            return .violation(violation)
        }
        return header.isMasked ? .incomplete : endOfHeader()
    }

    private mutating func endOfHeader() -> Outcome {
        state = .payload
        bytesSeen = 0
        payloadLeft = UInt32(header.payloadLength)
        return .header(header)
    }

    // MARK: Payload

    /// Moves what there is of the payload from the front of `bytes` to the end of `payload`, unmasked.
    ///
    /// - Returns: The payload is whole.
    mutating func takePayload(from bytes: inout ByteBuffer, to payload: inout ByteBuffer) -> Bool {
        let count = min(Int(payloadLeft), bytes.readableBytes)
        if count > 0 {
            payload.writeUnmasked(bytes, count: count, mask: mask)
            mask = mask.turned(by: count)
        }
        return pass(count, of: &bytes)
    }

    /// Drops what there is of the payload.
    ///
    /// - Returns: The payload was whole.
    mutating func skipPayload(of bytes: inout ByteBuffer) -> Bool {
        pass(min(Int(payloadLeft), bytes.readableBytes), of: &bytes)
    }

    private mutating func pass(_ count: Int, of bytes: inout ByteBuffer) -> Bool {
        bytes.moveReaderIndex(forwardBy: count)
        payloadLeft -= UInt32(count)
        guard payloadLeft == 0 else { return false }
        state = .header
        return true
    }
}
