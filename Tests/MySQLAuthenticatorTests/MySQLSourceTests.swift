import BackendTestSupport
import CredentialChecking
import TestSupport
import Testing

@testable import MySQLAuthenticator

extension MySQLSource: TestedSource {}

/// authentication.md, "Backends" and "Outcomes", against the real server.
@Suite(.serialized) struct MySQLSourceTests: SourceSuite {
    typealias Source = MySQLSource

    private let server: MySQLServer

    init() throws {
        server = try MySQLServer.shared.get()
    }

    @Test func `A row is read by its columns' names`() async throws {
        let configuration = server.configuration(
            query: "SELECT security_profile, SALT, password_hash AS Password_Hash, is_superuser FROM mqtt_user "
                + "WHERE username = '${username}'")
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

    /// Attack: one password opened cp1, CP1 and "cp1 ", by the column's collation.
    @Test(arguments: [
        "SELECT password_hash FROM loose WHERE name = ${username} LIMIT 1",
        "SELECT password_hash FROM latin WHERE name = ${username} LIMIT 1",
        "select password_hash from gateway.loose AS `l` where (`l`.name='${username}') and 1 = 1;",
        "SELECT password_hash FROM loose WHERE name = ${username} COLLATE utf8mb4_nopad_bin",
    ])
    func `A name is its bytes, whatever the column's collation takes for the same`(query: String) async throws {
        try await with(server.configuration(query: query)) { source in
            for (name, hash) in [("cp1", "hash-1"), ("Zürich", "hash-2")] {
                #expect(await Outcome(of: name, from: source).hashes == [hash], "\(name)")
            }
            for name in ["CP1", "Cp1", "cp1 ", "cp1\t", "çp1", "Zurich", "zürich", "Zu\u{308}rich", ""] {
                #expect(await Outcome(of: name, from: source) == .unknown, "\(name)")
            }
        }
    }

    @Test func `A number is its digits`() async throws {
        let query = "SELECT password_hash FROM mqtt_user WHERE id = ${username}"
        try await with(server.configuration(query: query)) { source in
            #expect(await Outcome(of: "1", from: source).hashes == ["hash-1"])
            for name in ["1x", "01", "1.0", " 1"] { #expect(await Outcome(of: name, from: source) == .unknown) }
        }
    }

    @Test(arguments: [
        "SELECT password_hash FROM latin WHERE name = ${username}",
        "SELECT password_hash FROM latin WHERE ${username} = name",
    ])
    func `A name that the column has no letters for is nobody's`(query: String) async throws {
        try await with(server.configuration(query: query)) { source in
            for name in ["例", "cp1😀", "\u{301}"] {
                #expect(await Outcome(of: name, from: source) == .unknown, "\(name)")
            }
        }
    }

    @Test func `Only a column alone is compared by its bytes, and a query that is left as it is is in doubt`() {
        let exact = "(name = ${username} AND CAST(CONVERT(name USING utf8mb4) AS BINARY) = CAST(${username} AS BINARY))"
        #expect(
            ExactNames.requiring(in: "SELECT x FROM t WHERE name = ${username} AND site = ${zone}")
                == "SELECT x FROM t WHERE \(exact) AND site = ${zone}")
        #expect(!ExactNames.areInDoubt(in: MySQLConfiguration.defaultQuery))
        #expect(!ExactNames.areInDoubt(in: "SELECT x FROM t WHERE LOWER(name) = BINARY ${username}"))
        for query in [
            "SELECT x FROM t WHERE LOWER(name) = ${username}", "SELECT x FROM t WHERE name LIKE ${clientid}",
            "SELECT x FROM t WHERE a + name = ${cid}", "SELECT x FROM t WHERE name = ${username} || 'x'",
            "SELECT x FROM t WHERE name <=> ${username}", "SELECT name = ${username} AS x FROM t",
        ] {
            #expect(ExactNames.requiring(in: query) == query)
            #expect(ExactNames.areInDoubt(in: query))
        }
    }

    @Test(arguments: [
        ("SELECT password_hash FROM nowhere WHERE username = ${username}", "nowhere"),
        ("SELECT password_hsah FROM mqtt_user WHERE username = ${username}", "password_hsah"),
        ("SELECT salt FROM mqtt_user WHERE username = ${username}", "password_hash"),
        ("SELECTT ${username}", "SQL syntax"),
        ("DELETE FROM mqtt_user WHERE username = ${username}", "command denied"),
    ])
    func `A wrong query is nonsense, and the server says why`(query: String, words: String) async throws {
        let failure = try await failure(server.configuration(query: query), "secret-name")
        #expect(failure?.kind == .nonsense)
        #expect(failure?.reason.contains(words) == true, "\(failure?.reason ?? "")")
        #expect(failure?.reason.contains("secret-name") == false)
    }

    @Test func `Words of the server that may quote a parameter are not handed on`() async throws {
        let query =
            "SELECT password_hash FROM mqtt_user WHERE id = 1 AND EXTRACTVALUE('<a/>', CONCAT('//', ${username}))"
        let failure = try await failure(server.configuration(query: query), "secret-name^")
        #expect(failure?.kind == .nonsense)
        #expect(failure?.reason == "error 1105", "\(failure?.reason ?? "")")
    }

    @Test func `A security profile that is none is nonsense`() async throws {
        #expect(try await failure(server.configuration(), "CP-9")?.kind == .nonsense)
    }

    @Test func `A password file is read anew for each connection, and one that cannot be read is named`() async throws {
        try await expectPasswordFileIsReadAnew(
            server.configuration(password: "wrong password"), \.passwordFile, right: MySQLServer.password)
    }

    @Test func `Wrong credentials of ours are nonsense, and not in the words`() async throws {
        let failure = try await failure(server.configuration(password: "wrong password"))
        #expect(failure?.kind == .nonsense)
        #expect(failure?.reason.contains("1045") == true, "\(failure?.reason ?? "")")
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
        tls.serverName = .disabled
        tls.versions = [.tls13]
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls)) == nil)
        tls.caFile = nil
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls))?.kind == .unreachable)
        tls.verifiesPeer = false
        tls.serverName = .ofHost
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls)) == nil)
    }

    @Test func `A certificate is shown to a server that wants one`() async throws {
        var configuration = server.configuration(host: "localhost", tls: server.certificates.mutualTLS())
        configuration.userName = "certified"
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
            "SELECT password_hash, SLEEP(IF(username = 'CP-1', 30, 0)) FROM mqtt_user "
            + "WHERE username = ${username}"
        let limits = PoolLimits(size: 1, queryTimeout: .milliseconds(300))
        try await with(server.configuration(query: query, limits: limits)) { source in
            #expect(await Outcome(of: "CP-1", from: source).failure?.kind == .unreachable)
            let next = await Outcome.of("O'Hara", from: source) { $0.hashes != nil }
            #expect(next.hashes?.count == 1)
        }
    }

    @Test func `What is wrong with the settings is told at once`() throws {
        let configuration = MySQLConfiguration(
            server: "host:port", database: "", userName: "", query: "SELECT ${password}",
            tls: {
                var tls = BackendTLS(isEnabled: true); tls.serverName = .named("other"); return tls
            }(),
            limits: PoolLimits(size: 0))
        let problems = #expect(throws: BackendProblems.self) { try MySQLSource(configuration) }?.problems
        #expect(
            problems?.map(\.key) == [
                "pool_size", "server", "query", "database", "username", "ssl.server_name_indication",
            ])
    }
}
