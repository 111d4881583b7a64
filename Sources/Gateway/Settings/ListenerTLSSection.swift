import NIOCore
import Settings
import WebSocketFrontEnd

/// `ssl_options.*` of a listener.
enum ListenerTLSSection {
    /// The TLS of a listener, its files read once to find what is wrong with them (nil for `ws`), and the name in a
    /// client certificate that must be the identity.
    static func read(
        _ read: inout SettingsReader, _ name: ListenerName, hasProxy: Bool
    ) -> (tls: TLSOptions?, identity: CertificateIdentity) {
        let first = read.readings.count
        let certificateFile = read.optional(
            "ssl_options.certfile", .file,
            help: "PEM file of the listener's certificate and the intermediate ones; wss needs it")
        let keyFile = read.optional(
            "ssl_options.keyfile", .file, help: "PEM file of its private key; wss needs it")
        var options = TLSOptions(certificateFile: certificateFile ?? "", keyFile: keyFile ?? "")
        options.keyPassword = read.secret("ssl_options.password", help: "password of the private key")?.text
        options.authorityFile = read.optional(
            "ssl_options.cacertfile", .file, help: "PEM file of the authorities of client certificates")
        options.revocationFile = read.optional(
            "ssl_options.crl_file", .file,
            help: "PEM or DER file of their revocation lists; without it none are checked")
        options.versions = read(
            "ssl_options.versions", .tlsVersions, default: options.versions,
            help: "TLS versions: tlsv1.3, tlsv1.2, tlsv1.1, tlsv1")
        options.verifiesPeer = read(
            "ssl_options.verify", .choice(["verify_none": false, "verify_peer": true]), default: options.verifiesPeer,
            help: "verify_peer asks for a client certificate and checks it")
        options.requiresPeerCertificate = read(
            "ssl_options.fail_if_no_peer_cert", .boolean, default: options.requiresPeerCertificate,
            help: "with verify_peer, refuse clients without one")
        options.depth = read(
            "ssl_options.depth", .integer(0...30), default: options.depth,
            help: "certificates between the client's and a trusted authority's")
        let identity = read(
            "ssl_options.identity_from_cert", .choice(["none": .none, "cn": .commonName, "san": .alternativeName]),
            default: CertificateIdentity.none, help: "name in the client certificate that must be the identity")
        options.handshakeTimeout = read(
            "ssl_options.handshake_timeout", .time(.milliseconds(10) ... .day), default: options.handshakeTimeout,
            help: "for the TLS handshake")
        let ciphers = read(
            "ssl_options.ciphers", .list, default: [],
            help: "cipher suites of TLS 1.2 and older; default the library's")
        options.ciphers = ciphers.isEmpty ? nil : ciphers

        guard name.transport == .wss else {
            refuse(
                read.readings[first...].map(\.name), &read, name,
                takesNameFromProxy: hasProxy && identity == .commonName)
            return (nil, identity)
        }
        for key in ["ssl_options.certfile", "ssl_options.keyfile"] where read[key]?.text.isEmpty != false {
            read.problem(key, "expected a file: a wss listener needs it")
        }
        checkPeer(&read, options, identity)
        guard certificateFile != nil, keyFile != nil, areGood(ciphers, options.versions, &read) else {
            return (nil, identity)
        }
        if read["ssl_options.versions"]?.flaw == nil {
            for problem in options.problems {
                let key = "ssl_options.\(problem.option.rawValue)"
                read.problem(read[key] == nil ? "ssl_options.certfile" : key, problem.reason)
            }
        }
        return (options, identity)
    }

    /// A listener without TLS has none of these but, behind a proxy that has terminated TLS, the name that it tells.
    private static func refuse(
        _ keys: [String], _ read: inout SettingsReader, _ name: ListenerName, takesNameFromProxy: Bool
    ) {
        for key in keys where !read.isDefault(key) {
            if key == "ssl_options.identity_from_cert", takesNameFromProxy { continue }
            read.problem(key, "expected for wss listeners only: \(name) has no TLS")
        }
        read.leaveOutDefaults("ssl_options.")
    }

    /// What concerns client certificates must not be set in vain.
    private static func checkPeer(
        _ read: inout SettingsReader, _ options: TLSOptions, _ identity: CertificateIdentity
    ) {
        if options.verifiesPeer {
            if options.authorityFile == nil {
                read.problem("ssl_options.verify", "expected ssl_options.cacertfile with it: who signs certificates")
            }
            return
        }
        if identity != .none {
            read.problem("ssl_options.identity_from_cert", "expected ssl_options.verify=verify_peer with it")
        } else if options.requiresPeerCertificate {
            read.problem("ssl_options.fail_if_no_peer_cert", "expected ssl_options.verify=verify_peer with it")
        }
        for key in ["ssl_options.cacertfile", "ssl_options.crl_file"] where !read.isDefault(key) {
            read.warn(key, "has no effect without ssl_options.verify=verify_peer")
        }
    }

    private static func areGood(
        _ ciphers: [String], _ versions: ClosedRange<TLSOptions.Version>, _ read: inout SettingsReader
    ) -> Bool {
        if versions.lowerBound < .v12 {
            read.warn("ssl_options.versions", "TLS 1.1 and 1.0 are broken and forbidden by OCPP")
        }
        guard !ciphers.isEmpty else { return true }
        let unknown = ciphers.filter { !TLSCiphers.isKnown($0) }
        guard unknown.isEmpty else {
            let names = unknown.map(\.shownInOneLine).shortList
            read.problem(
                "ssl_options.ciphers", "expected cipher suites by IANA or OpenSSL name: unknown cipher suite \(names)")
            return false
        }
        if versions.lowerBound < .v13, !ciphers.contains(where: TLSCiphers.isConfigurable) {
            read.problem("ssl_options.ciphers", "expected one for TLS 1.2 with it (1.3 has all of its own)")
            return false
        }
        return true
    }
}

extension SettingSyntax where Value == ClosedRange<TLSOptions.Version> {
    private static var names: KeyValuePairs<String, TLSOptions.Version> {
        ["tlsv1.3": .v13, "tlsv1.2": .v12, "tlsv1.1": .v11, "tlsv1": .v10]
    }

    fileprivate static var tlsVersions: Self {
        let format = { @Sendable (range: Value) in
            names.filter { range.contains($0.value) }.map(\.key).joined(separator: ",")
        }
        return Self(.list, format: format) { text throws(SettingFlaw) in
            let texts = SettingText.list(text).map { $0.lowercased() }
            let named = Set(texts.compactMap { text in names.first { $0.key.hasSameBytes(as: text) }?.value })
            guard let first = named.min(), let last = named.max(),
                texts.allSatisfy({ text in names.contains { $0.key.hasSameBytes(as: text) } })
            else { throw SettingFlaw("expected \(names.map(\.key).joined(separator: ", "))") }
            guard named.count == last.rawValue - first.rawValue + 1 else {
                throw SettingFlaw("expected no gap between the versions")
            }
            return first...last
        }
    }
}
