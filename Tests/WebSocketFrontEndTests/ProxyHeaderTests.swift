import NIOCore
import Testing

@testable import WebSocketFrontEnd

@Suite("The PROXY header")
struct ProxyHeaderTests {
    private static func read(_ bytes: [UInt8]) -> ProxyHeaderReader.Outcome {
        var buffer = ByteBuffer(bytes: bytes)
        return ProxyHeaderReader.read(from: &buffer)
    }

    private static func read(_ text: String) -> ProxyHeaderReader.Outcome {
        read(Array(text.utf8))
    }

    private static func remote(_ outcome: ProxyHeaderReader.Outcome) -> String? {
        guard case .header(let header) = outcome else { return nil }
        return header.source.map { PeerAddress($0).description } ?? "-"
    }

    private static func isMalformed(_ outcome: ProxyHeaderReader.Outcome) -> Bool {
        guard case .malformed = outcome else { return false }
        return true
    }

    @Test(
        arguments: [
            ("PROXY TCP4 192.0.2.7 198.51.100.1 5123 443\r\n", "192.0.2.7:5123"),
            ("PROXY TCP6 2001:db8::7 2001:db8::1 5123 443\r\n", "[2001:db8::7]:5123"),
            ("PROXY UNKNOWN\r\n", "-"),
            ("PROXY UNKNOWN ffff:f...f:ffff nonsense 65535 65535\r\n", "-"),
        ]
    )
    func `Version 1 names the charge point's address`(text: String, expected: String) {
        #expect(Self.remote(Self.read(text)) == expected)
    }

