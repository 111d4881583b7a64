/// A frame that a server must not accept, and the close code that tells the peer so (RFC 6455, 7.4.1).
struct FrameViolation: Error, Equatable {
    var code: UInt16
    var reason: String

    static let unmasked = FrameViolation(code: 1002, reason: "frame not masked")
    static let reservedBits = FrameViolation(code: 1002, reason: "reserved bits set")
    static let unknownOpcode = FrameViolation(code: 1002, reason: "unknown opcode")
    static let fragmentedControl = FrameViolation(code: 1002, reason: "fragmented control frame")
    static let longControl = FrameViolation(code: 1002, reason: "control frame longer than 125 bytes")
    /// RFC 6455, 5.2: the minimal number of bytes must be used.
    static let longLength = FrameViolation(code: 1002, reason: "length in more bytes than it needs")
    static let continuationOfNothing = FrameViolation(code: 1002, reason: "continuation without a start")
    static let interruptedMessage = FrameViolation(code: 1002, reason: "new message inside a fragmented one")
    static let badClose = FrameViolation(code: 1002, reason: "malformed close frame")
    static let binary = FrameViolation(code: 1003, reason: "binary messages are not OCPP")
    /// RFC 6455, 7.4.1: data that is not of the message's type.
    static let badCompression = FrameViolation(code: 1007, reason: "invalid compressed data")
    static let tooLong = FrameViolation(code: 1009, reason: "message too long")
}
