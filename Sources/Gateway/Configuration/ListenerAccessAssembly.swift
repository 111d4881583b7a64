import WebSocketFrontEnd

// Who may connect to a listener, and whose word about addresses counts.

extension ConfigurationAssembly {
    func accessRules(_ listener: ListenerName) -> AccessRules {
        let rules = AccessRules(ConfigurationText.list(text(.accessRules, listener)).compactMap { .init($0) })
        // What `allow all` says is what happens without rules.
        return rules.rules.contains { $0.verdict == .deny } ? rules : AccessRules()
    }

    /// Nil: origins are not checked.
    func origins(_ listener: ListenerName) -> OriginRules? {
        guard boolean(.checkOriginEnable, listener) else { return nil }
        return OriginRules(
            allowed: ConfigurationText.list(text(.checkOrigins, listener)),
            allowsAbsence: boolean(.allowOriginAbsence, listener))
    }

    func forwardedAddress(_ listener: ListenerName) -> ForwardedAddress {
        ForwardedAddress(
            trustedProxies: ConfigurationText.list(trustedProxies(listener)).compactMap { IPAddressRange($0) },
            addressHeader: text(.proxyAddressHeader, listener).trimmed.lowercased(),
            portHeader: text(.proxyPortHeader, listener).trimmed.lowercased())
    }

    /// The listener's own, even when none, or else the global ones.
    private func trustedProxies(_ listener: ListenerName) -> String {
        let own = setting(.listenerTrustedProxies, listener)
        return own.isSet ? own.text : text(.trustedProxies)
    }

    /// Settings that do not do what whoever wrote them may expect.
    mutating func warnOfAccess(_ listener: ListenerName) {
        let rules = setting(.accessRules, listener)
        if rules.isSet, !rules.isDefault, accessRules(listener).rules.isEmpty {
            warn(rules.problem("denies nobody: who matches no rule is let in, unless deny all ends the list"))
        }
        let origins = setting(.checkOrigins, listener)
        if origins.isSet, !origins.text.isEmpty, !boolean(.checkOriginEnable, listener) {
            warn(origins.problem("has no effect without websocket.check_origin_enable"))
        }
        for key in [ConfigurationKey.proxyAddressHeader, .proxyPortHeader] {
            let header = setting(key, listener)
            if header.isSet, !header.isDefault, trustedProxies(listener).isEmpty {
                warn(header.problem("has no effect without trusted_proxies"))
            }
        }
    }
}
