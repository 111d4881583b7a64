import NIOWebSocket

/// A frame that a server must not accept, and the close code that tells the peer so (RFC 6455, 7.4.1).
struct FrameViolation: Error, Equatable {
    var code: UInt16
    var reason: String

    static let unmasked = FrameViolation(code: 1002, reason: "frame without a mask")
    static let reservedBits = FrameViolation(code: 1002, reason: "reserved bits set")
    static let unknownOpcode = FrameViolation(code: 1002, reason: "unknown opcode")
    static let fragmentedControl = FrameViolation(code: 1002, reason: "fragmented control frame")
    static let longControl = FrameViolation(code: 1002, reason: "control frame longer than 125 bytes")
    static let continuationOfNothing = FrameViolation(code: 1002, reason: "continuation without a start")
    static let interruptedMessage = FrameViolation(code: 1002, reason: "new message inside a fragmented one")
    static let badClose = FrameViolation(code: 1002, reason: "malformed close frame")
    static let binary = FrameViolation(code: 1003, reason: "binary messages are not OCPP")
    /// RFC 6455, 7.4.1: data that is not of the message's type.
    static let badCompression = FrameViolation(code: 1007, reason: "invalid compressed data")
    static let tooLong = FrameViolation(code: 1009, reason: "message too long")

    /// What the frame decoder itself refuses.
    init(_ error: NIOWebSocketError) {
        switch error {
        case .invalidFrameLength: self = .tooLong
        case .fragmentedControlFrame: self = .fragmentedControl
        case .multiByteControlFrameLength: self = .longControl
        }
    }

    init(code: UInt16, reason: String) {
        self.code = code
        self.reason = reason
    }
}

extension WebSocketFrame {
    /// What is wrong with the frame by itself (RFC 6455, 5.1, 5.2); the decoder has checked control frames.
    ///
    /// - Parameter mayBeCompressed: permessage-deflate was agreed: RSV1 on a message's first frame says that the
    ///   message is compressed (RFC 7692, 6).
    func violation(mayBeCompressed: Bool) -> FrameViolation? {
        if self.maskKey == nil { return .unmasked }
        if self.rsv2 || self.rsv3 { return .reservedBits }
        if self.rsv1, !mayBeCompressed || (self.opcode != .text && self.opcode != .binary) { return .reservedBits }
        switch self.opcode {
        case .text, .continuation, .ping, .pong, .connectionClose: return nil
        case .binary: return .binary
        default: return .unknownOpcode
        }
    }
}
