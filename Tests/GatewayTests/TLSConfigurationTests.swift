import Foundation
import Settings
import SpawnedProcess
import Testing
import WebSocketFrontEnd

@testable import Gateway

@Suite("Configuration: TLS of a listener")
struct TLSConfigurationTests {
    private final class Files {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gateway-\(UUID().uuidString)")

        /// A certificate that signs itself, its encrypted key, and a revocation list.
        init() throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let script = """
                set -e; cd "$0"
                printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index\\ndefault_md=sha256\\n' >ca.cnf; : >index
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -passout pass:s3cr3t -subj /CN=test \
                    -keyout key.pem -out cert.pem -days 2
                openssl ca -config ca.cnf -cert cert.pem -keyfile key.pem -passin pass:s3cr3t -gencrl -crldays 2 \
                    -out crl.pem
                """
            let process = SpawnedProcess()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", script, folder.path]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

        /// A listener that is complete, with more settings.
        func environment(_ options: [String: String] = [:]) -> [String: String] {
            let usual = ["CERTFILE": path("cert.pem"), "KEYFILE": path("key.pem"), "PASSWORD": "s3cr3t"]
            let all = usual.merging(options) { _, own in own }
            return Dictionary(
                uniqueKeysWithValues: all.map { ("LISTENERS_WSS_MAIN_SSL_OPTIONS_\($0)", $1) } + [
                    ("LISTENERS", "wss:main")
                ])
        }
    }

    private let files: Files

    init() throws { files = try Files() }

    private var peer: [String: String] { ["VERIFY": "verify_peer", "CACERTFILE": files.path("cert.pem")] }

