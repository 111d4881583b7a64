import NIOCore

/// A frame to a charge point: whole and without a mask, as a server's are (RFC 6455, 5.1).
struct OutgoingFrame {
    var opcode: FrameOpcode
    /// RFC 7692, 6.
    var isCompressed = false
    var payload: ByteBuffer

    var headerLength: Int {
        switch payload.readableBytes {
        case ...125: 2
        case ...0xFFFF: 4
        default: 10
        }
    }

    var length: Int { headerLength + payload.readableBytes }

    /// Appends the header to `bytes`.
    func writeHeader(to bytes: inout ByteBuffer) {
        bytes.writeInteger(0x80 | (isCompressed ? 0x40 : 0) | opcode.rawValue)
        let length = payload.readableBytes
        switch headerLength {
        case 2:
            bytes.writeInteger(UInt8(length))
        case 4:
            bytes.writeInteger(126 as UInt8)
            bytes.writeInteger(UInt16(length))
        default:
            bytes.writeInteger(127 as UInt8)
            bytes.writeInteger(UInt64(length))
        }
    }
}
