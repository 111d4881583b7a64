import NIOCore

/// The payload of a close frame (RFC 6455, 5.5.1 and 7.4).
struct CloseFrame: Equatable {
    /// Nil where the frame is empty.
    var code: UInt16?
    var reason: String

    /// A control frame's 125 bytes less the code.
    static let longestReason = 123

    init(code: UInt16?, reason: String = "") {
        self.code = code
        self.reason = reason
    }

    /// Nil for a payload that RFC 6455 forbids.
    init?(payload: ByteBuffer) {
        var payload = payload
        guard payload.readableBytes > 0 else {
            self.init(code: nil)
            return
        }
        guard let code = payload.readInteger(as: UInt16.self), Self.mayBeSent(code),
            let reason = String(validating: payload.readableBytesView, as: UTF8.self)
        else { return nil }
        self.init(code: code, reason: reason)
    }

    /// The reason cut to what fits, between two characters.
    var payload: ByteBuffer {
        guard let code else { return ByteBuffer() }
        var length = 0
        let fitting = reason.unicodeScalars.prefix { scalar in
            length += UTF8.width(scalar)
            return length <= Self.longestReason
        }
        var payload = ByteBuffer()
        payload.reserveCapacity(2 + min(reason.utf8.count, Self.longestReason))
        payload.writeInteger(code)
        payload.writeSubstring(Substring(fitting))
        return payload
    }

    /// 1004 to 1006 and 1015 are never sent; 1016 to 2999 are the protocol's own, not given out yet.
    private static func mayBeSent(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
