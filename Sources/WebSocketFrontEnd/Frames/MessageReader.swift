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
        longestMessage = UInt32(clamping: longest)
        self.mayBeCompressed = mayBeCompressed
        parser = FrameParser(longest: mayBeCompressed ? Self.longestCompressed(longest) : longest)
    }

    /// Held of a message or a control frame that is not whole.
    var unfinishedBytes: Int {
        unfinished.map { $0.message.readableBytes + $0.control.readableBytes } ?? 0
    }

    /// Of the frame that has come last, as far as it has come.
    var lastOpcode: FrameOpcode? { parser.header.opcode }

    /// Takes from the front of `bytes` what brings the next event.
    ///
    /// - Returns: Nil once all of `bytes` is taken.
    mutating func next(from bytes: inout ByteBuffer) -> Event? {
        if !parser.isInPayload {
            switch parser.takeHeader(from: &bytes) {
            case .incomplete:
                return nil
            case .violation(let violation):
                return refuse(violation, findsClose: false)
            case .header(let header):
                if !discards, let violation = begin(header) {
                    return refuse(violation, findsClose: true)
                }
            }
        }
        return discards ? skipPayload(of: &bytes) : takePayload(from: &bytes)
    }

    /// From here on only a close frame is looked for, whatever else comes.
    mutating func discardAll() {
        discards = true
        unfinished = nil
    }

    private mutating func refuse(_ violation: FrameViolation, findsClose: Bool) -> Event? {
        guard !discards else { return nil }
        discardAll()
        return .violation(violation, findsClose: findsClose)
    }

    // MARK: Frames

    /// What can be refused is refused before the payload has come.
    private mutating func begin(_ header: FrameHeader) -> FrameViolation? {
        if let violation = header.violation(mayBeCompressed: mayBeCompressed) { return violation }
        switch header.opcode {
        case .text:
            guard !isInMessage else { return .interruptedMessage }
            isInMessage = true
            isCompressed = header.rsv1
            guard header.payloadLength <= limit else { return .tooLong }
        case .continuation:
            guard isInMessage else { return .continuationOfNothing }
            let before = UInt64(unfinished?.message.readableBytes ?? 0)
            guard before + header.payloadLength <= limit else { return .tooLong }
        default:
            break
        }
        return nil
    }

    private mutating func skipPayload(of bytes: inout ByteBuffer) -> Event? {
        guard parser.skipPayload(of: &bytes) else { return nil }
        return parser.header.opcode == .close ? .close(ByteBuffer()) : .fragment
    }

    private mutating func takePayload(from bytes: inout ByteBuffer) -> Event? {
        let header = parser.header
        // What has come before is taken out of its place, so that writing finds the buffer unshared.
        var payload = ByteBuffer()
        if let unfinished {
            if header.isControl {
                swap(&payload, &unfinished.control)
            } else {
                swap(&payload, &unfinished.message)
            }
        }
        let isWhole = parser.takePayload(from: &bytes, to: &payload)
        if isWhole, header.isControl { return control(payload) }
        if isWhole, header.isFinal {
            self.unfinished = nil
            isInMessage = false
            return isCompressed ? .compressed(payload) : .message(payload)
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
        if !isInMessage { unfinished = nil }
        switch parser.header.opcode {
        case .ping: return .ping(payload)
        case .close: return .close(payload)
        default: return .pong
        }
    }

    // MARK: Limits

    private var limit: UInt64 {
        isCompressed ? UInt64(Self.longestCompressed(Int(longestMessage))) : UInt64(longestMessage)
    }

    /// What cannot be compressed becomes a little longer by it.
    static func longestCompressed(_ longest: Int) -> Int {
        longest + longest / 64 + 64
    }
}
