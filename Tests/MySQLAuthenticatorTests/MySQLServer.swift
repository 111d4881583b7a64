import BackendTestSupport
import CredentialChecking
import Foundation
import Glibc
import TestSupport

@testable import MySQLAuthenticator

/// A MariaDB of these tests' own, with TLS and the table of the documentation's example.
struct MySQLServer {
    let server: BackendServer
    let certificates: BackendCertificates

    static let password = "backend's password"

    private static let setUp = """
        CREATE DATABASE IF NOT EXISTS gateway;
        USE gateway;
        CREATE TABLE IF NOT EXISTS mqtt_user (id INT PRIMARY KEY, username VARBINARY(255), password_hash VARCHAR(255), salt VARCHAR(255), is_superuser TINYINT DEFAULT 0, security_profile INT);
        CREATE USER IF NOT EXISTS 'gateway'@'127.0.0.1' IDENTIFIED BY 'backend''s password';
        CREATE USER IF NOT EXISTS 'gateway'@'localhost' IDENTIFIED BY 'backend''s password';
        CREATE USER IF NOT EXISTS 'certified'@'localhost' IDENTIFIED BY 'backend''s password' REQUIRE SUBJECT '/CN=certified';
        GRANT SELECT ON gateway.* TO 'gateway'@'127.0.0.1', 'gateway'@'localhost', 'certified'@'localhost';
        REPLACE INTO mqtt_user VALUES (1, 'CP-1', 'hash-1', 'salt-1', 1, 2), (2, 'CP-2', 'new', 's', 0, NULL), (3, 'CP-2', 'old', 't', 0, NULL), (4, 'CP-NULL', NULL, NULL, NULL, NULL), (5, 'CP-EMPTY', '', '', NULL, NULL), (6, 'CP-9', 'hash-9', '', 0, 9), (7, 'O''Hara', 'hash-q', '', 0, NULL), (8, 'CP-LONG', 'x', REPEAT('x', 10), 0, NULL);
        CREATE TABLE IF NOT EXISTS loose (name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, password_hash VARCHAR(255));
        CREATE TABLE IF NOT EXISTS latin (name VARCHAR(64) CHARACTER SET latin1 COLLATE latin1_swedish_ci PRIMARY KEY, password_hash VARCHAR(255));
        REPLACE INTO loose VALUES ('cp1', 'hash-1'), (_utf8mb4 X'5AC3BC72696368', 'hash-2');
        REPLACE INTO latin VALUES ('cp1', 'hash-1'), (_utf8mb4 X'5AC3BC72696368', 'hash-2');
        REPLACE INTO mqtt_user SELECT 1000 + seq, 'CP-MANY', CONCAT('hash-', seq), '', 0, NULL FROM seq_1_to_100000;

        """

    init() throws {
        let isRoot = geteuid() == 0
        let directory = try BackendServer.newDirectory("mariadb", owner: "mysql")
        let data = directory + "/data"
        let port = try freePort()
        certificates = try BackendCertificates(directory: directory)
        if isRoot { try certificates.give(to: "mysql") }
        try BackendServer.run(
            [
                "mariadb-install-db", "--no-defaults", "--datadir=" + data, "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ] + (isRoot ? ["--user=mysql"] : []))
        try Self.setUp.write(toFile: directory + "/setup.sql", atomically: true, encoding: .utf8)
        server = BackendServer(
            command: [
                "mariadbd", "--no-defaults", "--datadir=" + data, "--port=\(port)", "--bind-address=127.0.0.1",
                "--socket=" + directory + "/socket", "--pid-file=" + directory + "/pid",
                "--init-file=" + directory
                    + "/setup.sql", "--ssl-cert=" + certificates.certificateFile, "--ssl-key=" + certificates.keyFile,
                "--ssl-ca=" + certificates.caFile,
                "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M",
            ] + (isRoot ? ["--user=mysql"] : []),
            directory: directory, port: port)
        try server.start()
    }

    /// One for all tests of the suite.
    static let shared = Result { try MySQLServer() }

    func configuration(
        host: String = "127.0.0.1", password: String = Self.password,
        query: String = MySQLConfiguration.defaultQuery.replacing(
            "is_superuser", with: "is_superuser, security_profile"),
        tls: BackendTLS = BackendTLS(), limits: PoolLimits = .patient(size: 4)
    ) -> MySQLConfiguration {
        MySQLConfiguration(
            server: "\(host):\(server.port)", database: "gateway", userName: "gateway", password: password,
            query: query, tls: tls, limits: limits)
    }
}
