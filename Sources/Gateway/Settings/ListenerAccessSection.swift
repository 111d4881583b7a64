import Settings
import WebSocketFrontEnd

extension ListenerConfiguration {
    /// Who may connect to a listener, and whose word about addresses counts.
    mutating func readAccess(_ read: inout SettingsReader, trustedProxies common: [String]) {
        expectsProxyHeader = read(
            "proxy_protocol", .boolean, default: expectsProxyHeader, help: "a PROXY header begins every connection")
        proxyProtocolTimeout = read(
            "proxy_protocol_timeout", .time(.milliseconds(10) ... .day), default: proxyProtocolTimeout,
            help: "wait for the PROXY header")
        let rules = read(
            "access_rules", .accessRules, default: ["allow all"],
            help: "allow CIDR and deny CIDR, in order; who matches none is let in")
        let ownProxies = read.optional(
            "trusted_proxies", .addressRanges,
            help: "proxies whose address headers are believed (CIDR); default the global ones")
        let checksOrigins = read(
            "websocket.check_origin_enable", .boolean, default: false, help: "check the Origin header")
        let allowed = read("websocket.check_origins", .origins, default: [], help: "origins that are let in")
        let allowsAbsence = read(
            "websocket.allow_origin_absence", .boolean, default: true, help: "let in requests without an Origin")
        forwardedAddress.addressHeader = read(
            "websocket.proxy_address_header", .headerName, default: forwardedAddress.addressHeader,
            help: "header with the charge point's address")
        forwardedAddress.portHeader = read(
            "websocket.proxy_port_header", .headerName, default: forwardedAddress.portHeader,
            help: "header with the charge point's port")

        let parsed = AccessRules(rules.compactMap { .init($0) })
        // What `allow all` says is what happens without rules.
        if parsed.rules.contains(where: { $0.verdict == .deny }) { accessRules = parsed }
        if checksOrigins { origins = OriginRules(allowed: allowed, allowsAbsence: allowsAbsence) }
        forwardedAddress.trustedProxies = (ownProxies ?? common).compactMap { IPAddressRange($0) }
        warnOfAccess(&read, checksOrigins)
    }

    /// Settings that do not do what whoever wrote them may expect.
    private func warnOfAccess(_ read: inout SettingsReader, _ checksOrigins: Bool) {
        if !read.isDefault("access_rules"), accessRules.rules.isEmpty {
            read.warn("access_rules", "denies nobody: who matches no rule is let in, unless deny all ends the list")
        }
        if !read.isDefault("websocket.check_origins"), !checksOrigins {
            read.warn("websocket.check_origins", "has no effect without websocket.check_origin_enable")
        }
        for key in ["websocket.proxy_address_header", "websocket.proxy_port_header"]
        where !read.isDefault(key) && forwardedAddress.trustedProxies.isEmpty {
            read.warn(key, "has no effect without trusted_proxies")
        }
    }
}
