import NIOCore

/// The few packets of MQTT 3.1.1 that the responder needs.
///
/// Written out here, and not left to libmosquitto, so that a burst of answers is one write: libmosquitto makes one
/// system call of each packet, and the responder would cost as much as the gateway that it is to measure.
enum MQTTPacket {
    static func connect(clientID: String, username: String?, password: String?) -> ByteBuffer {
        var body = ByteBuffer()
        body.writeText("MQTT")
        body.writeInteger(UInt8(4))
        var flags: UInt8 = 0x02
        if username != nil { flags |= 0x80 }
        if username != nil, password != nil { flags |= 0x40 }
        body.writeInteger(flags)
        // No keep-alive: the run is short, and its end closes the socket.
        body.writeInteger(UInt16(0))
        body.writeText(clientID)
        if let username { body.writeText(username) }
        if username != nil, let password { body.writeText(password) }
        return packet(0x10, body)
    }

    static func subscribe(packetID: UInt16, topic: String, qualityOfService: UInt8) -> ByteBuffer {
        var body = ByteBuffer()
        body.writeInteger(packetID)
        body.writeText(topic)
        body.writeInteger(qualityOfService)
        return packet(0x82, body)
    }

    private static func packet(_ first: UInt8, _ body: ByteBuffer) -> ByteBuffer {
        var packet = ByteBuffer()
        packet.writeInteger(first)
        packet.writeRemainingLength(body.readableBytes)
        packet.writeImmutableBuffer(body)
        return packet
    }

    /// A packet as it was read: the first byte, and what follows the remaining length.
    typealias Received = (first: UInt8, body: ByteBuffer)

    struct Malformed: Error {}

    /// Nil: not all of it is there yet.
    static func next(in buffer: inout ByteBuffer) throws -> Received? {
        let start = buffer.readerIndex
        guard let first = buffer.getInteger(at: start, as: UInt8.self) else { return nil }
        var length = 0
        var index = start + 1
        while true {
            guard index < start + 5 else { throw Malformed() }
            guard let byte = buffer.getInteger(at: index, as: UInt8.self) else { return nil }
            length |= Int(byte & 0x7F) << (7 * (index - start - 1))
            index += 1
            if byte & 0x80 == 0 { break }
        }
        guard buffer.writerIndex - index >= length else { return nil }
        buffer.moveReaderIndex(to: index)
        return buffer.readSlice(length: length).map { (first, $0) }
    }
}

extension ByteBuffer {
    mutating func writeRemainingLength(_ length: Int) {
        var rest = length
        repeat {
            let byte = UInt8(rest & 0x7F)
            rest >>= 7
            writeInteger(rest > 0 ? byte | 0x80 : byte)
        } while rest > 0
    }

    /// A length of two bytes, and UTF-8.
    mutating func writeText(_ text: String) {
        writeInteger(UInt16(clamping: text.utf8.count))
        writeString(text)
    }
}
