import Settings

/// `management.*` (management.md, "Keys").
package struct ManagementSettings: Sendable, Equatable {
    /// Nil: off.
    package var bind: HostAndPort? = HostAndPort(host: "127.0.0.1", port: 33080)
    package var apiKey: Secret?
    package var apiSecret: Secret?
    /// More keys, `key:secret:role` a line.
    package var apiKeysFile: String?
    package var metricsNeedKey = false
    /// Both or none.
    package var certificateFile: String?
    package var keyFile: String?
    package var isReadOnly = false
    package var showsPage = true

    package init() {}

    init(_ read: inout SettingsReader) {
        self.init()
        read.section("Management", applies: .afterRestart)
        bind = read.optional(
            "management.bind", .bindAddress, default: bind, help: "health, metrics and HTTP API; empty: off")
        apiKey = read.secret("management.api_key", help: "key of the HTTP API")
        apiSecret = read.secret(
            "management.api_secret", fileKey: "management.api_secret_file", help: "secret of the HTTP API")
        apiKeysFile = read.optional(
            "management.api_keys_file", .file, help: "file of more keys, key:secret:role a line; read again on SIGHUP")
        metricsNeedKey = read(
            "management.metrics_auth", .boolean, default: metricsNeedKey, help: "metrics ask for a key too")
        certificateFile = read.optional(
            "management.ssl_options.certfile", .file, help: "PEM file of the certificate, for HTTPS")
        keyFile = read.optional("management.ssl_options.keyfile", .file, help: "PEM file of its private key")
        isReadOnly = read(
            "management.read_only", .boolean, default: isReadOnly, help: "the configuration cannot be changed")
        showsPage = read("management.page", .boolean, default: showsPage, help: "the page in the browser")
        check(&read)
    }

    private func check(_ read: inout SettingsReader) {
        for key in ["management.api_keys_file", "management.ssl_options.certfile", "management.ssl_options.keyfile"] {
            read.checkFile(key)
        }
        read.checkPair("management.ssl_options.certfile", "management.ssl_options.keyfile")
        switch (apiKey, apiSecret) {
        case (.some, nil) where !read.isSet("management.api_secret") && !read.isSet("management.api_secret_file"):
            read.problem("management.api_key", "expected management.api_secret with it")
        case (nil, .some): read.problem("management.api_secret", "expected management.api_key with it")
        default: break
        }
        if let bind, !bind.isLoopback, certificateFile == nil {
            read.warn(
                "management.bind",
                "other machines reach it without TLS: keys can be read on the way (management.ssl_options)")
        }
    }
}
