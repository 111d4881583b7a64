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
    var isInPayload: Bool { self.state == .payload }

    // MARK: Header

    /// Takes a header, or as much as there is of it, from the front of `bytes`.
    ///
    /// A length that is too long is found before the mask has come, and before anything of the payload.
    mutating func takeHeader(from bytes: inout ByteBuffer) -> Outcome {
        if self.state == .stopped { bytes.moveReaderIndex(to: bytes.writerIndex) }
        let (outcome, taken) = bytes.withUnsafeReadableBytes { bytes in
            for index in bytes.indices {
                let outcome = self.take(bytes[index])
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
        self.bytesSeen += 1
        switch self.bytesSeen {
        case 1:
            self.header.firstByte = byte
            return .incomplete
        case 2:
            self.header.secondByte = byte
            self.header.payloadLength = self.header.lengthBytes == 0 ? UInt64(byte & 0x7F) : 0
            self.mask = 0
        case ...(2 + self.header.lengthBytes):
            self.header.payloadLength = self.header.payloadLength << 8 | UInt64(byte)
        default:
            let index = self.bytesSeen - 3 - self.header.lengthBytes
            self.mask |= UInt32(byte) << (8 * UInt32(index))
            return index == 3 ? self.endOfHeader() : .incomplete
        }
        guard self.bytesSeen == 2 + self.header.lengthBytes else { return .incomplete }
        if let violation = self.header.fatalViolation(longest: self.longest) {
            self.state = .stopped
            return .violation(violation)
        }
        return self.header.isMasked ? .incomplete : self.endOfHeader()
    }

    private mutating func endOfHeader() -> Outcome {
        self.state = .payload
        self.bytesSeen = 0
        self.payloadLeft = UInt32(self.header.payloadLength)
        return .header(self.header)
    }

    // MARK: Payload

    /// Moves what there is of the payload from the front of `bytes` to the end of `payload`, unmasked.
    ///
    /// - Returns: The payload is whole.
    mutating func takePayload(from bytes: inout ByteBuffer, to payload: inout ByteBuffer) -> Bool {
        let count = min(Int(self.payloadLeft), bytes.readableBytes)
        if count > 0 {
            payload.writeUnmasked(bytes, count: count, mask: self.mask)
            self.mask = self.mask.turned(by: count)
        }
        return self.pass(count, of: &bytes)
    }

    /// Drops what there is of the payload.
    ///
    /// - Returns: The payload was whole.
    mutating func skipPayload(of bytes: inout ByteBuffer) -> Bool {
        self.pass(min(Int(self.payloadLeft), bytes.readableBytes), of: &bytes)
    }

    private mutating func pass(_ count: Int, of bytes: inout ByteBuffer) -> Bool {
        bytes.moveReaderIndex(forwardBy: count)
        self.payloadLeft -= UInt32(count)
        guard self.payloadLeft == 0 else { return false }
        self.state = .header
        return true
    }
}
