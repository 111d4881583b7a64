import NIOCore

/// `PROXY TCP4 192.0.2.7 198.51.100.1 5123 443` and a line end.
enum ProxyHeaderVersion1 {
    static let prefix = Array("PROXY ".utf8)
    /// With the line end; proxy-protocol.txt, 2.1.
    private static let longest = 107

    static func read(from buffer: inout ByteBuffer) throws(ProxyHeader.Malformed) -> ProxyHeader? {
        guard try ProxyHeader.checkPrefix(prefix, of: buffer) else { return nil }
        let view = buffer.readableBytesView.prefix(longest)
        guard let end = view.firstIndex(of: UInt8(ascii: "\n")) else {
            guard view.count < longest else {
                throw ProxyHeader.Malformed(reason: "PROXY header without a line end")
            }
            return nil
        }
        let line = view[view.startIndex..<end]
        guard line.last == UInt8(ascii: "\r") else {
            throw ProxyHeader.Malformed(reason: "PROXY header with a bad line end")
        }
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        buffer.moveReaderIndex(forwardBy: line.count + 1)
        return try header(in: text)
    }

    private static func header(in line: String) throws(ProxyHeader.Malformed) -> ProxyHeader {
        // By scalars: a space and a combining mark are one Character, and no space.
        let words = line.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false).map { Substring($0) }
        guard words.count > 1 else { throw ProxyHeader.Malformed(reason: "malformed PROXY header") }
        // What comes behind UNKNOWN must be ignored.
        if words[1] == "UNKNOWN" { return ProxyHeader() }
        let family: IPAddress.Family? = words[1] == "TCP4" ? .v4 : words[1] == "TCP6" ? .v6 : nil
        guard let family, words.count == 6, let source = address(words[2], family),
            address(words[3], family) != nil, let port = self.port(words[4]), self.port(words[5]) != nil
        else { throw ProxyHeader.Malformed(reason: "malformed PROXY header") }
        return ProxyHeader(source: source.socketAddress(port: port))
    }

    private static func address(_ text: Substring, _ family: IPAddress.Family) -> IPAddress? {
        // An IPv6 address may hold an IPv4 one.
        guard text.contains(":") == (family == .v6) else { return nil }
        return IPAddress(text)
    }

    private static func port(_ text: Substring) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return UInt16(text)
    }
}
