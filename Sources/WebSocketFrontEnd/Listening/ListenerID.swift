/// What a listener is called: `ocpp:ws:default` towards operators (management.md, "Listeners").
package struct ListenerID: Sendable, Hashable, CustomStringConvertible {
    package enum Scheme: String, Sendable {
        case ws, wss
    }

    package var scheme: Scheme
    package var name: String

    package init(scheme: Scheme, name: String) {
        self.scheme = scheme
        self.name = name
    }

    /// `ocpp:ws:default`; nil: not in that form.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), parts.count == 3, parts[0] == "ocpp",
            let scheme = Scheme(rawValue: String(parts[1])), !parts[2].isEmpty
        else { return nil }
        self.init(scheme: scheme, name: String(parts[2]))
    }

    package var description: String { "ocpp:\(scheme.rawValue):\(name)" }

    /// As log lines and presence know it: `default` of `ocpp:ws:default`, `wss:default` of `ocpp:wss:default`.
    package var shortName: String { scheme == .ws ? name : "wss:\(name)" }
}

extension ListenerConfiguration {
    package var id: ListenerID {
        let prefix = "wss:"
        let isPrefixed = tls != nil && name.hasPrefix(prefix)
        return ListenerID(
            scheme: tls == nil ? .ws : .wss, name: isPrefixed ? String(name.dropFirst(prefix.count)) : name)
    }
}
