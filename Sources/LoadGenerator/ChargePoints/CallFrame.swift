import NIOCore

/// A CALL as a masked WebSocket text frame, made once; only the UniqueId in it changes.
struct CallFrame {
    private var frame = ByteBuffer()
    private let uniqueIDOffset: Int

    /// Any key will do on a loopback; zero would spare the receiver the unmasking that it does in real life.
    static let maskingKey: [UInt8] = [0x5A, 0xC3, 0x17, 0x9E]

    init(action: String, payload: String) {
        let head = "[2,\""
        let blank = String(repeating: "0", count: LoadUniqueID.length)
        let text = Array("\(head)\(blank)\",\"\(action)\",\(payload)]".utf8)
        frame = Self.masked(opcode: 0x1, text)
        uniqueIDOffset = frame.readableBytes - text.count + head.utf8.count
    }

    /// The frame with this UniqueId in it.
    mutating func bytes(slot: Int, sequence: UInt64) -> ByteBuffer {
        let offset = uniqueIDOffset
        // The masking key repeats from the first byte of the text, which is `[2,"` before the UniqueId: four bytes.
        frame.withUnsafeMutableReadableBytes { bytes in
            LoadUniqueID.digits(slot: slot, sequence: sequence) { index, digit in
                bytes[offset + index] = digit ^ Self.maskingKey[index & 3]
            }
        }
        return frame
    }

    /// A whole frame as a client sends it (RFC 6455, 5.2).
    static func masked(opcode: UInt8, _ payload: some Collection<UInt8>) -> ByteBuffer {
        var frame = ByteBuffer()
        frame.reserveCapacity(payload.count + 14)
        frame.writeInteger(0x80 | opcode)
        switch payload.count {
        case ...125: frame.writeInteger(0x80 | UInt8(payload.count))
        case ...0xFFFF:
            frame.writeInteger(UInt8(0x80 | 126))
            frame.writeInteger(UInt16(payload.count))
        default:
            frame.writeInteger(UInt8(0x80 | 127))
            frame.writeInteger(UInt64(payload.count))
        }
        frame.writeBytes(maskingKey)
        frame.writeBytes(payload.enumerated().map { $0.element ^ maskingKey[$0.offset & 3] })
        return frame
    }
}
