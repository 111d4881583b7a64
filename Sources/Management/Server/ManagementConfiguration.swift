import NIOCore
import NIOSSL

/// `management.*` (management.md, "Keys").
package struct ManagementConfiguration: Sendable {
    /// `management.bind`; nil: off.
    package var bind: Address? = Address(host: "127.0.0.1", port: 33080)
    /// `management.api_key` with its secret; nil: there is none.
    package var key: APIKey?
    /// `management.api_keys_file`, read at start and again by ``ManagementServer/reload()``.
    package var keysFile: String?
    /// `management.metrics_auth`.
    package var metricsNeedKey = false
    /// `management.ssl_options.certfile` and `.keyfile`; nil: HTTP.
    package var tls: TLSFiles?
    /// `management.read_only`.
    package var isReadOnly = false
    /// `management.page`.
    package var showsPage = true
    /// `data_dir`/traces; nil: no traces (the folder cannot be written).
    package var tracesDirectory: String?
    /// Whether an address is one of `trusted_proxies`, whose forwarded address is believed.
    package var isTrustedProxy: @Sendable (String) -> Bool = { _ in false }
    package var limits = Limits()

    package init() {}

    package struct Address: Sendable, Equatable {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// Whether nobody on another machine can reach it.
        package var isLoopback: Bool {
            host == "::1" || host.lowercased() == "localhost" || host.hasPrefix("127.")
        }
    }

    package struct TLSFiles: Sendable, Equatable {
        package var certificates: String
        package var privateKey: String

        package init(certificates: String, privateKey: String) {
            self.certificates = certificates
            self.privateKey = privateKey
        }
    }

    /// What one may ask for at once, as the page has it.
    package struct Limits: Sendable, Equatable {
        /// Bytes.
        package var body = 1024 * 1024
        /// Bytes, of `import_users`.
        package var importBody = 64 * 1024 * 1024
        /// Bytes, of all headers of a request.
        package var headers = 16 * 1024
        package var connections = 64
        package var streams = 16
        /// For a request to come in, and for most to be answered.
        package var requestTime = TimeAmount.seconds(30)

        package init() {}
    }
}
