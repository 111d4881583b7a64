/// The addresses of one network, written `10.0.0.0/8`, `2001:db8::/32`, or as one address.
package struct IPAddressRange: Sendable, Hashable {
    private let base: IPAddress
    /// Bits that must be equal.
    private let prefix: Int

    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let base = IPAddress(first) else { return nil }
        self.base = base
        guard parts.count == 2 else {
            self.prefix = base.family.bits
            return
        }
        guard (1...3).contains(parts[1].utf8.count), parts[1].allSatisfy({ $0.isASCII && $0.isNumber }),
            var prefix = Int(parts[1])
        else { return nil }
        // `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
        if base.family == .v4, first.contains(":") { prefix -= 96 }
        guard (0...base.family.bits).contains(prefix) else { return nil }
        self.prefix = prefix
    }

    package func contains(_ address: IPAddress) -> Bool {
        guard address.family == base.family else { return false }
        switch address.family {
        case .v4:
            return (address.low ^ base.low) & Self.mask(prefix + 32) == 0
        case .v6:
            return (address.high ^ base.high) & Self.mask(prefix) == 0
                && (address.low ^ base.low) & Self.mask(prefix - 64) == 0
        }
    }

    /// The leading bits of 64.
    private static func mask(_ bits: Int) -> UInt64 {
        bits <= 0 ? 0 : UInt64.max << UInt64(64 - min(bits, 64))
    }
}
