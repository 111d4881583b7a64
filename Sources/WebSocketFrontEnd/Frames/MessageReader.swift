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

        var isPong: Bool {
            if case .pong = self { true } else { false }
        }
    }

    /// What waits for the rest of it; in a box, because most messages come whole.
    private final class Unfinished {
        var message = ByteBuffer()
        var control = ByteBuffer()
    }

    private var parser: FrameParser
    private var isInMessage = false
    private var isCompressed = false
    private var unfinished: Unfinished?
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

    /// Held of a message or a control frame that is not whole.
    var unfinishedBytes: Int {
        self.unfinished.map { $0.message.readableBytes + $0.control.readableBytes } ?? 0
    }

    /// Of the frame that has come last, as far as it has come.
    var lastOpcode: FrameOpcode? { self.parser.header.opcode }

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
        return self.discards ? self.skipPayload(of: &bytes) : self.takePayload(from: &bytes)
    }

    /// From here on only a close frame is looked for, whatever else comes.
    mutating func discardAll() {
        self.discards = true
        self.unfinished = nil
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
            guard !self.isInMessage else { return .interruptedMessage }
            self.isInMessage = true
            self.isCompressed = header.rsv1
            guard header.payloadLength <= self.limit else { return .tooLong }
        case .continuation:
            guard self.isInMessage else { return .continuationOfNothing }
            let before = UInt64(self.unfinished?.message.readableBytes ?? 0)
            guard before + header.payloadLength <= self.limit else { return .tooLong }
        default:
            break
        }
        return nil
    }

    private mutating func skipPayload(of bytes: inout ByteBuffer) -> Event? {
        guard self.parser.skipPayload(of: &bytes) else { return nil }
        return self.parser.header.opcode == .close ? .close(ByteBuffer()) : .fragment
    }

    private mutating func takePayload(from bytes: inout ByteBuffer) -> Event? {
        let header = self.parser.header
        // What has come before is taken out of its place, so that writing finds the buffer unshared.
        var payload = ByteBuffer()
        if let unfinished = self.unfinished {
            if header.isControl {
                swap(&payload, &unfinished.control)
            } else {
                swap(&payload, &unfinished.message)
            }
        }
        let isWhole = self.parser.takePayload(from: &bytes, to: &payload)
        if isWhole, header.isControl { return self.control(payload) }
        if isWhole, header.isFinal {
            self.unfinished = nil
            self.isInMessage = false
            return self.isCompressed ? .compressed(payload) : .message(payload)
        }
        let unfinished = self.unfinished ?? Unfinished()
        self.unfinished = unfinished
        if header.isControl {
            unfinished.control = payload
        } else {
            unfinished.message = payload
        }
        return isWhole ? .fragment : nil
    }

    private mutating func control(_ payload: ByteBuffer) -> Event {
        if !self.isInMessage { self.unfinished = nil }
        switch self.parser.header.opcode {
        case .ping: return .ping(payload)
        case .close: return .close(payload)
        default: return .pong
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