    @Test(arguments: [1, 2])
    func `Each prefix of a header is incomplete, and what follows it stays`(version: Int) throws {
        let header =
            version == 1
            ? Array("PROXY TCP4 192.0.2.7 198.51.100.1 5123 443\r\n".utf8)
            : ProxyBytes.version2(ProxyBytes.addressesV4 + ProxyBytes.ssl(commonName: "CP1"))
        for length in 0..<header.count { #expect(Self.read(Array(header.prefix(length))) == .incomplete) }
        var buffer = ByteBuffer(bytes: header + Array("GET".utf8))
        #expect(Self.remote(ProxyHeaderReader.read(from: &buffer)) == "192.0.2.7:5123")
        #expect(String(buffer: buffer) == "GET")
    }

    @Test(
        arguments: [
            "GET / HTTP/1.1\r\n", "\u{16}\u{03}", "PROXZ", "proxy TCP4", "P\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 5123 443\n", "PROXY \u{301}\r\n", "PROXY \u{301} UNKNOWN\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 5123\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 5123 443 1\r\n",
            "PROXY TCP4  192.0.2.7 198.51.100.1 5123 443\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 +1 443\r\n",
            "PROXY TCP4 192.0.2.7 x 1 443\r\n",
            "PROXY TCP4 2001:db8::7 2001:db8::1 1 443\r\n",
            "PROXY TCP6 192.0.2.7 198.51.100.1 1 443\r\n",
            "PROXY UDP4 192.0.2.7 198.51.100.1 1 443\r\n",
            "PROXY \r\n", "PROXY  \r\n",
            "PROXY UNKNOWN " + String(repeating: "x", count: 100),
            "PROXY UNKNOWN " + String(repeating: "x", count: 92) + "\r\n",
        ]
    )
    func `What is no header of version 1 is malformed`(text: String) {
        #expect(Self.isMalformed(Self.read(text)))
    }

    @Test
    func `Version 2 names the charge point's address`() {
        #expect(Self.remote(Self.read(ProxyBytes.version2(ProxyBytes.addressesV4))) == "192.0.2.7:5123")
        let v6 = ProxyBytes.version2(ProxyBytes.addressesV6, family: 0x21)
        #expect(Self.remote(Self.read(v6)) == "[2001:db8::7]:5123")
        let unspecified = ProxyBytes.version2([], family: 0)
        #expect(Self.remote(Self.read(unspecified)) == "-")
        let unix = ProxyBytes.version2(Array(repeating: 0, count: 216), family: 0x31)
        #expect(Self.remote(Self.read(unix)) == "-")
    }

    @Test
    func `A LOCAL connection has the proxy's address, whatever else the header holds`() {
        #expect(Self.read(ProxyBytes.version2([1, 2, 3], command: 0x20, family: 0)) == .header(ProxyHeader()))
        let lying = ProxyBytes.version2(ProxyBytes.addressesV4, command: 0x20)
        #expect(Self.read(lying) == .header(ProxyHeader()))
    }

    @Test
    func `What is no header of version 2 is malformed`() {
        let addresses = ProxyBytes.addressesV4
        for bytes in [
            ProxyBytes.version2(addresses, command: 0x11), ProxyBytes.version2(addresses, command: 0x22),
            ProxyBytes.version2(addresses, family: 0x12), ProxyBytes.version2(addresses, family: 0x41),
            ProxyBytes.version2(Array(addresses.dropLast())), ProxyBytes.version2(addresses, family: 0x21),
            ProxyBytes.version2(addresses + [0x20]), ProxyBytes.version2(addresses + [0x20, 0]),
            ProxyBytes.version2(addresses + [0x20, 0, 9, 1]),
            ProxyBytes.version2(addresses + ProxyBytes.tlv(0x20, [1, 0])),
            ProxyBytes.version2(addresses + ProxyBytes.tlv(0x20, [7, 0, 0, 0, 0, 0x22, 0, 9, 1])),
            ProxyBytes.version2(addresses + ProxyBytes.tlv(0x03, [0, 0, 0, 0])),
            ProxyBytes.version2(addresses + ProxyBytes.tlv(0x03, [0])),
            ProxyBytes.version2(addresses + Array(repeating: 0, count: 4096)),
            Array(ProxyBytes.signature.dropLast()) + [0],
        ] {
            #expect(Self.isMalformed(Self.read(bytes)), "\(bytes.prefix(60))")
        }
    }

    @Test(
        arguments: [
            (ProxyBytes.ssl(commonName: "CP1"), PeerCertificate(commonName: "CP1", isVerified: true)),
            (
                ProxyBytes.ssl(commonName: "CP1", flags: 5),
                PeerCertificate(commonName: "CP1", isVerified: true)
            ),
            (
                ProxyBytes.ssl(commonName: "CP1", result: 18),
                PeerCertificate(commonName: "CP1", isVerified: false)
            ),
            (ProxyBytes.ssl(commonName: nil), PeerCertificate(isVerified: true)),
            // No certificate was shown, or no TLS spoken.
            (ProxyBytes.ssl(commonName: "CP1", flags: 1), nil),
            (ProxyBytes.ssl(commonName: "CP1", flags: 6), nil),
            (ProxyBytes.tlv(0x04, [1, 2, 3]), nil),
        ]
    )
    func `The name in a certificate that the proxy has checked comes with its result`(
        tlvs: [UInt8], expected: PeerCertificate?
    ) {
        guard case .header(let header) = Self.read(ProxyBytes.version2(ProxyBytes.addressesV4 + tlvs)) else {
            Issue.record("no header")
            return
        }
        #expect(header.certificate == expected)
        let speaksTLS = tlvs.first == 0x20 && tlvs[3] & 1 == 1
        #expect(header.isEncrypted == speaksTLS)
    }

    @Test
    func `A checksum is checked`() {
        // CRC32C of these nine bytes, the check value of its catalogue entry.
        #expect(ProxyHeaderVersion2.checksum(ByteBuffer(string: "123456789"), zeroAt: 9) == 0xE306_9283)
        var bytes = ProxyBytes.version2(ProxyBytes.addressesV4 + ProxyBytes.tlv(0x03, [0, 0, 0, 0]))
        let sum = ProxyHeaderVersion2.checksum(ByteBuffer(bytes: bytes), zeroAt: bytes.count - 4)
        bytes.replaceSubrange((bytes.count - 4)..., with: withUnsafeBytes(of: sum.bigEndian, Array.init))
        #expect(Self.remote(Self.read(bytes)) == "192.0.2.7:5123")
    }

    @Test
    func `No bytes crash the reader`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = ProxyBytes.version2(ProxyBytes.addressesV4 + ProxyBytes.ssl(commonName: "CP1"))
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 12..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            _ = Self.read(bytes)
        }
    }
}
