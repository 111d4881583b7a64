import BackendTestSupport
import CredentialChecking
import TestSupport
import Testing

@testable import PostgreSQLAuthenticator

extension PostgreSQLSource: TestedSource {}

/// authentication.md, "Backends" and "Outcomes", against the real server.
@Suite(.serialized) struct PostgreSQLSourceTests: SourceSuite {
    typealias Source = PostgreSQLSource

    private let server: PostgreSQLServer

    init() throws {
        server = try PostgreSQLServer.shared.get()
    }

    @Test(arguments: [false, true])
    func `A row is read by its columns' names`(isUnprepared: Bool) async throws {
        var configuration = server.configuration(
            query: "SELECT security_profile, SALT, password_hash AS \"Password_Hash\", is_superuser FROM mqtt_user "
                + "WHERE username = '${username}'")
        configuration.disablesPreparedStatements = isUnprepared
        try await with(configuration) { source in
            let row = StoredCredential(
                hash: Array("hash-1".utf8), salt: Array("salt-1".utf8), isSuperuser: true, securityProfile: 2)
            #expect(await Outcome(of: "CP-1", from: source) == .rows([row]))
            #expect(await Outcome(of: "CP-1", from: source) == .rows([row]))
            #expect(await Outcome(of: "nobody", from: source) == .unknown)
        }
    }

    @Test func `A row without a hash has none, NULL or empty`() async throws {
        try await with(server.configuration()) { source in
            for name in ["CP-NULL", "CP-EMPTY"] {
                #expect(await Outcome(of: name, from: source) == .rows([StoredCredential(hash: nil)]))
            }
        }
    }

    @Test func `Two rows are an old and a new password, and no more are read`() async throws {
        let query = "SELECT password_hash FROM mqtt_user WHERE username = ${username}"
        try await with(server.configuration(query: query)) { source in
            #expect(await Outcome(of: "CP-2", from: source).hashes == ["new", "old"])
            for _ in 0..<3 {
                #expect(await Outcome(of: "CP-MANY", from: source).hashes?.count == 2)
            }
            #expect(await Outcome(of: "CP-1", from: source).hashes?.count == 1)
        }
    }

    @Test func `A hostile name is a name that nobody has`() async throws {
        try await with(server.configuration()) { source in
            #expect(await hostileNamesThatAreKnown(to: source).isEmpty)
            #expect(await Outcome(of: "O'Hara", from: source).hashes?.count == 1)
            #expect(await Outcome(of: "CP-1", from: source).hashes?.count == 1)
        }
    }

    @Test func `A name that cannot be of the column's type is nobody's`() async throws {
        let query = "SELECT password FROM numbered WHERE id = ${username}"
        try await with(server.configuration(query: query)) { source in
            #expect(await Outcome(of: "7", from: source).hashes?.count == 1)
            for name in ["CP-7", "99999999999999999999", "7; --"] {
                #expect(await Outcome(of: name, from: source) == .unknown)
            }
        }
    }

    @Test(arguments: [
        ("SELECT password_hash FROM nowhere WHERE username = ${username}", "nowhere"),
        ("SELECT password_hsah FROM mqtt_user WHERE username = ${username}", "password_hsah"),
        ("SELECT salt FROM mqtt_user WHERE username = ${username}", "password_hash"),
        ("SELECTT ${username}", "syntax error"),
        ("DELETE FROM mqtt_user WHERE username = ${username}", "permission denied"),
    ])
    func `A wrong query is nonsense, and the server says why`(query: String, words: String) async throws {
        let failure = try await failure(server.configuration(query: query), "secret-name")
        #expect(failure?.kind == .nonsense)
        #expect(failure?.reason.contains(words) == true, "\(failure?.reason ?? "")")
        #expect(failure?.reason.contains("secret-name") == false)
    }

    @Test func `Words of the server that may quote a parameter are not handed on`() async throws {
        let query =
            "SELECT password_hash FROM mqtt_user WHERE username = repeat(${username}, -1) || CHR(CAST(LENGTH(${username}) - 11 AS integer))"
        let failure = try await failure(server.configuration(query: query), "secret-name")
        #expect(failure?.kind == .nonsense)
        #expect(failure?.reason == "SQLSTATE 54000", "\(failure?.reason ?? "")")
    }

