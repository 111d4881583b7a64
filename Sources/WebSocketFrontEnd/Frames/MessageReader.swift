import NIOCore

/// Puts together what a charge point says from the bytes that come in: messages, however fragmented (RFC 6455, 5.4),
/// and control frames, in between as well.
///
/// Each payload byte is copied once, from the read to where its message grows. That buffer doubles as it grows, so
/// neither many small fragments nor many small reads cost more than their bytes.
struct MessageReader {
    enum Event: Equatable {
        /// One more fragment of a message that is not whole.
        case fragment
        case message(ByteBuffer)
        /// All of a message as permessage-deflate has it.
        case compressed(ByteBuffer)
        case ping(ByteBuffer)
        case pong
        case close(ByteBuffer)
        /// `findsClose`: the peer's close frame will still be found behind it.
        case violation(FrameViolation, findsClose: Bool)
    }

    private var parser: FrameParser
    /// The message that has begun, without its last frame's end.
    private var message: ByteBuffer?
    /// Of the control frame that has begun.
    private var control = ByteBuffer()
    private var isCompressed = false
    private let longestMessage: UInt32
    private let mayBeCompressed: Bool
    /// Only the peer's close frame still counts.
    private var discards = false

    /// - Parameters:
    ///   - longest: The limit for a whole message, in bytes.
    ///   - mayBeCompressed: permessage-deflate was agreed.
    init(longest: Int, mayBeCompressed: Bool) {
        self.longestMessage = UInt32(clamping: longest)
        self.mayBeCompressed = mayBeCompressed
        self.parser = FrameParser(longest: mayBeCompressed ? Self.longestCompressed(longest) : longest)
    }

    /// Takes from the front of `bytes` what brings the next event.
    ///
    /// - Returns: Nil once all of `bytes` is taken.
    mutating func next(from bytes: inout ByteBuffer) -> Event? {
        if !self.parser.isInPayload {
            switch self.parser.takeHeader(from: &bytes) {
            case .incomplete:
                return nil
            case .violation(let violation):
                return self.refuse(violation, findsClose: false)
            case .header(let header):
                if !self.discards, let violation = self.begin(header) {
                    return self.refuse(violation, findsClose: true)
                }
            }
        }
        return self.takePayload(from: &bytes) ? self.endOfFrame() : nil
    }

    /// From here on only a close frame is looked for, whatever else comes.
    mutating func discardAll() {
        self.discards = true
        self.message = nil
        self.control = ByteBuffer()
    }

    private mutating func refuse(_ violation: FrameViolation, findsClose: Bool) -> Event? {
        guard !self.discards else { return nil }
        self.discardAll()
        return .violation(violation, findsClose: findsClose)
    }

    // MARK: Frames

    /// What can be refused is refused before the payload has come.
    private mutating func begin(_ header: FrameHeader) -> FrameViolation? {
        if let violation = header.violation(mayBeCompressed: self.mayBeCompressed) { return violation }
        switch header.opcode {
        case .text:
            guard self.message == nil else { return .interruptedMessage }
            self.isCompressed = header.rsv1
            guard header.payloadLength <= self.limit else { return .tooLong }
            self.message = ByteBuffer()
        case .continuation:
            guard let message = self.message else { return .continuationOfNothing }
            guard UInt64(message.readableBytes) + header.payloadLength <= self.limit else { return .tooLong }
        default:
            break
        }
        return nil
    }

    private mutating func takePayload(from bytes: inout ByteBuffer) -> Bool {
        if self.discards { return self.parser.skipPayload(of: &bytes) }
        if self.parser.header.isControl { return self.parser.takePayload(from: &bytes, to: &self.control) }
        // Taken out, so that writing finds the buffer unshared.
        var message = self.message.take() ?? ByteBuffer()
        defer { self.message = message }
        return self.parser.takePayload(from: &bytes, to: &message)
    }

    private mutating func endOfFrame() -> Event? {
        let payload = self.control
        self.control = ByteBuffer()
        switch self.parser.header.opcode {
        case .close: return .close(payload)
        case _ where self.discards: return .fragment
        case .ping: return .ping(payload)
        case .pong: return .pong
        default:
            guard self.parser.header.isFinal, let message = self.message.take() else { return .fragment }
            return self.isCompressed ? .compressed(message) : .message(message)
        }
    }

    // MARK: Limits

    private var limit: UInt64 {
        self.isCompressed ? UInt64(Self.longestCompressed(Int(self.longestMessage))) : UInt64(self.longestMessage)
    }

    /// What cannot be compressed becomes a little longer by it.
    static func longestCompressed(_ longest: Int) -> Int {
        longest + longest / 64 + 64
    }
}
