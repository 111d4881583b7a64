import Logging
import Settings
import Testing

@testable import Gateway

/// authentication.md: what ends the start, all of it named, and what is only warned of.
@Suite("Configuration: what is wrong with an authenticator")
struct AuthenticationProblemTests {
    private static let least: [String: [String: String]] = [
        "mysql": ["DATABASE": "cp"], "postgresql": ["DATABASE": "cp", "USERNAME": "gw"],
        "mongodb": ["DATABASE": "cp", "COLLECTION": "points"], "redis": [:], "http": ["URL": "http://127.0.0.1:1/"],
        "jwt": ["ENDPOINT": "http://127.0.0.1:1/"],
    ]

    private func environment(_ backend: String, _ own: [String: String]) -> [String: String] {
        let settings = (Self.least[backend] ?? [:]).merging(["BACKEND": backend]) { $1 }.merging(own) { $1 }
        return Dictionary(uniqueKeysWithValues: settings.map { ("AUTHENTICATION_" + $0.key, $0.value) })
    }

    @Test(arguments: [
        ("postgresql", "QUERY", "x", "it would find the same for everybody"),
        ("mysql", "QUERY", "SELECT ${nobody}", "nobody"), ("redis", "CMD", "GET ${username}", "expected HGET or HMGET"),
        ("mongodb", "FILTER", "{}", "it would find the same for everybody"),
        ("postgresql", "SERVER", "h:0", "expected host:port"), ("mysql", "SERVER", "h:0", "expected host:port"),
        ("mongodb", "SERVERS", "h:0", "expected host:port"), ("redis", "SERVERS", "h:0", "expected host:port"),
    ])
    func `What is wrong with what a backend asks is told beside all else`(
        backend: String, key: String, value: String, words: String
    ) {
        let found = problems(environment(backend, [key: value, "POOL_SIZE": "0"]))
        #expect(found.count == 2 && found[0].hasPrefix("AUTHENTICATION_POOL_SIZE"), "\(found)")
        let name = "AUTHENTICATION_\(key) (authentication.\(key.lowercased())) is "
        #expect(found.last?.hasPrefix(name) == true && found.last?.contains(words) == true, "\(found)")
    }

