import NIOCore

/// Who may connect, by address. The first rule that matches decides; who matches none is let in.
package struct AccessRules: Sendable, Equatable {
    package enum Verdict: String, Sendable {
        case allow
        case deny
    }

    package struct Rule: Sendable, Equatable {
        package var verdict: Verdict
        /// Nil: everyone.
        package var range: IPAddressRange?

        package init(_ verdict: Verdict, _ range: IPAddressRange?) {
            self.verdict = verdict
            self.range = range
        }

        /// `allow 10.0.0.0/8`, `deny 2001:db8::7`, `allow all`.
        package init?(_ text: some StringProtocol) {
            let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard words.count == 2, let verdict = Verdict(rawValue: words[0].asciiLowercased) else { return nil }
            if words[1].isSame(ignoringASCIICase: "all") {
                self.init(verdict, nil)
            } else if let range = IPAddressRange(words[1]) {
                self.init(verdict, range)
            } else {
                return nil
            }
        }
    }

    package var rules: [Rule]

    package init(_ rules: [Rule] = []) {
        self.rules = rules
    }

    func permits(_ address: IPAddress) -> Bool {
        rules.first { $0.range?.contains(address) ?? true }?.verdict != .deny
    }

    /// An address that is no IP address is matched by the rules for everyone only.
    func permits(_ address: SocketAddress?) -> Bool {
        guard !rules.isEmpty else { return true }
        if let address = address.flatMap(IPAddress.init) { return permits(address) }
        return rules.first { $0.range == nil }?.verdict != .deny
    }
}