    @Test
    func `A wss listener has what its settings say`() throws {
        let listener = try load(
            files.environment(
                peer.merging([
                    "CRL_FILE": files.path("crl.pem"), "VERSIONS": "tlsv1.2, tlsv1.1", "FAIL_IF_NO_PEER_CERT": "true",
                    "DEPTH": "3", "IDENTITY_FROM_CERT": "san", "HANDSHAKE_TIMEOUT": "2s",
                    "CIPHERS": "ECDHE-RSA-AES128-GCM-SHA256",
                ]) { _, own in own })
        ).configuration.listeners[0].configuration
        #expect(listener.name == "wss:main")
        #expect(listener.identityFromCertificate == .alternativeName)
        #expect(
            listener.tls
                == TLSOptions(
                    certificateFile: files.path("cert.pem"), keyFile: files.path("key.pem"), keyPassword: "s3cr3t",
                    authorityFile: files.path("cert.pem"), revocationFile: files.path("crl.pem"),
                    versions: .v11 ... .v12, ciphers: ["ECDHE-RSA-AES128-GCM-SHA256"], verifiesPeer: true,
                    requiresPeerCertificate: true, depth: 3, handshakeTimeout: .seconds(2)))
        let plain = try load(files.environment()).configuration.listeners[0].configuration
        #expect(plain.tls?.versions == .v12 ... .v13 && plain.tls?.verifiesPeer == false)
        #expect(plain.identityFromCertificate == .none && plain.tls?.handshakeTimeout == .seconds(15))
        #expect(try load(["LISTENERS": "ws:main"]).configuration.listeners[0].configuration.tls == nil)
    }

    @Test
    func `A file that has gone since is no reason to refuse a change that leaves its listener alone`() throws {
        let loaded = try load(
            yaml: """
                listeners.wss.main:
                    bind: 127.0.0.1:33043
                    ssl_options: {certfile: \(files.path("cert.pem")), keyfile: \(files.path("key.pem")), password: s3cr3t}
                """)
        try FileManager.default.removeItem(atPath: files.path("cert.pem"))
        func change(_ key: String, _ value: SettingsValue) throws -> ConfigurationChange {
            try loaded.changed(by: [SettingsMember(key, value)])
        }
        let certificate = "listeners.wss.main.ssl_options.certfile"
        for (key, value) in [
            ("log.level", "debug"), ("limits.bad_messages", "7"), ("mountpoint", "m/"),
            ("listeners.wss.main.enable_authn", "false"), ("listeners.ws.other.bind", "127.0.0.1:1"),
        ] {
            let changed = try change(key, .text(value)).loaded
            // All of it, or it would be opened anew, or stopped.
            #expect(changed.configuration.listeners[0].configuration == loaded.configuration.listeners[0].configuration)
            #expect(changed.readings.first { $0.key == key }?.text == value)
            #expect(changed.warnings.contains { $0.key == certificate })
            // And so on from there.
            #expect(try changed.changed(by: [SettingsMember("idle_timeout", .text("30s"))]).differences.isEmpty)
        }
        // What opens it anew, and what is wrong with the change itself.
        #expect(loaded.keysThatRefuse("listeners.wss.main.max_connections", "5") == [certificate])
        #expect(loaded.keysThatRefuse("idle_timeout", "5s") == [certificate])
        #expect(loaded.keysThatRefuse(certificate, "/nowhere.pem") == [certificate])
        #expect(loaded.keysThatRefuse("limits.bad_messages", "x") == ["limits.bad_messages"])
    }

    @Test
    func `A ws listener behind a proxy that terminates TLS takes the CN from it, and nothing else`() throws {
        var environment = ["LISTENERS_WS_DEFAULT_SSL_OPTIONS_IDENTITY_FROM_CERT": "cn"]
        #expect(problems(environment).count == 1)
        environment["LISTENERS_WS_DEFAULT_PROXY_PROTOCOL"] = "true"
        let loaded = try load(environment)
        #expect(loaded.configuration.listeners[0].configuration.identityFromCertificate == .commonName)
        #expect(try load(yaml: loaded.effectiveText).configuration == loaded.configuration)
        environment["LISTENERS_WS_DEFAULT_SSL_OPTIONS_IDENTITY_FROM_CERT"] = "san"
        #expect(problems(environment).count == 1)
    }

    @Test
    func `A listener of each kind may have the same name`() throws {
        var environment = files.environment()
        environment["LISTENERS"] = "ws:main,wss:main"
        environment["LISTENERS_WSS_MAIN_BIND"] = "33044"
        #expect(try load(environment).configuration.listeners.map(\.configuration.name) == ["main", "wss:main"])
    }

    @Test(
        arguments: [
            (["CERTFILE": ""], "CERTFILE", "needs it"), (["KEYFILE": ""], "KEYFILE", "needs it"),
            (["CERTFILE": "/nowhere.pem"], "CERTFILE", "No such file"),
            (["KEYFILE": "<cert.pem>"], "KEYFILE", "private key in PEM"),
            (["CERTFILE": "<key.pem>"], "CERTFILE", "certificate in PEM"),
            (["PASSWORD": "wr0ng"], "PASSWORD", "expected the password"),
            (["PASSWORD": ""], "PASSWORD", "the key is encrypted"),
            (["VERSIONS": "tlsv1.3, tlsv1.1"], "VERSIONS", "no gap"), (["VERSIONS": "sslv3"], "VERSIONS", "tlsv1.3"),
            (["VERIFY": "verify_peer"], "VERIFY", "cacertfile"), (["VERIFY": "maybe"], "VERIFY", "verify_none"),
            (["FAIL_IF_NO_PEER_CERT": "on"], "FAIL_IF_NO_PEER_CERT", "verify_peer"),
            (["IDENTITY_FROM_CERT": "cn"], "IDENTITY_FROM_CERT", "verify_peer"),
            (["VERIFY": "verify_peer", "CACERTFILE": "<key.pem>"], "CACERTFILE", "certificates in PEM"),
            (["VERIFY": "verify_peer", "CACERTFILE": "<cert.pem>", "CRL_FILE": "<key.pem>"], "CRL_FILE", "revocation"),
            (["DEPTH": "-1"], "DEPTH", "0 to 30"),
            (["CIPHERS": "ROT13"], "CIPHERS", "by IANA or OpenSSL name: unknown cipher suite ROT13"),
            (["CIPHERS": "TLS_AES_128_GCM_SHA256"], "CIPHERS", "for TLS 1.2"),
            (["HANDSHAKE_TIMEOUT": "0"], "HANDSHAKE_TIMEOUT", "10ms to 24h"),
        ] as [([String: String], String, String)])
    func `What cannot be used is a problem that names its key, and nothing of the key is shown`(
        options: [String: String], key: String, expected: String
    ) throws {
        let options = options.mapValues { value in
            value.hasPrefix("<") ? files.path(String(value.dropFirst().dropLast())) : value
        }
        let problems = problems(files.environment(options))
        #expect(problems.count == 1, "\(problems)")
        let problem = problems.first ?? ""
        #expect(problem.hasPrefix("LISTENERS_WSS_MAIN_SSL_OPTIONS_\(key) "), "\(problem)")
        #expect(problem.contains(expected) && problem.contains("expected "), "\(problem)")
        #expect(!problem.contains("s3cr3t") && !problem.contains("wr0ng") && !problem.contains("BEGIN"))
    }

    @Test
    func `What has no effect, and old versions of TLS, are warnings`() throws {
        let authorities = try warnings(files.environment(["CACERTFILE": files.path("cert.pem")]))
        #expect(authorities.count == 1 && authorities[0].contains("no effect"), "\(authorities)")
        let old = try warnings(files.environment(["VERSIONS": "tlsv1.2,tlsv1.1,tlsv1"]))
        #expect(old.count == 1 && old[0].contains("forbidden by OCPP"), "\(old)")
    }

    @Test
    func `What is printed of a wss listener is a configuration again, but for the password`() throws {
        let text = try load(files.environment(peer)).effectiveText
        #expect(text.contains("listeners.wss.main.ssl_options.verify: \"verify_peer\""))
        #expect(!text.contains("s3cr3t"))
        let environment = ["LISTENERS_WSS_MAIN_SSL_OPTIONS_PASSWORD": "s3cr3t"]
        #expect(try load(environment, yaml: text).configuration == load(files.environment(peer)).configuration)
        #expect(try !load().effectiveText.contains("listeners.ws.default.ssl_options"))
    }
}
