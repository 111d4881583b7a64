import Glibc
import NIOCore

/// An IP address as a number. An IPv4 address that an IPv6 socket reports (`::ffff:192.0.2.7`) is the IPv4 one.
package struct IPAddress: Sendable, Hashable {
    enum Family: Sendable, Hashable {
        case v4
        case v6

        var bits: Int { self == .v4 ? 32 : 128 }
    }

    let family: Family
    /// Counted from the right; the upper half is 0 for IPv4.
    let high: UInt64
    let low: UInt64

    init(v4 number: UInt32) {
        self.init(family: .v4, high: 0, low: UInt64(number))
    }

    /// - Parameter high: The first eight bytes of an IPv6 address, `low` the others.
    init(v6High high: UInt64, low: UInt64) {
        if high == 0, low >> 32 == 0xFFFF {
            self.init(v4: UInt32(truncatingIfNeeded: low))
        } else {
            self.init(family: .v6, high: high, low: low)
        }
    }

    private init(family: Family, high: UInt64, low: UInt64) {
        self.family = family
        self.high = high
        self.low = low
    }

    /// `192.0.2.7` or `2001:db8::7`, without port, brackets or zone.
    package init?(_ text: some StringProtocol) {
        // Longer than any address; inet_pton takes the text for C's, which ends at a NUL.
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
        let text = String(text)
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        self.init(v6)
    }

    init(_ address: in6_addr) {
        let (high, low) = withUnsafeBytes(of: address) { bytes in
            (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self.init(v6High: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    }

    /// Nil for a Unix domain socket.
    init?(_ address: SocketAddress) {
        switch address {
        case .v4(let v4): self.init(v4: UInt32(bigEndian: v4.address.sin_addr.s_addr))
        case .v6(let v6): self.init(v6.address.sin6_addr)
        case .unixDomainSocket: return nil
        }
    }

    /// With a port, as the rest of the front end writes addresses.
    func socketAddress(port: UInt16) -> SocketAddress {
        switch family {
        case .v4:
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
            return SocketAddress(address, host: "")
        case .v6:
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin6_addr) { bytes in
                bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return SocketAddress(address, host: "")
        }
    }
}
