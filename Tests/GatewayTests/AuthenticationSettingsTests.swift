import BoundedFiles
import CredentialChecking
import Logging
import Settings
import Testing

@testable import Gateway

/// authentication.md, "Keys for all backends".
@Suite("Configuration: authentication and management")
struct AuthenticationSettingsTests {
    private struct OneText: BackendSettings {
        let text: String

        init(_ read: inout SettingsReader, of backend: AuthenticationSettings.Backend) {
            text = read("authentication.of_\(backend.rawValue)", .text, default: "d", help: "")
        }

        init(_ read: inout SettingsReader, _ common: AuthenticationSettings) {
            self.init(&read, of: common.backend)
        }

        func authenticator(
            _ common: AuthenticationSettings, directory: String, logger: Logger
        ) async throws -> GatewayAuthenticator {
            throw BackendProblem("backend", "is for reading only")
        }
    }

    /// With a backend that has a key of its own, as authenticators' targets have.
    private func read(
        _ environment: [String: String], backends: [AuthenticationSettings.Backend] = [.mysql, .http]
    ) -> (own: AuthenticationSettings.OwnSettings?, problems: [String]) {
        var read = SettingsReader([EnvironmentLayer(environment)], readFile: BoundedFile.reader)
        var common = AuthenticationSettings()
        common.backend = read("authentication.backend", .choice(), default: common.backend, help: "")
        let sections: [(AuthenticationSettings.Backend, AuthenticatorSections.Section)] = backends.map { backend in
            (backend, { read, _ in OneText(&read, of: backend) })
        }
        let own = AuthenticationSettings.OwnSettings(
            &read, common, sections: Dictionary(uniqueKeysWithValues: sections))
        read.checkNames(strict: ["authentication."], others: [])
        return (own, read.problems.map(\.description))
    }

