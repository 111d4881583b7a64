import WebSocketFrontEnd

/// Reads the texts of settings about who may connect.
enum ListenerAccessText {
    static func accessRulesExpectation(unmetBy text: String) -> String? {
        if let others = others(text, than: { AccessRules.Rule($0) != nil }) {
            return "expected allow or deny with all, an address or a CIDR, such as deny 10.0.0.0/8, not \(others)"
        }
        return ConfigurationText.list(text).isEmpty ? "expected allow or deny rules, such as allow all" : nil
    }

    static func addressRangesExpectation(unmetBy text: String) -> String? {
        others(text, than: { IPAddressRange($0) != nil }).map {
            "expected addresses or CIDRs, such as 10.0.0.0/8, not \($0)"
        }
    }

    static func originsExpectation(unmetBy text: String) -> String? {
        others(text, than: isOrigin).map { "expected origins such as https://console.example:8443, not \($0)" }
    }

    /// All entries that are none, quoted; nil: there are none of these.
    private static func others(_ text: String, than isGood: (String) -> Bool) -> String? {
        let bad = ConfigurationText.list(text).filter { !isGood($0) }
        return bad.isEmpty ? nil : bad.map { "\"\($0.shownInOneLine)\"" }.shortList
    }

    /// RFC 6454, 6.2: scheme, host, and a port where it is not the scheme's own; or `null`.
    private static func isOrigin(_ text: String) -> Bool {
        if text.lowercased() == "null" { return true }
        guard let separator = text.firstIndex(of: ":"), text[separator...].hasPrefix("://"),
            let (host, port) = HostAndPort.split(text[separator...].dropFirst(3)), HostAndPort.isHost(host)
        else { return false }
        let scheme = text[..<separator]
        guard let first = scheme.first, first.isASCII, first.isLetter,
            scheme.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) })
        else { return false }
        return port.map { ConfigurationText.integer($0).map((1...65535).contains) ?? false } ?? true
    }

    /// RFC 9110, 5.6.2.
    static func isHeaderName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "!#$%&'*+-.^_`|~".contains($0)) }
    }
}
