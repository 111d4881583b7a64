import CMongoC
import CredentialChecking
import Logging

/// Opens connections by libmongoc: a client of its own for each of the pool's threads, since the library's own pool knows
/// neither our time-outs nor our bounds.
struct MongoDBConnector: BlockingConnector {
    private let configuration: MongoDBConfiguration
    private let filter: MongoDBFilter
    private let rotation: ServerRotation?

    /// Once a process. The library's own log handler would write to standard error.
    private static let isLibraryReady: Bool = {
        mongoc_init()
        mongoc_log_set_handler(
            { _, domain, message, _ in
                let words = message.map { String(cString: $0) } ?? ""
                MongoDBConnector.logger.debug("\(domain.map { String(cString: $0) } ?? "libmongoc"): \(words)")
            }, nil)
        return true
    }()

    private static let logger = Logger(label: "mongodb")

    init(_ configuration: MongoDBConfiguration, servers: BackendServers, filter: MongoDBFilter) {
        self.configuration = configuration
        self.filter = filter
        // The members of a set and the routers of shards are the library's to choose from.
        rotation =
            configuration.topology == .single && !configuration.readsServiceRecord ? ServerRotation(servers) : nil
    }

    func connect() throws(ConnectionFault) -> MongoDBConnection {
        guard Self.isLibraryReady else { throw .lost("libmongoc cannot be used") }
        guard let rotation else { return try connect(to: configuration.server) }
        return try rotation.connect { server throws(ConnectionFault) in try connect(to: "\(server)") }
    }

    private func connect(to servers: String) throws(ConnectionFault) -> MongoDBConnection {
        let uri = try uri(servers.filter { !$0.isWhitespace })
        defer { mongoc_uri_destroy(uri) }
        var error = bson_error_t()
        guard let client = mongoc_client_new_from_uri_with_error(uri, &error) else { throw MongoDBFault.fault(error) }
        mongoc_client_set_error_api(client, Int32(MONGOC_ERROR_API_VERSION_2))
        setTLS(of: client)
        guard let connection = MongoDBConnection(client: client, configuration, filter: filter) else {
            mongoc_client_destroy(client)
            throw .lost("no memory")
        }
        do throws(ConnectionFault) {
            try connection.greet()
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    /// The password is set apart from the text, so that it is in no error.
    private func uri(_ servers: String) throws(ConnectionFault) -> OpaquePointer {
        let scheme = configuration.readsServiceRecord ? "mongodb+srv" : "mongodb"
        let password = try PasswordFile.password(in: configuration.passwordFile, orElse: configuration.password)
        var error = bson_error_t()
        guard let uri = mongoc_uri_new_with_error("\(scheme)://\(servers)/", &error) else {
            throw MongoDBFault.fault(error)
        }
        mongoc_uri_set_option_as_utf8(uri, MONGOC_URI_APPNAME, "ocpp-gateway")
        mongoc_uri_set_option_as_bool(uri, MONGOC_URI_TLS, configuration.tls.isEnabled)
        mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false)
        let connectTime = Self.milliseconds(configuration.limits.connectTimeout)
        mongoc_uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, connectTime)
        mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, connectTime)
        mongoc_uri_set_option_as_int32(
            uri, MONGOC_URI_SOCKETTIMEOUTMS, Self.milliseconds(configuration.limits.queryTimeout))
        switch configuration.topology {
        case .single: mongoc_uri_set_option_as_bool(uri, MONGOC_URI_DIRECTCONNECTION, true)
        case .replicaSet(let name): mongoc_uri_set_option_as_utf8(uri, MONGOC_URI_REPLICASET, name)
        case .sharded: break
        }
        if let userName = configuration.userName {
            mongoc_uri_set_username(uri, userName)
            mongoc_uri_set_password(uri, password ?? "")
            mongoc_uri_set_auth_source(uri, configuration.authenticationSource ?? configuration.database)
        }
        return uri
    }

    private func setTLS(of client: OpaquePointer) {
        let tls = configuration.tls
        guard tls.isEnabled else { return }
        (tls.caFile ?? BackendTLS.systemCAFile).withCString { caFile in
            Self.with(tls.certificateFile) { certificateFile in
                Self.with(tls.keyPassword) { password in
                    var options = mongoc_ssl_opt_t()
                    options.ca_file = tls.verifiesPeer ? caFile : nil
                    options.pem_file = certificateFile
                    options.pem_pwd = password
                    options.weak_cert_validation = !tls.verifiesPeer
                    options.allow_invalid_hostname = tls.serverName == .disabled
                    // It copies them.
                    mongoc_client_set_ssl_opts(client, &options)
                }
            }
        }
    }

    private static func with(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Void) {
        if let text { text.withCString(body) } else { body(nil) }
    }

    private static func milliseconds(_ time: Duration) -> Int32 {
        Int32(max(1, min(time / .milliseconds(1), 3_600_000)).rounded(.up))
    }
}
