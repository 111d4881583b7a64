import NIOCore
import NIOHTTP1

/// The charge point's address as HTTP proxies tell it. Anyone can send such headers, so they are believed only as far
/// as trusted proxies have written them.
package struct ForwardedAddress: Sendable, Equatable {
    package var trustedProxies: [IPAddressRange]
    /// `x-forwarded-for`: each proxy adds the address of its peer on the right.
    package var addressHeader: String
    /// `x-forwarded-port`.
    package var portHeader: String

    package init(
        trustedProxies: [IPAddressRange] = [],
        addressHeader: String = "x-forwarded-for",
        portHeader: String = "x-forwarded-port"
    ) {
        self.trustedProxies = trustedProxies
        self.addressHeader = addressHeader
        self.portHeader = portHeader
    }

    /// - Parameter peer: Who the connection comes from.
    /// - Returns: The rightmost address that is no trusted proxy's, with its port where one is told; nil: the peer's
    ///   own address counts.
    func address(in headers: HTTPHeaders, peer: SocketAddress?) -> PeerAddress? {
        guard !trustedProxies.isEmpty, let peer = peer.flatMap(IPAddress.init), isTrusted(peer) else {
            return nil
        }
        let elements = Self.elements(headers[addressHeader])
        var found: (index: Int, element: Element)?
        for (index, text) in elements.enumerated().reversed() {
            // What a trusted proxy could not name ends the chain: the proxy itself is the last that is known.
            guard let element = Element(text) else { break }
            found = (index, element)
            if !isTrusted(element.address) { break }
        }
        guard let found else { return nil }
        let port = found.element.port ?? self.port(of: found.index, among: elements.count, headers)
        var address = PeerAddress(found.element.address.socketAddress(port: 0))
        address.port = port
        return address
    }

    private func isTrusted(_ address: IPAddress) -> Bool {
        trustedProxies.contains { $0.contains(address) }
    }

    /// There is one port for each address, or only the nearest proxy tells one.
    private func port(of index: Int, among count: Int, _ headers: HTTPHeaders) -> UInt16? {
        let ports = Self.elements(headers[portHeader])
        let port: Substring? =
            if ports.count == count {
                ports[index]
            } else if ports.count == 1, index == count - 1 {
                ports[0]
            } else {
                nil
            }
        return port.flatMap { UInt16($0) }.flatMap { $0 == 0 ? nil : $0 }
    }

    private static func elements(_ values: [String]) -> [Substring] {
        values.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }.map { element in
            let start = element.drop { $0 == " " || $0 == "\t" }
            return start.lastIndex { $0 != " " && $0 != "\t" }.map { start[...$0] } ?? ""
        }
    }

    /// `192.0.2.7`, `192.0.2.7:5123`, `2001:db8::7`, `[2001:db8::7]`, `[2001:db8::7]:5123`.
    private struct Element {
        var address: IPAddress
        var port: UInt16?

        init?(_ text: Substring) {
            if let address = IPAddress(text) {
                self.address = address
                return
            }
            var host = text
            var rest: Substring = ""
            if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
                host = text[text.index(after: text.startIndex)..<end]
                rest = text[text.index(after: end)...]
                guard host.contains(":") else { return nil }
            } else if let colon = text.firstIndex(of: ":") {
                host = text[..<colon]
                rest = text[colon...]
            }
            guard let address = IPAddress(host) else { return nil }
            self.address = address
            guard !rest.isEmpty else { return }
            guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
            self.port = port
        }
    }
}
