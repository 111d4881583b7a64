import CPostgreSQL
import CredentialChecking
import Glibc

/// Opens connections by libpq, waiting on the socket ourselves: libpq has no time-out for a query.
struct PostgreSQLConnector: BlockingConnector {
    private let configuration: PostgreSQLConfiguration
    private let rotation: ServerRotation
    private let statement: String

    init(_ configuration: PostgreSQLConfiguration, servers: BackendServers, statement: String) {
        self.configuration = configuration
        self.statement = statement
        rotation = ServerRotation(servers)
    }

    func connect() throws(ConnectionFault) -> PostgreSQLConnection {
        try rotation.connect { server throws(ConnectionFault) in
            try connect(to: server, until: .now + configuration.limits.connectTimeout)
        }
    }

    /// Each of its addresses has its part of the time.
    private func connect(
        to server: BackendServers.Server, until deadline: ContinuousClock.Instant
    ) throws(ConnectionFault) -> PostgreSQLConnection {
        let addresses = try HostAddresses.of(server.host)
        var last = ConnectionFault.timedOut("no connection in time")
        for (index, address) in addresses.enumerated() {
            let rest = ContinuousClock.now.duration(to: deadline)
            guard rest > .zero else { break }
            do throws(ConnectionFault) {
                return try connect(to: server, address, until: .now + rest / (addresses.count - index))
            } catch {
                last = error
                if case .nonsense = error { throw error }
            }
        }
        throw last
    }

    private func connect(
        to server: BackendServers.Server, _ address: String, until deadline: ContinuousClock.Instant
    ) throws(ConnectionFault) -> PostgreSQLConnection {
        guard let handle = Self.start(try parameters(server, address)) else { throw .lost("no memory") }
        // The SQLSTATE of a refused log-in is told in no other way.
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        do throws(ConnectionFault) {
            try Self.awaitLogin(handle, until: deadline)
        } catch {
            PQfinish(handle)
            throw error
        }
        return PostgreSQLConnection(
            handle: handle, statement: statement, isPrepared: configuration.disablesPreparedStatements ? nil : false,
            queryTimeout: configuration.limits.queryTimeout)
    }

    private static func awaitLogin(_ handle: OpaquePointer, until deadline: ContinuousClock.Instant)
        throws(ConnectionFault)
    {
        var events = Int16(POLLOUT)
        while true {
            if PQstatus(handle) == CONNECTION_BAD { throw fault(of: handle) }
            guard PostgreSQLSocket.wait(for: events, on: PQsocket(handle), until: deadline) else {
                throw .timedOut("no connection in time")
            }
            switch PQconnectPoll(handle) {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_READING: events = Int16(POLLIN)
            case PGRES_POLLING_WRITING: events = Int16(POLLOUT)
            default: throw fault(of: handle)
            }
        }
    }

    private static func fault(of handle: OpaquePointer) -> ConnectionFault {
        let message = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
        let (words, state) = PostgreSQLFault.connectionError(message)
        guard let state, PostgreSQLFault(state: state) != .unreachable else { return .lost(words) }
        return .nonsense(words, isUsable: false)
    }

    /// All that libpq would otherwise take from the environment or a file of the user's is said.
    private func parameters(
        _ server: BackendServers.Server, _ address: String
    ) throws(ConnectionFault) -> [(String, String)] {
        let tls = configuration.tls
        var parameters = [
            ("host", tls.name(of: server.host) ?? server.host), ("hostaddr", address),
            ("port", "\(server.port)"), ("dbname", configuration.database), ("user", configuration.userName),
            // A file that is not there: of one that is no plain file libpq would write a warning on standard error.
            ("passfile", "/dev/null/none"), ("client_encoding", "UTF8"), ("application_name", "ocpp-gateway"),
            ("gssencmode", "disable"), ("target_session_attrs", "any"), ("options", ""), ("keepalives", "1"),
        ]
        let password = try PasswordFile.password(in: configuration.passwordFile, orElse: configuration.password)
        if let password { parameters.append(("password", password)) }
        guard tls.isEnabled else { return parameters + [("sslmode", "disable")] }
        let isNameChecked = tls.name(of: server.host) != nil
        parameters += [
            ("sslmode", !tls.verifiesPeer ? "require" : isNameChecked ? "verify-full" : "verify-ca"),
            // A file that is there would be checked against all the same.
            ("sslrootcert", tls.verifiesPeer ? tls.caFile ?? BackendTLS.systemCAFile : "/dev/null/none"),
            ("sslsni", isNameChecked ? "1" : "0"),
            ("ssl_min_protocol_version", tls.versions.contains(.tls12) ? "TLSv1.2" : "TLSv1.3"),
            ("ssl_max_protocol_version", tls.versions.contains(.tls13) ? "TLSv1.3" : "TLSv1.2"),
        ]
        if let file = tls.certificateFile { parameters.append(("sslcert", file)) }
        if let file = tls.keyFile { parameters.append(("sslkey", file)) }
        if let password = tls.keyPassword { parameters.append(("sslpassword", password)) }
        return parameters
    }

    private static func start(_ parameters: [(String, String)]) -> OpaquePointer? {
        let keywords = parameters.map { strdup($0.0) }
        let values = parameters.map { strdup($0.1) }
        defer { for text in keywords + values { free(text) } }
        let ends: [UnsafePointer<CChar>?] = [nil]
        return PQconnectStartParams(
            keywords.map { UnsafePointer($0) } + ends, values.map { UnsafePointer($0) } + ends, 0)
    }
}

enum PostgreSQLSocket {
    /// - Returns: false: nothing until then.
    static func wait(for events: Int16, on socket: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let rest = ContinuousClock.now.duration(to: deadline)
            guard rest > .zero else { return false }
            let milliseconds = min(rest / .milliseconds(1), 60_000).rounded(.up)
            var entry = pollfd(fd: socket, events: events, revents: 0)
            let count = poll(&entry, 1, Int32(milliseconds))
            if count > 0 { return true }
            if count < 0, errno != EINTR { return true }  // The library finds out what is wrong with it.
        }
    }
}
