import NIOCore
import WebSocketFrontEnd

extension ConfigurationAssembly {
    /// The TLS of a listener, its files read once to find what is wrong with them; nil for `ws`.
    mutating func tls(_ name: ListenerName) -> TLSOptions? {
        guard name.transport == .wss else {
            for key in ConfigurationKey.tlsKeys where !setting(key, name).isDefault {
                if key.name == ConfigurationKey.identityFromCertificate.name, takesNameFromProxy(name) { continue }
                problems.append(setting(key, name).problem("expected for wss listeners only: \(name) has no TLS"))
            }
            return nil
        }
        for key in [ConfigurationKey.certificateFile, .keyFile] where optional(key, name) == nil {
            problems.append(setting(key, name).problem("expected a file: a wss listener needs it"))
        }
        checkPeerOptions(name)
        guard let certificateFile = optional(.certificateFile, name), let keyFile = optional(.keyFile, name),
            let versions = versions(name), let ciphers = ciphers(name, versions)
        else { return nil }
        let options = TLSOptions(
            certificateFile: certificateFile,
            keyFile: keyFile,
            keyPassword: optional(.keyPassword, name),
            authorityFile: optional(.authorityFile, name),
            revocationFile: optional(.revocationFile, name),
            versions: versions,
            ciphers: ciphers.isEmpty ? nil : ciphers,
            verifiesPeer: verifiesPeer(name),
            requiresPeerCertificate: boolean(.failIfNoPeerCertificate, name),
            depth: integer(.depth, name),
            handshakeTimeout: TimeAmount(duration(.tlsHandshakeTimeout, name))
        )
        for problem in options.problems {
            let key = ConfigurationKey.tlsKeys.first { $0.name == "ssl_options.\(problem.option.rawValue)" }
            problems.append(setting(key ?? .certificateFile, name).problem(problem.reason))
        }
        return options
    }

    func identityFromCertificate(_ name: ListenerName) -> CertificateIdentity {
        switch choice(.identityFromCertificate, name) {
        case "cn": .commonName
        case "san": .alternativeName
        default: .none
        }
    }

    /// A proxy that has terminated TLS tells the CN of the client's certificate.
    private func takesNameFromProxy(_ name: ListenerName) -> Bool {
        boolean(.proxyProtocol, name) && identityFromCertificate(name) == .commonName
    }

    private func verifiesPeer(_ name: ListenerName) -> Bool { choice(.verify, name) == "verify_peer" }

    /// What concerns client certificates must not be set in vain.
    private mutating func checkPeerOptions(_ name: ListenerName) {
        if verifiesPeer(name) {
            if optional(.authorityFile, name) == nil {
                problems.append(
                    setting(.verify, name).problem("expected ssl_options.cacertfile with it: who signs certificates"))
            }
            return
        }
        if identityFromCertificate(name) != .none || boolean(.failIfNoPeerCertificate, name) {
            let key: ConfigurationKey =
                identityFromCertificate(name) == .none ? .failIfNoPeerCertificate : .identityFromCertificate
            problems.append(setting(key, name).problem("expected ssl_options.verify=verify_peer with it"))
        }
        for key in [ConfigurationKey.authorityFile, .revocationFile] where optional(key, name) != nil {
            warnings.append(setting(key, name).problem("has no effect without ssl_options.verify=verify_peer"))
        }
    }

    private static let versionNames: [String: TLSOptions.Version] = [
        "tlsv1.3": .v13, "tlsv1.2": .v12, "tlsv1.1": .v11, "tlsv1": .v10,
    ]

    private mutating func versions(_ name: ListenerName) -> ClosedRange<TLSOptions.Version>? {
        let names = ConfigurationText.list(text(.tlsVersions, name)).map { $0.lowercased() }
        let named = Set(names.compactMap { Self.versionNames[$0] })
        guard let first = named.min(), let last = named.max(), names.allSatisfy({ Self.versionNames[$0] != nil })
        else {
            problems.append(setting(.tlsVersions, name).problem("expected tlsv1.3, tlsv1.2, tlsv1.1, tlsv1"))
            return nil
        }
        guard named.count == last.rawValue - first.rawValue + 1 else {
            problems.append(setting(.tlsVersions, name).problem("expected no gap between the versions"))
            return nil
        }
        if first < .v12 {
            warnings.append(setting(.tlsVersions, name).problem("TLS 1.1 and 1.0 are broken and forbidden by OCPP"))
        }
        return first...last
    }

    /// Empty: the library's.
    private mutating func ciphers(_ name: ListenerName, _ versions: ClosedRange<TLSOptions.Version>) -> [String]? {
        let names = ConfigurationText.list(text(.ciphers, name))
        guard !names.isEmpty else { return [] }
        let unknown = names.filter { !TLSCiphers.isKnown($0) }
        guard unknown.isEmpty else {
            let list = unknown.map(\.shownInOneLine).shortList
            problems.append(setting(.ciphers, name).problem("unknown cipher suite \(list)"))
            return nil
        }
        if versions.lowerBound < .v13, !names.contains(where: TLSCiphers.isConfigurable) {
            problems.append(
                setting(.ciphers, name).problem("expected one for TLS 1.2 with it (1.3 has all of its own)"))
            return nil
        }
        return names
    }
}
