/// The cipher suites that a listener can be limited to, by their IANA and their OpenSSL names.
///
/// Known here because the TLS library ends the process when none of the names means anything to it.
package enum TLSCiphers {
    /// OpenSSL's name of each by that of IANA; TLS 1.2 and older.
    private static let names: [String: String] = [
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
        "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
        "TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384",
        "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
        "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA",
    ]

    private static let openSSLNames = Set(names.values)

    /// Suites of TLS 1.3: all three are always on.
    private static let fixed: Set<String> = [
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    ]

    package static func isKnown(_ name: String) -> Bool {
        fixed.contains(name) || isConfigurable(name)
    }

    /// Of TLS 1.2 or older, where suites can be chosen.
    package static func isConfigurable(_ name: String) -> Bool {
        names[name] != nil || openSSLNames.contains(name)
    }

    /// The list in the TLS library's words; nil where no suite in it can be chosen.
    static func list(_ names: [String]) -> String? {
        let known = names.filter(isConfigurable).map { self.names[$0] ?? $0 }
        return known.isEmpty ? nil : known.joined(separator: ":")
    }
}