    @Test func `A backend's own section is read, and its keys belong to it alone`() {
        let mine = read(["AUTHENTICATION_BACKEND": "mysql", "AUTHENTICATION_OF_MYSQL": "x"])
        #expect((mine.own?.settings as? OneText)?.text == "x" && mine.problems.isEmpty)
        #expect(mine.own != read(["AUTHENTICATION_BACKEND": "mysql"]).own)
        let others = read(["AUTHENTICATION_BACKEND": "mysql", "AUTHENTICATION_OF_HTTP": "x"])
        #expect(
            others.problems == [
                "AUTHENTICATION_OF_HTTP (environment): belongs to backend http; authentication.backend is mysql"
            ])
        #expect(
            read(["AUTHENTICATION_OF_HTTP": "x"]).problems == [
                "AUTHENTICATION_OF_HTTP (environment): belongs to backend http; authentication.backend is none"
            ])
    }

    @Test func `A backend that is not built in is a problem and not silence`() {
        let found = read(["AUTHENTICATION_BACKEND": "redis"])
        #expect(found.own == nil)
        #expect(
            found.problems == [
                #"AUTHENTICATION_BACKEND (authentication.backend) is "redis" (environment): expected a backend that "#
                    + "this program was built with: none, mysql, http, broker"
            ])
    }

    @Test func `Common keys have the contract's defaults`() throws {
        #expect(try load().configuration.authentication == AuthenticationSettings())
        let texts = Dictionary(
            uniqueKeysWithValues: LoadedConfiguration.table.filter { $0.group == "Authentication" }.map {
                (String($0.key.dropFirst("authentication.".count)), $0.defaultText)
            })
        for (key, text) in [
            "backend": "none", "enable": "true", "mechanism": "", "username_is_identity": "true",
            "unknown_identity": "404", "password_forms": "ocpp", "timeout": "10s", "max_waiting": "10000",
            "retry_pause": "5s", "cache.ttl": "0s", "pool_size": "8", "connect_timeout": "5s", "query_timeout": "5s",
            "username": "", "password": "", "password_file": "", "ssl.enable": "false", "ssl.verify": "verify_peer",
            "password_hash_algorithm.name": "sha256", "password_hash_algorithm.salt_position": "prefix",
        ] { #expect(texts[key] == text, "\(key)") }
    }

    @Test func `What is set and does nothing with the backend is a warning`() throws {
        for (name, value) in [
            "AUTHENTICATION_POOL_SIZE": "9", "AUTHENTICATION_PASSWORD": "hush", "AUTHENTICATION_SSL_ENABLE": "true",
        ] {
            let found = try warnings([name: value]).filter { $0.hasPrefix(name) }
            #expect(
                found.count == 1 && found[0].hasSuffix("has no effect with authentication.backend: none"), "\(found)")
            #expect(!found[0].contains("hush"))
        }
    }

    @Test(arguments: [
        ["BACKEND": "built_in_database"], ["BACKEND": "http", "URL": "http://h/"],
        ["BACKEND": "jwt", "SECRET": "hush", "VERIFY_CLAIMS": #"{"sub":"${clientid}"}"#], ["BACKEND": "redis"],
    ])
    func `How many are asked about at once is every backend's`(own: [String: String]) throws {
        var settings = ["AUTHENTICATION_POOL_SIZE": "9"]
        for (key, value) in own { settings["AUTHENTICATION_\(key)"] = value }
        #expect(try warnings(settings).filter { $0.hasPrefix("AUTHENTICATION_POOL_SIZE") }.isEmpty)
        #expect(try load(settings).configuration.authentication.gate.poolSize == 9)
    }

    @Test(
        arguments: [
            (
                [
                    "AUTHENTICATION_MECHANISM": "jwt", "AUTHENTICATION_BACKEND": "broker",
                    "BROKER_SESSIONS": "per_charge_point",
                ], "expected password_based"
            ),
            (
                [
                    "AUTHENTICATION_PASSWORD_HASH_ALGORITHM_NAME": "pbkdf2",
                    "AUTHENTICATION_PASSWORD_HASH_ALGORITHM_ITERATIONS": "9",
                ], "pbkdf2 needs it"
            ),
            (["AUTHENTICATION_PASSWORD_HASH_ALGORITHM_SALT_ROUNDS": "16"], "5 to 15"),
            (["AUTHENTICATION_UNKNOWN_IDENTITY": "403"], "expected 404, 401"),
            (["AUTHENTICATION_SSL_CERTFILE": "/dev/null"], "expected authentication.ssl.keyfile with it"),
            (["AUTHENTICATION_SSL_CACERTFILE": "/nowhere"], "No such file"),
            (["MANAGEMENT_API_KEY": "k"], "expected management.api_secret with it"),
            (["MANAGEMENT_API_SECRET": "hush"], "expected management.api_key with it"),
            (
                [
                    "MANAGEMENT_API_KEY": "k", "MANAGEMENT_API_SECRET": "hush",
                    "MANAGEMENT_API_SECRET_FILE": "/dev/null",
                ], "not both"
            ),
            (["MANAGEMENT_API_KEYS_FILE": "/nowhere"], "No such file"),
            (["MANAGEMENT_SSL_OPTIONS_KEYFILE": "/dev/null"], "expected management.ssl_options.certfile with it"),
            (["MANAGEMENT_BIND": "nowhere"], "address:port"),
            (
                ["MANAGEMENT_BIND": "33033", "LISTENERS_WS_DEFAULT_BIND": "33033"],
                "expected an address that ws:default"
            ),
            (["DATA_DIR": ""], "expected a value"),
        ] as [([String: String], String)])
    func `What does not go together is a problem, once`(environment: [String: String], expected: String) {
        let found = problems(environment)
        #expect(found.contains { $0.contains(expected) }, "\(found)")
        #expect(!found.contains { $0.contains("hush") })
    }

    @Test func `Switched off it is as none, and its keys may stay`() throws {
        let loaded = try load(["AUTHENTICATION_BACKEND": "broker", "AUTHENTICATION_ENABLE": "false"])
        #expect(loaded.configuration.authentication.effectiveBackend == .none)
        #expect(loaded.warnings.contains { $0.description.contains("everyone who can reach a listener is let in") })
    }

    @Test func `Management that others can reach without TLS is a warning, and it can be off`() throws {
        #expect(try warnings(["MANAGEMENT_BIND": "0.0.0.0:80"]).map { $0.contains("without TLS") } == [true])
        #expect(try warnings(["MANAGEMENT_BIND": "[::1]:80"]).isEmpty)
        let off = try load(["MANAGEMENT_BIND": ""])
        #expect(off.configuration.management.bind == nil)
        let file = try TemporaryFile("s3cret\n")
        let loaded = try load(["MANAGEMENT_API_KEY": "ops", "MANAGEMENT_API_SECRET": "file://\(file.path)"])
        #expect(loaded.configuration.management.apiSecret?.text == "s3cret")
        #expect(loaded.configuration.management.apiKey?.text == "ops")
        #expect(!loaded.effectiveText.contains(file.path))
    }
}
