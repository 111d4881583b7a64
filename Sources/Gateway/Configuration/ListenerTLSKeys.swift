// The settings of a `wss` listener's TLS, under `listeners.wss.<name>.ssl_options.`.

extension ConfigurationKey {
    static let certificateFile = listener(
        "ssl_options.certfile", .file, "PEM file of the listener's certificate and the intermediate ones; wss needs it")
    static let keyFile = listener("ssl_options.keyfile", .file, "PEM file of its private key; wss needs it")
    static let keyPassword = listener("ssl_options.password", .text, isSecret: true, "password of the private key")
    static let authorityFile = listener(
        "ssl_options.cacertfile", .file, "PEM file of the authorities of client certificates")
    static let revocationFile = listener(
        "ssl_options.crl_file", .file, "PEM or DER file of their revocation lists; without it none are checked")
    static let tlsVersions = listener(
        "ssl_options.versions", .list, default: "tlsv1.3,tlsv1.2", "TLS versions: tlsv1.3, tlsv1.2, tlsv1.1, tlsv1")
    static let verify = listener(
        "ssl_options.verify", .choice(["verify_none", "verify_peer"]), default: "verify_none",
        "verify_peer asks for a client certificate and checks it")
    static let failIfNoPeerCertificate = listener(
        "ssl_options.fail_if_no_peer_cert", .boolean, default: "false", "with verify_peer, refuse clients without one")
    static let depth = listener(
        "ssl_options.depth", .integer(0...30), default: "10",
        "certificates between the client's and a trusted authority's")
    static let identityFromCertificate = listener(
        "ssl_options.identity_from_cert", .choice(["none", "cn", "san"]), default: "none",
        "name in the client certificate that must be the identity")
    static let tlsHandshakeTimeout = listener(
        "ssl_options.handshake_timeout", .duration(.milliseconds(10)...day), default: "15s", "for the TLS handshake")
    static let ciphers = listener(
        "ssl_options.ciphers", .list, "cipher suites of TLS 1.2 and older; default the library's")

    static let tlsKeys: [ConfigurationKey] = [
        certificateFile, keyFile, keyPassword, authorityFile, revocationFile, tlsVersions, verify,
        failIfNoPeerCertificate, depth, identityFromCertificate, tlsHandshakeTimeout, ciphers,
    ]

    var isTLSOption: Bool { name.hasPrefix("ssl_options.") }
}
