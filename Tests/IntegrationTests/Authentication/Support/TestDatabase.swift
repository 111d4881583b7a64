import Foundation
import TestSupport

/// A database server with the charge points of `TestDatabase.Password`, and the settings of a gateway that asks it:
/// - `CP-1` has the old password;
/// - `CP-2` has two rows, with the old and the new one, where the backend can have these;
/// - `N-1` to `N-200` have the old password too;
/// - `CP-BROKEN` has a row without a hash.
struct TestDatabase: Sendable {
    /// SHA-256 of salt and password (authentication.md, "Test vectors").
    struct Password: Sendable {
        let text: String
        let hash: String

        static let salt = "f3a1c2d4e5b60718293a4b5c6d7e8f90"
        static let old = Self(
            "secret-0123456789", "244254b6b6eac2d7e2f8463ebcb25017e33cd4c0f9eea2a0384370906bb3ccd6")
        static let new = Self(
            "s3cr3t-new-password", "9659cdedd5d164061fde356b141d77bc42ad2a9944bcb043cd1ba0b75f214184")

        private init(_ text: String, _ hash: String) {
            (self.text, self.hash) = (text, hash)
            Secrets.add(text, hash, Self.salt)
        }
    }

    let server: TestServer
    let settings: [String: String]
    let hasTwoRows: Bool
    /// What has it asked what it cannot answer.
    let wrongQuestion: [String: String]
    private static let gatewayPassword = "s3cr3t-backend"

    private init(
        _ backend: String, _ server: TestServer, _ own: [String: String], wrong key: String, _ question: String,
        hasTwoRows: Bool = true
    ) {
        self.server = server
        self.hasTwoRows = hasTwoRows
        wrongQuestion = ["AUTHENTICATION_\(key)": question]
        settings = [
            "AUTHENTICATION_BACKEND": backend, "AUTHENTICATION_SERVER": "127.0.0.1:\(server.port)",
            "AUTHENTICATION_PASSWORD": Self.gatewayPassword,
        ].merging(PatientTimes.database) { $1 }.merging(own) { $1 }
    }

    /// After `kill`: a server's own children may hold for a moment what it needs.
    func startAgain() async throws {
        try await eventually("the server's second start", within: .seconds(180)) {
            do {
                try await server.start()
                return true
            } catch {
                return false
            }
        }
    }

    // MARK: Tables

    private static let rows =
        [("CP-1", Password.old.hash), ("CP-2", Password.old.hash), ("CP-2", Password.new.hash), ("CP-BROKEN", "")]
        + (1...200).map { ("N-\($0)", Password.old.hash) }

    /// As the documentation has it, but for the primary key, which would forbid a second row.
    private static func table(_ text: String) -> String {
        let values = rows.map { "('\($0)', '\($1)', '\(Password.salt)')" }.joined(separator: ", ")
        return """
            CREATE TABLE mqtt_user (username \(text)(255), password_hash VARCHAR(255), salt VARCHAR(64));
            INSERT INTO mqtt_user VALUES \(values);

            """
    }

    private static let wrongQuery = "SELECT password_hash FROM nowhere WHERE username = ${username}"
    private static let query = "SELECT password_hash, salt FROM mqtt_user WHERE username = ${username}"

    /// - Parameter more: SQL that is run besides.
    static func postgreSQL(_ more: String = "") async throws -> Self {
        let versions = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql").sorted()
        let programs = "/usr/lib/postgresql/\(versions.last ?? "")/bin"
        let setUp = """
            \(table("VARCHAR"))
            CREATE USER gateway PASSWORD '\(gatewayPassword)';
            GRANT SELECT ON mqtt_user TO gateway;
            \(more)

            """
        let server = try await TestServer(
            "\(programs)/postgres",
            ["-D", "$FOLDER/data", "-p", "$PORT", "-k", "$FOLDER", "-h", "127.0.0.1", "-c", "fsync=off"],
            files: ["setup.sql": setUp], user: "postgres", readiness: .prints("ready to accept connections"))
        try await server.run(
            "\(programs)/initdb",
            [
                "-D", "$FOLDER/data", "-U", "postgres", "--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256",
                "--encoding=UTF8", "--locale=C.UTF-8",
            ])
        try await server.start()
        let database = Self(
            "postgresql", server,
            [
                "AUTHENTICATION_DATABASE": "postgres", "AUTHENTICATION_USERNAME": "gateway",
                "AUTHENTICATION_QUERY": query,
            ], wrong: "QUERY", wrongQuery)
        try await database.sql(["-v", "ON_ERROR_STOP=1", "-f", "$FOLDER/setup.sql"])
        return database
    }

