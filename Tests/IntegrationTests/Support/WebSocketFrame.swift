import NIOCore

/// One WebSocket frame as bytes, right or wrong (RFC 6455, 5.2).
struct WebSocketFrame: Sendable {
    enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10
    }

    var opcode: UInt8
    var payload: [UInt8]
    var isFinal = true
    var reservedBits: UInt8 = 0
    var isMasked = true

    init(_ opcode: Opcode, _ payload: [UInt8] = [], isFinal: Bool = true) {
        self.opcode = opcode.rawValue
        self.payload = payload
        self.isFinal = isFinal
    }

    init(opcode: UInt8, _ payload: [UInt8] = []) {
        self.opcode = opcode
        self.payload = payload
    }

    var bytes: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger((isFinal ? 0x80 : 0) | reservedBits << 4 | opcode)
        let maskBit: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126:
            buffer.writeInteger(maskBit | UInt8(payload.count))
        case ..<65_536:
            buffer.writeInteger(maskBit | 126)
            buffer.writeInteger(UInt16(payload.count))
        default:
            buffer.writeInteger(maskBit | 127)
            buffer.writeInteger(UInt64(payload.count))
        }
        if isMasked {
            let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
            buffer.writeBytes(mask)
            buffer.writeBytes(payload.enumerated().map { $1 ^ mask[$0 & 3] })
        } else {
            buffer.writeBytes(payload)
        }
        return buffer
    }

    /// Reads one whole frame, or nothing when it has not all come yet.
    static func read(_ buffer: inout ByteBuffer) -> WebSocketFrame? {
        var rest = buffer
        guard let first: UInt8 = rest.readInteger(), let second: UInt8 = rest.readInteger() else {
            return nil
        }
        var length = Int(second & 0x7F)
        if length == 126 {
            guard let long: UInt16 = rest.readInteger() else {
                return nil
            }
            length = Int(long)
        } else if length == 127 {
            guard let long: UInt64 = rest.readInteger() else {
                return nil
            }
            length = Int(long)
        }
        guard let payload = rest.readBytes(length: length) else {
            return nil
        }
        buffer = rest
        var frame = WebSocketFrame(opcode: first & 0x0F, payload)
        frame.isFinal = first & 0x80 != 0
        frame.reservedBits = first >> 4 & 0x07
        frame.isMasked = second & 0x80 != 0
        return frame
    }
}