    /// Attack: a query that makes a name of what is shown, which class 42 then quotes, in small letters.
    @Test(arguments: [false, true])
    func `Words of a wrong query are not handed on where they hold a parameter`(isUnprepared: Bool) async throws {
        for query in [
            "SELECT password_hash FROM mqtt_user WHERE username = ${clientid} AND ${username}::regclass IS NOT NULL",
            "SELECT password_hash FROM mqtt_user WHERE username = ${clientid} AND (${username}::text)::regclass IS NOT NULL",
        ] {
            var configuration = server.configuration(query: query)
            configuration.disablesPreparedStatements = isUnprepared
            for name in ["SecretName", "Secret.Name", "S", String(repeating: "Secret", count: 20)] {
                let failure = try await failure(configuration, name)
                #expect(failure?.kind == .nonsense)
                #expect(failure?.reason.hasPrefix("SQLSTATE ") == true, "\(failure?.reason ?? "")")
            }
        }
    }

    @Test func `A security profile that is none is nonsense`() async throws {
        #expect(try await failure(server.configuration(), "CP-9")?.kind == .nonsense)
    }

    @Test func `A password file is read anew for each connection, and one that cannot be read is named`() async throws {
        try await expectPasswordFileIsReadAnew(
            server.configuration(password: "wrong password"), \.passwordFile, right: PostgreSQLServer.password)
    }

    @Test func `Wrong credentials of ours are nonsense, and not in the words`() async throws {
        let failure = try await failure(server.configuration(password: "wrong password"))
        #expect(failure?.kind == .nonsense)
        #expect(failure?.reason.contains("28P01") == true, "\(failure?.reason ?? "")")
        #expect(failure?.reason.contains("wrong password") == false)
    }

    @Test func `A database that is not there is nonsense`() async throws {
        var configuration = server.configuration()
        configuration.database = "nowhere"
        #expect(try await failure(configuration)?.kind == .nonsense)
    }

    @Test func `Nobody listens: unreachable, and the next server of the list is tried`() async throws {
        var configuration = server.configuration()
        let port = try freePort()
        configuration.server = "127.0.0.1:\(port)"
        #expect(try await failure(configuration)?.kind == .unreachable)
        configuration.server = "127.0.0.1:\(port), 127.0.0.1:\(server.server.port)"
        #expect(try await failure(configuration) == nil)
    }

    @Test func `TLS checks the server's certificate and name`() async throws {
        var tls = BackendTLS(isEnabled: true)
        #expect(try await failure(server.configuration(host: "localhost", tls: tls))?.kind == .unreachable)
        tls.caFile = server.certificates.caFile
        #expect(try await failure(server.configuration(host: "localhost", tls: tls)) == nil)
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls))?.kind == .unreachable)
        tls.serverName = .named("localhost")
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls)) == nil)
        tls.serverName = .named("another.example")
        #expect(try await failure(server.configuration(host: "localhost", tls: tls))?.kind == .unreachable)
        tls.serverName = .disabled
        tls.versions = [.tls13]
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls)) == nil)
        tls.caFile = nil
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls))?.kind == .unreachable)
        tls.verifiesPeer = false
        tls.serverName = .ofHost
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls)) == nil)
    }

    @Test func `A certificate lets the gateway in`() async throws {
        var configuration = server.configuration(tls: server.certificates.mutualTLS(serverName: .named("localhost")))
        configuration.userName = "certified"
        configuration.password = nil
        #expect(try await failure(configuration) == nil)
        configuration.tls.certificateFile = nil
        configuration.tls.keyFile = nil
        #expect(try await failure(configuration)?.kind == .nonsense)
    }

    @Test func `A server that was killed and started again answers on fresh connections`() async throws {
        try await with(server.configuration()) { source in
            let wrong = try await outcomesOfRestarts(server.server, source)
            #expect(wrong.isEmpty)
        }
    }

    @Test func `Killed and started again while requests run: each is answered, right or not at all`() async throws {
        try await with(server.configuration()) { source in
            let wrong = try await outcomesOfKill(server.server, source)
            #expect(wrong.isEmpty)
        }
    }

    @Test func `A query that takes too long is given up with its connection`() async throws {
        let query =
            "SELECT password_hash, pg_sleep(CASE username WHEN 'CP-1' THEN 30 ELSE 0 END) FROM mqtt_user "
            + "WHERE username = ${username}"
        let limits = PoolLimits(size: 1, queryTimeout: .milliseconds(300))
        try await with(server.configuration(query: query, limits: limits)) { source in
            #expect(await Outcome(of: "CP-1", from: source).failure?.kind == .unreachable)
            let next = await Outcome.of("O'Hara", from: source) { $0.hashes != nil }
            #expect(next.hashes?.count == 1)
        }
    }

    @Test func `What is wrong with the settings is told at once`() throws {
        let configuration = PostgreSQLConfiguration(
            server: "host:port", database: "", userName: "", query: "SELECT ${password}", limits: PoolLimits(size: 0))
        let problems = #expect(throws: BackendProblems.self) { try PostgreSQLSource(configuration) }?.problems
        #expect(problems?.map(\.key) == ["pool_size", "server", "query", "database", "username"])
    }
}
