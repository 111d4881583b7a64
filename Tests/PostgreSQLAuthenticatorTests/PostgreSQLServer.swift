import BackendTestSupport
import CredentialChecking
import Foundation
import Glibc
import TestSupport

@testable import PostgreSQLAuthenticator

/// A PostgreSQL of these tests' own, with TLS and the table of the documentation's example.
struct PostgreSQLServer {
    let server: BackendServer
    let certificates: BackendCertificates

    static let password = "backend's password"

    private static let setUp = """
        CREATE TABLE mqtt_user (username varchar(255), password_hash text, salt text, is_superuser boolean DEFAULT false, security_profile smallint);
        CREATE TABLE numbered (id integer, password text);
        CREATE USER gateway PASSWORD 'backend''s password';
        CREATE USER certified;
        GRANT SELECT ON mqtt_user, numbered TO gateway, certified;
        INSERT INTO mqtt_user VALUES ('CP-1', 'hash-1', 'salt-1', true, 2), ('CP-2', 'new', 's', false, NULL), ('CP-2', 'old', 't', false, NULL), ('CP-NULL', NULL, NULL, NULL, NULL), ('CP-EMPTY', '', '', NULL, NULL), ('CP-9', 'hash-9', '', false, 9), ('O''Hara', 'hash-q', '', false, NULL);
        INSERT INTO mqtt_user SELECT 'CP-MANY', 'hash-' || n FROM generate_series(1, 100000) n;
        INSERT INTO numbered VALUES (7, 'hash-7');

        """

    /// PostgreSQL refuses to run as root.
    private static var user: [String] {
        geteuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
    }

    init() throws {
        let programs =
            try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql").sorted().last
            .map { "/usr/lib/postgresql/\($0)/bin/" } ?? ""
        let directory = try BackendServer.newDirectory("postgresql", owner: "postgres")
        let data = directory + "/data"
        let port = try freePort()
        certificates = try BackendCertificates(directory: directory)
        if geteuid() == 0 { try certificates.give(to: "postgres") }
        try BackendServer.run(
            Self.user + [
                programs + "initdb", "-D", data, "-U", "postgres", "--no-sync", "--auth=scram-sha-256",
                "--pwfile=/dev/stdin", "--encoding=UTF8", "--locale=C.UTF-8",
            ], input: "of the superuser\n")
        try BackendServer.run(
            Self.user + [programs + "postgres", "--single", "-D", data, "-j", "postgres"],
            input: Self.setUp.split(separator: "\n").joined(separator: "\n\n") + "\n\n")
        // By its certificate alone, which must have its name.
        let access = data + "/pg_hba.conf"
        let rules = try String(contentsOfFile: access, encoding: .utf8)
        try "hostssl all certified 127.0.0.1/32 cert\n\(rules)".write(
            toFile: access, atomically: false, encoding: .utf8)
        var settings = ["listen_addresses=127.0.0.1", "port=\(port)", "unix_socket_directories=\(directory)"]
        settings += ["fsync=off", "ssl=on", "log_min_messages=fatal"]
        settings += ["ssl_cert_file=\(certificates.certificateFile)", "ssl_key_file=\(certificates.keyFile)"]
        settings += ["ssl_ca_file=\(certificates.caFile)"]
        server = BackendServer(
            command: Self.user + [programs + "postgres", "-D", data] + settings.flatMap { ["-c", $0] },
            directory: directory, port: port,
            isReady: {
                (try? BackendServer.run([programs + "pg_isready", "-h", "127.0.0.1", "-p", "\(port)"])) != nil
            })
        try server.start()
    }

    /// One for all tests of the suite.
    static let shared = Result { try PostgreSQLServer() }

    func configuration(
        host: String = "127.0.0.1", password: String = Self.password,
        query: String = PostgreSQLConfiguration.defaultQuery.replacing(
            "is_superuser", with: "is_superuser, security_profile"),
        tls: BackendTLS = BackendTLS(), limits: PoolLimits = .patient(size: 4)
    ) -> PostgreSQLConfiguration {
        PostgreSQLConfiguration(
            server: "\(host):\(server.port)", database: "postgres", userName: "gateway", password: password,
            query: query, tls: tls, limits: limits)
    }
}
