/// What a frame is (RFC 6455, 5.2).
enum FrameOpcode: UInt8 {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA
}

/// The header of a frame, without its mask (RFC 6455, 5.2).
struct FrameHeader: Equatable {
    /// FIN, the reserved bits and the opcode.
    var firstByte: UInt8 = 0
    /// The mask bit, and the length or how many bytes it has.
    var secondByte: UInt8 = 0
    var payloadLength: UInt64 = 0

    /// RFC 6455, 5.5.
    static let longestControlPayload: UInt64 = 125

    /// Nil where RFC 6455 gives no meaning to it.
    var opcode: FrameOpcode? { FrameOpcode(rawValue: firstByte & 0x0F) }
    var isFinal: Bool { firstByte & 0x80 != 0 }
    /// RFC 7692, 6: the message that begins here is compressed.
    var rsv1: Bool { firstByte & 0x40 != 0 }
    var rsv2OrRSV3: Bool { firstByte & 0x30 != 0 }
    var isControl: Bool { firstByte & 0x08 != 0 }
    var isMasked: Bool { secondByte & 0x80 != 0 }

    /// How many bytes of length come behind the second byte.
    var lengthBytes: UInt8 {
        switch secondByte & 0x7F {
        case 126: 2
        case 127: 8
        default: 0
        }
    }

    private var isLengthMinimal: Bool {
        switch lengthBytes {
        case 0: true
        case 2: payloadLength > 125
        default: payloadLength > 0xFFFF
        }
    }

    /// What makes it impossible, or pointless, to look for the frames behind this one.
    ///
    /// - Parameter longest: The longest payload that any frame may have, in bytes.
    func fatalViolation(longest: UInt32) -> FrameViolation? {
        if payloadLength > longest { return .tooLong }
        if isControl, !isFinal { return .fragmentedControl }
        if isControl, payloadLength > Self.longestControlPayload { return .longControl }
        return nil
    }

    /// What else is wrong with the frame by itself (RFC 6455, 5.1, 5.2).
    ///
    /// - Parameter mayBeCompressed: permessage-deflate was agreed: RSV1 on a message's first frame says that the
    ///   message is compressed (RFC 7692, 6).
    func violation(mayBeCompressed: Bool) -> FrameViolation? {
        if !isMasked { return .unmasked }
        if rsv2OrRSV3 { return .reservedBits }
        let opcode = self.opcode
        if rsv1, !mayBeCompressed || (opcode != .text && opcode != .binary) { return .reservedBits }
        switch opcode {
        case .text, .continuation, .ping, .pong, .close: return isLengthMinimal ? nil : .longLength
        case .binary: return .binary
        case nil: return .unknownOpcode
        }
    }
}