    @Test func `So is a public key that is none, given as a text or a file`() throws {
        let file = try TemporaryFile("no key")
        for text in ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", file.path] {
            let found = problems([
                "AUTHENTICATION_BACKEND": "jwt", "AUTHENTICATION_PUBLIC_KEY": text, "AUTHENTICATION_POOL_SIZE": "0",
            ])
            #expect(found.count == 2 && found[0].hasPrefix("AUTHENTICATION_POOL_SIZE"), "\(found)")
            #expect(found.last?.contains("expected a PEM with a public key") == true, "\(found)")
        }
        let missing = problems(["AUTHENTICATION_BACKEND": "jwt", "AUTHENTICATION_PUBLIC_KEY": "/nowhere"])
        #expect(missing.count == 1 && missing[0].contains("or the path of one"), "\(missing)")
    }

    @Test(arguments: [
        ["AUTHENTICATION_BACKEND": "jwt", "AUTHENTICATION_PUBLIC_KEY": "key"],
        ["AUTHENTICATION_BACKEND": "redis", "AUTHENTICATION_SSL_ENABLE": "true", "AUTHENTICATION_SSL_KEYFILE": "key"],
        [
            "LISTENERS": "wss:x", "LISTENERS_WSS_X_BIND": "33043", "LISTENERS_WSS_X_SSL_OPTIONS_CERTFILE": "/nowhere",
            "LISTENERS_WSS_X_SSL_OPTIONS_KEYFILE": "key",
        ],
        ["BROKER_TLS_KEY_FILE": "key"], ["MANAGEMENT_SSL_OPTIONS_KEYFILE": "key"], ["UPSTREAM_TOPIC": "key"],
    ])
    func `A private key that is put where a public one or a file's name belongs is in no words`(
        environment: [String: String]
    ) {
        for kind in ["", "EC ", "RSA ", "ENCRYPTED "] {
            let key = "-----BEGIN \(kind)PRIVATE KEY-----\nMC4C-s3cr3t\n-----END \(kind)PRIVATE KEY-----\n"
            let found = problems(environment.mapValues { $0 == "key" ? key : $0 })
            #expect(found.contains { $0.contains("******") } && !"\(found)".contains("MC4C"), "\(found)")
        }
    }

    @Test(arguments: [
        ("mysql", ["auto_reconnect", "pool_type"]), ("postgresql", ["auto_reconnect", "pool_type"]),
        ("redis", ["auto_reconnect", "pool_type"]), ("http", ["enable_pipelining", "pool_type"]),
        ("jwt", ["enable_pipelining", "pool_type", "acl_claim_name"]),
        (
            "mongodb",
            [
                "auto_reconnect", "pool_type", "w_mode", "use_legacy_protocol", "topology.pool_size",
                "topology.max_overflow", "topology.heartbeat_frequency_ms",
            ]
        ),
    ])
    func `Keys of EMQX's that do nothing here are warned of, wherever they stand`(
        backend: String, keys: [String]
    ) throws {
        for key in keys {
            let variable = SettingName.variable(of: "authentication." + key)
            let inEnvironment = try warnings(environment(backend, [:]).merging([variable: "3"]) { $1 })
            #expect(inEnvironment.contains { $0.hasPrefix(variable) && $0.contains("has no effect") }, "\(key)")
            let inFile = try warnings(environment(backend, [:]), yaml: "authentication:\n  \(key): 3\n")
            #expect(inFile.contains { $0.contains("authentication.\(key)") && $0.contains("has no effect") }, "\(key)")
        }
        #expect(problems(environment(backend, ["TOPOLOGYS": "3"])).count == 1)
    }

    @Test func `They are taken over REST too, and no other backend's`() throws {
        let topology = SettingsValue.map([SettingsMember("pool_size", .plain("3"))])
        func proposal(_ backend: String) -> [SettingsMember] {
            let own = (Self.least[backend] ?? [:]).map { SettingsMember($0.key.lowercased(), .text($0.value)) }
            let all = own + [SettingsMember("backend", .text(backend)), SettingsMember("topology", topology)]
            return [SettingsMember("authentication", .map(all))]
        }
        let changed = try load().changed(by: proposal("mongodb")).loaded
        #expect(changed.warnings.contains { $0.key == "authentication.topology.pool_size" })
        #expect(throws: ConfigurationChange.Refusal.self) { try load().changed(by: proposal("redis")) }
    }

    /// A mechanism alone let everybody in, with a warning.
    @Test(arguments: [
        ("jwt", "expected authentication.backend: jwt"), ("password_based", "expected authentication.backend"),
    ])
    func `A mechanism without a backend ends the start`(mechanism: String, words: String) throws {
        let found = problems(["AUTHENTICATION_MECHANISM": mechanism])
        #expect(
            found.count == 1 && found[0].hasPrefix("AUTHENTICATION_MECHANISM") && found[0].contains(words), "\(found)")
        #expect(problems(yaml: "authentication.mechanism: \(mechanism)").count == 1)
        // Nobody who says so is kept from letting everybody in, or from taking the backend away.
        let none = ["AUTHENTICATION_MECHANISM": mechanism, "AUTHENTICATION_BACKEND": "none"]
        #expect(problems(none).isEmpty)
        #expect(problems(["AUTHENTICATION_MECHANISM": mechanism, "AUTHENTICATION_ENABLE": "false"]).isEmpty)
    }

    @Test(arguments: [
        (nil, "is missing"), ("user_id,password\nCP1,s3cr3t-p\n,s3cr3t-p\n", "bad rows: 2 ("),
        ("user_id\nCP1\n", "there is no column password"),
    ])
    func `A bootstrap file is named by its key and path when it is wrong, without the database`(
        text: String?, words: String
    ) async throws {
        let file = try text.map { try TemporaryFile($0) }
        let path = file?.path ?? "/nowhere/users.csv"
        let loaded = try load([
            "AUTHENTICATION_BACKEND": "built_in_database", "AUTHENTICATION_BOOTSTRAP_FILE": path,
            "DATA_DIR": "/dev/null/none",
        ])
        let found = await loaded.withValues(loaded.configuration.authenticatorProblems()).map(\.description)
        let start = "AUTHENTICATION_BOOTSTRAP_FILE (authentication.bootstrap_file) is \"\(path)\" (environment): "
        #expect(found.count == 1 && found[0].hasPrefix(start + "expected a file of users: \(path)"), "\(found)")
        #expect(found.first?.contains(words) == true && found.first?.contains("s3cr3t") == false, "\(found)")
    }

    @Test func `A start says the same of it, and a good one is no problem`() async throws {
        let folder = TemporaryFolder()
        let bad = try TemporaryFile("user_id,password\n,s3cr3t-p\n")
        let good = try TemporaryFile("user_id,password\nCP1,s3cr3t-p\n")
        func loaded(_ path: String) throws -> LoadedConfiguration {
            try load([
                "AUTHENTICATION_BACKEND": "built_in_database", "AUTHENTICATION_BOOTSTRAP_FILE": path,
                "DATA_DIR": folder.path,
            ])
        }
        let error = await #expect(throws: (any Error).self) {
            _ = try await GatewayAuthenticator.make(
                try loaded(bad.path).configuration.authentication, directory: folder.path,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        let found = try GatewayAuthenticator.problems(from: #require(error))
        #expect(
            found == [
                SettingProblem(
                    key: "authentication.bootstrap_file",
                    expectation: found.first?.expectation ?? "")
            ])
        #expect(found.first?.expectation.contains("\(bad.path): bad rows: 1 (") == true)
        #expect(try await loaded(good.path).configuration.authenticatorProblems().isEmpty)
    }
}
