/// Headers of the PROXY protocol, version 2, as bytes.
enum ProxyBytes {
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    /// 192.0.2.7:5123 to 198.51.100.1:443.
    static let addressesV4: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 1, 0x14, 0x03, 0x01, 0xBB]
    /// [2001:db8::7]:5123 to [2001:db8::1]:443.
    static let addressesV6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [7]
        + [0x20, 0x01, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [1] + [0x14, 0x03, 0x01, 0xBB]

    static func version2(_ rest: [UInt8], command: UInt8 = 0x21, family: UInt8 = 0x11) -> [UInt8] {
        signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 0xFF)] + rest
    }

    static func tlv(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        [type, UInt8(value.count >> 8), UInt8(value.count & 0xFF)] + value
    }

    /// - Parameter flags: 1: TLS; 2: a certificate on this connection; 4: in this TLS session.
    static func ssl(commonName: String?, flags: UInt8 = 7, result: UInt8 = 0) -> [UInt8] {
        let version = tlv(0x21, Array("TLSv1.3".utf8))
        let name = commonName.map { tlv(0x22, Array($0.utf8)) } ?? []
        return tlv(0x20, [flags, 0, 0, 0, result] + version + name)
    }
}
