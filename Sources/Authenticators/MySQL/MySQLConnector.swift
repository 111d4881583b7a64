import CMariaDB
import CredentialChecking
import Glibc

/// Opens connections by libmariadb, which waits in its calls. Its time-outs are whole seconds and count for each read:
/// the pool's watch is what holds them, the library's only bring the thread back.
struct MySQLConnector: BlockingConnector {
    private let configuration: MySQLConfiguration
    private let rotation: ServerRotation
    private let statement: String

    /// Once a process, before the first connection.
    private static let isLibraryReady = mysql_server_init(0, nil, nil) == 0

    init(_ configuration: MySQLConfiguration, servers: BackendServers, statement: String) {
        self.configuration = configuration
        self.statement = statement
        rotation = ServerRotation(servers)
    }

    func connect() throws(ConnectionFault) -> MySQLConnection {
        guard Self.isLibraryReady else { throw .lost("libmariadb cannot be used") }
        return try rotation.connect { server throws(ConnectionFault) in try connect(to: server) }
    }

    private func connect(to server: BackendServers.Server) throws(ConnectionFault) -> MySQLConnection {
        let password = try PasswordFile.password(in: configuration.passwordFile, orElse: configuration.password)
        guard let handle = mysql_init(nil) else { throw .lost("no memory") }
        setOptions(of: handle)
        let flags = UInt(CLIENT_REMEMBER_OPTIONS)
        guard
            mysql_real_connect(
                handle, server.host, configuration.userName, password ?? "", configuration.database,
                UInt32(server.port), nil, flags) != nil
        else {
            let fault = MySQLConnection.fault(of: handle, isLogin: true)
            mysql_close(handle)
            throw fault
        }
        return MySQLConnection(handle: handle, statement: statement)
    }

    private func setOptions(of handle: UnsafeMutablePointer<MYSQL>) {
        set(MYSQL_OPT_CONNECT_TIMEOUT, Self.seconds(configuration.limits.connectTimeout), of: handle)
        set(MYSQL_OPT_READ_TIMEOUT, Self.seconds(configuration.limits.queryTimeout), of: handle)
        set(MYSQL_OPT_WRITE_TIMEOUT, Self.seconds(configuration.limits.queryTimeout), of: handle)
        // TCP also for the name localhost.
        set(MYSQL_OPT_PROTOCOL, UInt32(MYSQL_PROTOCOL_TCP.rawValue), of: handle)
        set(MYSQL_OPT_LOCAL_INFILE, UInt32(0), of: handle)
        set(MYSQL_OPT_MAX_ALLOWED_PACKET, UInt(1 << 20), of: handle)
        set(MYSQL_SET_CHARSET_NAME, "utf8mb4", of: handle)
        let tls = configuration.tls
        guard tls.isEnabled else { return }
        set(MYSQL_OPT_SSL_ENFORCE, CChar(1), of: handle)
        if tls.verifiesPeer {
            // With an authority named the chain is always checked.
            set(MYSQL_OPT_SSL_CA, tls.caFile ?? BackendTLS.systemCAFile, of: handle)
            if tls.serverName != .disabled { set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, CChar(1), of: handle) }
        }
        if let file = tls.certificateFile { set(MYSQL_OPT_SSL_CERT, file, of: handle) }
        if let file = tls.keyFile { set(MYSQL_OPT_SSL_KEY, file, of: handle) }
        if let password = tls.keyPassword { set(MARIADB_OPT_TLS_PASSPHRASE, password, of: handle) }
        set(MARIADB_OPT_TLS_VERSION, Self.names(of: tls.versions), of: handle)
    }

    private func set<Value>(_ option: mysql_option, _ value: Value, of handle: UnsafeMutablePointer<MYSQL>) {
        _ = withUnsafePointer(to: value) { mysql_options(handle, option, $0) }
    }

    private func set(_ option: mysql_option, _ text: String, of handle: UnsafeMutablePointer<MYSQL>) {
        _ = text.withCString { mysql_options(handle, option, $0) }
    }

    /// `TLSv1.2,TLSv1.3`.
    private static func names(of versions: Set<BackendTLS.Version>) -> String {
        versions.sorted().map { version in
            switch version {
            case .tls10: "TLSv1.0"
            case .tls11: "TLSv1.1"
            case .tls12: "TLSv1.2"
            case .tls13: "TLSv1.3"
            }
        }.joined(separator: ",")
    }

    /// One more than asked for: the pool's watch answers first, and this brings the thread back.
    private static func seconds(_ time: Duration) -> UInt32 {
        UInt32(clamping: time.components.seconds + 1)
    }
}
