import NIOCore

/// The binary header, with what its TLVs say about a client's certificate.
enum ProxyHeaderVersion2 {
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let fixedLength = 16
    /// Addresses and TLVs, in bytes. Proxies send some hundred; the format allows 64 KiB, which anyone could make
    /// the gateway keep.
    private static let longestRest = 4096

    private enum Types {
        static let crc32c: UInt8 = 0x03
        static let ssl: UInt8 = 0x20
        static let sslCommonName: UInt8 = 0x22
    }

    static func read(from buffer: inout ByteBuffer) throws(ProxyHeader.Malformed) -> ProxyHeader? {
        guard try ProxyHeader.checkPrefix(signature, of: buffer),
            let length = buffer.getInteger(at: buffer.readerIndex + 14, as: UInt16.self)
        else { return nil }
        guard Int(length) <= longestRest else {
            throw ProxyHeader.Malformed(reason: "PROXY header longer than \(longestRest) bytes")
        }
        guard let whole = buffer.readSlice(length: fixedLength + Int(length)) else { return nil }
        return try header(in: whole)
    }

    private static func header(in whole: ByteBuffer) throws(ProxyHeader.Malformed) -> ProxyHeader {
        var rest = whole
        rest.moveReaderIndex(forwardBy: signature.count)
        guard let command: UInt8 = rest.readInteger(), let family: UInt8 = rest.readInteger(),
            rest.readInteger(as: UInt16.self) != nil
        else { throw ProxyHeader.Malformed(reason: "malformed PROXY header") }
        switch command {
        // LOCAL: a health check of the proxy. The rest must be ignored.
        case 0x20: return ProxyHeader()
        case 0x21: break
        default: throw ProxyHeader.Malformed(reason: "PROXY header of an unknown version or command")
        }
        var header = ProxyHeader()
        switch family {
        // Unspecified.
        case 0x00: break
        case 0x11: header.source = try addressOfIPv4(&rest)
        case 0x21: header.source = try addressOfIPv6(&rest)
        // Unix domain sockets, two paths of 108 bytes: the charge point has no address.
        case 0x31: _ = try slice(216, of: &rest)
        default: throw ProxyHeader.Malformed(reason: "PROXY header of a connection that is not TCP")
        }
        try readTLVs(of: rest, whole: whole, into: &header)
        return header
    }

    /// Source and destination address, source and destination port.
    private static func addressOfIPv4(_ rest: inout ByteBuffer) throws(ProxyHeader.Malformed) -> SocketAddress {
        var addresses = try slice(12, of: &rest)
        guard let (source, _, port, _) = addresses.readMultipleIntegers(as: (UInt32, UInt32, UInt16, UInt16).self)
        else { throw ProxyHeader.Malformed(reason: "malformed PROXY header") }
        return IPAddress(v4: source).socketAddress(port: port)
    }

    private static func addressOfIPv6(_ rest: inout ByteBuffer) throws(ProxyHeader.Malformed) -> SocketAddress {
        var addresses = try slice(36, of: &rest)
        guard
            let (high, low, _, _, port, _) = addresses.readMultipleIntegers(
                as: (UInt64, UInt64, UInt64, UInt64, UInt16, UInt16).self)
        else { throw ProxyHeader.Malformed(reason: "malformed PROXY header") }
        return IPAddress(v6High: high, low: low).socketAddress(port: port)
    }

    private static func readTLVs(
        of buffer: ByteBuffer, whole: ByteBuffer, into header: inout ProxyHeader
    ) throws(ProxyHeader.Malformed) {
        var rest = buffer
        while let (type, value, index) = try tlv(&rest) {
            switch type {
            case Types.ssl:
                header.isEncrypted = try isEncrypted(value)
                header.certificate = try certificate(value)
            case Types.crc32c:
                guard value.getInteger(at: value.readerIndex, as: UInt32.self) == checksum(whole, zeroAt: index),
                    value.readableBytes == 4
                else { throw ProxyHeader.Malformed(reason: "PROXY header with a wrong checksum") }
            default: break
            }
        }
    }

    private static func isEncrypted(_ value: ByteBuffer) throws(ProxyHeader.Malformed) -> Bool {
        guard let flags = value.getInteger(at: value.readerIndex, as: UInt8.self) else {
            throw ProxyHeader.Malformed(reason: "malformed PROXY header")
        }
        return flags & 0x01 != 0
    }

    /// The first byte has the flags, the next four the result of the check (0: good), then TLVs.
    private static func certificate(_ value: ByteBuffer) throws(ProxyHeader.Malformed) -> PeerCertificate? {
        var rest = value
        guard let flags: UInt8 = rest.readInteger(), let result: UInt32 = rest.readInteger() else {
            throw ProxyHeader.Malformed(reason: "malformed PROXY header")
        }
        // Shown on this connection, or earlier in its TLS session.
        guard flags & 0x01 != 0, flags & 0x06 != 0 else { return nil }
        var commonName: String?
        while let (type, value, _) = try tlv(&rest) {
            guard type == Types.sslCommonName else { continue }
            commonName = String(validating: value.readableBytesView, as: UTF8.self)
        }
        return PeerCertificate(commonName: commonName, isVerified: result == 0)
    }

    /// One TLV, and where its value is in the whole header.
    private static func tlv(
        _ rest: inout ByteBuffer
    ) throws(ProxyHeader.Malformed) -> (type: UInt8, value: ByteBuffer, index: Int)? {
        guard let type: UInt8 = rest.readInteger() else { return nil }
        guard let length: UInt16 = rest.readInteger() else {
            throw ProxyHeader.Malformed(reason: "malformed PROXY header")
        }
        let index = rest.readerIndex
        return (type, try slice(Int(length), of: &rest), index)
    }

    private static func slice(
        _ length: Int, of rest: inout ByteBuffer
    ) throws(ProxyHeader.Malformed) -> ByteBuffer {
        guard let slice = rest.readSlice(length: length) else {
            throw ProxyHeader.Malformed(reason: "malformed PROXY header")
        }
        return slice
    }

    /// CRC32C over the header with the checksum's own four bytes as 0.
    static func checksum(_ whole: ByteBuffer, zeroAt index: Int) -> UInt32 {
        var bytes = Array(whole.readableBytesView)
        let start = index - whole.readerIndex
        for offset in start..<min(start + 4, bytes.count) { bytes[offset] = 0 }
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 0 ? 0 : 0x82F6_3B78) }
        }
        return ~crc
    }
}
