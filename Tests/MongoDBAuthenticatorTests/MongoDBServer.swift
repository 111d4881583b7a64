import BackendTestSupport
import CredentialChecking
import Foundation
import TestSupport

@testable import MongoDBAuthenticator

/// A server of these tests' own that speaks MongoDB's protocol (PyPI `secantusdb`: Debian has no MongoDB).
struct MongoDBServer {
    static let password = "backend's password"

    /// One for all tests of the suite.
    static let shared = Result { try MongoDBServer(usesTLS: false) }
    static let withTLS = Result { try MongoDBServer(usesTLS: true) }

    let server: BackendServer
    let certificates: BackendCertificates

    /// The documents of the documentation's example, and who may read them.
    private static let setUp = """
        import sys, pymongo
        client = pymongo.MongoClient("127.0.0.1", int(sys.argv[1]), directConnection=True)
        client.gateway.mqtt_user.insert_many([
            {"username": "CP-1", "password_hash": "hash-1", "salt": "salt-1", "is_superuser": True, "security_profile": 2},
            {"username": "CP-2", "password_hash": "new"}, {"username": "CP-2", "password_hash": "old"},
            {"username": "CP-2", "password_hash": "older"},
            {"username": "CP-NULL", "password_hash": None}, {"username": "CP-EMPTY", "password_hash": ""},
            {"username": "CP-9", "password_hash": "hash-9", "security_profile": 9},
            {"username": "O'Hara", "password_hash": "hash-q"},
            {"username": "CP-DEEP", "login": {"hash": "hash-deep", "salt": b"s"}},
        ])
        client.gateway.command("createUser", "gateway", pwd="backend's password", roles=[{"role": "read", "db": "gateway"}])
        """

    init(usesTLS: Bool) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let python = root + "/.build/python/bin/python"
        let directory = try BackendServer.newDirectory("mongodb")
        certificates = try BackendCertificates(directory: directory)
        let port = try freePort()
        let command = [
            python, "-m", "secantus", "--host", "127.0.0.1", "--port", "\(port)", "--storage-path", directory + "/data",
            "--log-level", "ERROR", "--sync-on-commit",
        ]
        let open = BackendServer(command: command, directory: directory, port: port)
        try open.start()
        defer { open.stop() }
        try BackendServer.run([python, "-c", Self.setUp, "\(port)"])
        open.stop()
        // That server wants a certificate of its clients too.
        let tls = [
            "--tls-cert-file", certificates.certificateFile, "--tls-key-file", certificates.keyFile,
            "--tls-ca-file", certificates.caFile, "--tls-require-client-cert",
        ]
        server = BackendServer(
            command: command + ["--auth"] + (usesTLS ? tls : []), directory: directory, port: port)
        try server.start()
    }

    func configuration(
        host: String = "127.0.0.1", password: String = Self.password,
        filter: String = MongoDBConfiguration.defaultFilter, tls: BackendTLS = BackendTLS(),
        limits: PoolLimits = .patient(size: 4)
    ) -> MongoDBConfiguration {
        MongoDBConfiguration(
            server: "\(host):\(server.port)", database: "gateway", collection: "mqtt_user", userName: "gateway",
            password: password, filter: filter, tls: tls, limits: limits)
    }
}