    /// What `psql` says as the superuser.
    @discardableResult
    func sql(_ arguments: [String]) async throws -> String {
        try await server.run("psql", ["-h", "$FOLDER", "-p", "$PORT", "-U", "postgres", "-qAt"] + arguments)
    }

    static func mySQL() async throws -> Self {
        let setUp = """
            CREATE DATABASE gateway;
            USE gateway;
            \(table("VARBINARY"))
            CREATE USER gateway@'127.0.0.1' IDENTIFIED BY '\(gatewayPassword)';
            CREATE USER gateway@localhost IDENTIFIED BY '\(gatewayPassword)';
            GRANT SELECT ON gateway.* TO gateway@'127.0.0.1', gateway@localhost;

            """
        let server = try await TestServer(
            "mariadbd",
            [
                "--no-defaults", "--datadir=$FOLDER/data", "--port=$PORT", "--bind-address=127.0.0.1",
                "--socket=$FOLDER/socket", "--pid-file=$FOLDER/pid", "--innodb-buffer-pool-size=16M",
            ],
            files: ["setup.sql": setUp], user: "mysql")
        try await server.run(
            "mariadb-install-db",
            ["--no-defaults", "--datadir=$FOLDER/data", "--auth-root-authentication-method=normal", "--skip-test-db"])
        try await server.start()
        try await server.run(
            "mariadb", ["--no-defaults", "--socket=$FOLDER/socket", "-u", "root", "-e", "source $FOLDER/setup.sql"])
        return Self(
            "mysql", server,
            [
                "AUTHENTICATION_DATABASE": "gateway", "AUTHENTICATION_USERNAME": "gateway",
                "AUTHENTICATION_QUERY": query,
            ], wrong: "QUERY", wrongQuery)
    }

    static func redis() async throws -> Self {
        let server = try await TestServer.started(
            "redis-server",
            [
                "--port", "$PORT", "--bind", "127.0.0.1", "--dir", "$FOLDER", "--save", "", "--appendonly", "yes",
                "--appendfsync", "always", "--requirepass", gatewayPassword,
            ],
            environment: ["REDISCLI_AUTH": gatewayPassword])
        let keys = rows.filter { $0.0 != "CP-2" }
        let script = """
            for i = 1, #ARGV, 2 do
                redis.call('HSET', 'mqtt_user:' .. ARGV[i], 'password_hash', ARGV[i + 1], 'salt', '\(Password.salt)')
            end
            for i = 1, 4 do redis.call('SET', 'text:CP-' .. i, 'no hash') end
            """
        try await server.run(
            "redis-cli", ["-p", "$PORT", "-e", "EVAL", script, "0"] + keys.flatMap { [$0.0, $0.1] })
        return Self(
            "redis", server, [:], wrong: "CMD", "HGET text:${username} password_hash", hasTwoRows: false)
    }

    /// PyPI's `secantusdb`: Debian has no MongoDB.
    static func mongoDB() async throws -> Self {
        let python = try PythonChargePoint.python
        func arguments(_ storage: String) -> [String] {
            [
                "-m", "secantus", "--host", "127.0.0.1", "--port", "$PORT", "--storage-path", storage, "--log-level",
                "ERROR", "--sync-on-commit",
            ]
        }
        let server = try await TestServer(python, arguments("$FOLDER/data") + ["--auth"])
        // Users are made while nobody has to be one.
        let open = try await TestServer.started(python, arguments(server.folder.appending(path: "data").path))
        let documents = rows.map {
            #"{"username": "\#($0)", "password_hash": "\#($1)", "salt": "\#(Password.salt)"}"#
        }.joined(separator: ", ")
        try await open.run(
            python,
            [
                "-c",
                """
                import pymongo
                client = pymongo.MongoClient("127.0.0.1", \(open.port), directConnection=True)
                client.gateway.mqtt_user.insert_many([\(documents)])
                client.gateway.command("createUser", "gateway", pwd="\(gatewayPassword)", roles=[{"role": "read", "db": "gateway"}])
                """,
            ])
        try await open.stop()
        try await server.start()
        return Self(
            "mongodb", server,
            [
                "AUTHENTICATION_DATABASE": "gateway", "AUTHENTICATION_COLLECTION": "mqtt_user",
                "AUTHENTICATION_USERNAME": "gateway",
            ], wrong: "FILTER", #"{"$or": [{"x": {"$nonsense": 1}}, {"username": "${username}"}]}"#)
    }
}
