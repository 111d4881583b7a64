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
    var opcode: FrameOpcode? { FrameOpcode(rawValue: self.firstByte & 0x0F) }
    var isFinal: Bool { self.firstByte & 0x80 != 0 }
    /// RFC 7692, 6: the message that begins here is compressed.
    var rsv1: Bool { self.firstByte & 0x40 != 0 }
    var rsv2OrRSV3: Bool { self.firstByte & 0x30 != 0 }
    var isControl: Bool { self.firstByte & 0x08 != 0 }
    var isMasked: Bool { self.secondByte & 0x80 != 0 }

    /// How many bytes of length come behind the second byte.
    var lengthBytes: UInt8 {
        switch self.secondByte & 0x7F {
        case 126: 2
        case 127: 8
        default: 0
        }
    }

    private var isLengthMinimal: Bool {
        switch self.lengthBytes {
        case 0: true
        case 2: self.payloadLength > 125
        default: self.payloadLength > 0xFFFF
        }
    }

    /// What makes it impossible, or pointless, to look for the frames behind this one.
    ///
    /// - Parameter longest: The longest payload that any frame may have, in bytes.
    func fatalViolation(longest: UInt32) -> FrameViolation? {
        if self.payloadLength > longest { return .tooLong }
        if self.isControl, !self.isFinal { return .fragmentedControl }
        if self.isControl, self.payloadLength > Self.longestControlPayload { return .longControl }
        return nil
    }

    /// What else is wrong with the frame by itself (RFC 6455, 5.1, 5.2).
    ///
    /// - Parameter mayBeCompressed: permessage-deflate was agreed: RSV1 on a message's first frame says that the
    ///   message is compressed (RFC 7692, 6).
    func violation(mayBeCompressed: Bool) -> FrameViolation? {
        if !self.isMasked { return .unmasked }
        if self.rsv2OrRSV3 { return .reservedBits }
        let opcode = self.opcode
        if self.rsv1, !mayBeCompressed || (opcode != .text && opcode != .binary) { return .reservedBits }
        switch opcode {
        case .text, .continuation, .ping, .pong, .close: return self.isLengthMinimal ? nil : .longLength
        case .binary: return .binary
        case nil: return .unknownOpcode
        }
    }
}
