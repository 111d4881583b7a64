import BackendTestSupport
import CredentialChecking
import TestSupport
import Testing

@testable import RedisAuthenticator

extension RedisSource: TestedSource {}

/// authentication.md, "Backends" and "Outcomes", against a real server with a password and TLS.
@Suite(.serialized) struct RedisSourceTests: SourceSuite {
    typealias Source = RedisSource

    private let server: SingleRedis

    init() throws {
        server = try SingleRedis.shared.get()
    }

    @Test func `A key's fields are read by their names`() async throws {
        try await with(server.configuration()) { source in
            let row = StoredCredential(
                hash: Array("hash-1".utf8), salt: Array("salt-1".utf8), isSuperuser: true, securityProfile: 2)
            #expect(await Outcome(of: "CP-1", from: source) == .rows([row]))
            #expect(await Outcome(of: "nobody", from: source) == .unknown)
        }
        try await with(server.configuration(command: "hget mqtt_user:${clientid} password_hash")) { source in
            #expect(await Outcome(of: "CP-1", from: source).hashes == ["hash-1"])
            #expect(await Outcome(of: "nobody", from: source) == .unknown)
        }
    }

    @Test func `A key without a hash has none, missing or empty`() async throws {
        try await with(server.configuration()) { source in
            for name in ["CP-NULL", "CP-EMPTY"] {
                let row = StoredCredential(hash: nil, salt: Array("s".utf8))
                #expect(await Outcome(of: name, from: source) == .rows([row]))
            }
        }
    }

    @Test func `A hostile name is a name that nobody has`() async throws {
        try await with(server.configuration()) { source in
            #expect(await hostileNamesThatAreKnown(to: source).isEmpty)
            #expect(await Outcome(of: "O'Hara", from: source).hashes == ["hash-q"])
            #expect(await Outcome(of: "CP-1", from: source).hashes == ["hash-1"])
        }
    }

    @Test func `A key of another kind is nonsense, and its name is not in the words`() async throws {
        let failure = try await failure(server.configuration(), "CP-TEXT")
        #expect(failure?.kind == .nonsense)
        #expect(failure?.reason.contains("WRONGTYPE") == true, "\(failure?.reason ?? "")")
        #expect(try await self.failure(server.configuration(), "CP-9")?.kind == .nonsense)
    }

    @Test func `A password file is read anew for each connection, and one that cannot be read is named`() async throws {
        try await expectPasswordFileIsReadAnew(
            server.configuration(password: "wrong password"), \.passwordFile, right: RedisServer.password)
    }

    @Test(arguments: ["wrong password", nil])
    func `Wrong credentials of ours are nonsense, and not in the words`(password: String?) async throws {
        let failure = try await failure(server.configuration(password: password))
        #expect(failure?.kind == .nonsense)
        #expect(failure?.reason.contains(password == nil ? "NOAUTH" : "WRONGPASS") == true, "\(failure?.reason ?? "")")
        #expect(failure?.reason.contains("wrong password") == false)
    }

    @Test func `A user of the access list and a database are chosen`() async throws {
        try server.redis.command(
            "ACL", "SETUSER", "gateway", "on", ">of the gateway", "~mqtt_user:*", "+hmget", "+ping", "+select")
        var configuration = server.configuration(password: "of the gateway")
        configuration.userName = "gateway"
        configuration.database = 3
        try await with(configuration) { source in
            #expect(await Outcome(of: "CP-3", from: source).hashes == ["hash-3"])
            #expect(await Outcome(of: "CP-1", from: source) == .unknown)
        }
        configuration.command = "HMGET other:${username} password_hash"
        #expect(try await failure(configuration)?.kind == .nonsense)
        configuration.database = 99
        #expect(try await failure(configuration)?.kind == .nonsense)
    }

    @Test func `Nobody listens: unreachable, and the next server of the list is tried`() async throws {
        var configuration = server.configuration()
        let port = try freePort()
        configuration.server = "127.0.0.1:\(port)"
        #expect(try await failure(configuration)?.kind == .unreachable)
        configuration.server = "127.0.0.1:\(port), 127.0.0.1:\(server.redis.port)"
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

    @Test func `A certificate is shown to a server that wants one`() async throws {
        try server.redis.command("CONFIG", "SET", "tls-auth-clients", "yes")
        var tls = server.certificates.mutualTLS()
        #expect(try await failure(server.configuration(host: "localhost", tls: tls)) == nil)
        tls.certificateFile = nil
        tls.keyFile = nil
        #expect(try await failure(server.configuration(host: "localhost", tls: tls))?.kind == .unreachable)
        try server.redis.command("CONFIG", "SET", "tls-auth-clients", "no")
    }

    @Test func `A server that was killed and started again answers on fresh connections`() async throws {
        try await with(server.configuration()) { source in
            let wrong = try await outcomesOfRestarts(server.redis.server, source)
            #expect(wrong.isEmpty)
        }
    }

    @Test func `Killed and started again while requests run: each is answered, right or not at all`() async throws {
        try await with(server.configuration()) { source in
            let wrong = try await outcomesOfKill(server.redis.server, source)
            #expect(wrong.isEmpty)
        }
    }

    @Test func `A server that does not answer is given up with its connection`() async throws {
        let limits = PoolLimits(size: 1, connectTimeout: .milliseconds(300), queryTimeout: .milliseconds(300))
        let server = server.redis.server
        try await with(self.server.configuration(limits: limits)) { source in
            #expect(await Outcome.of("CP-1", from: source) { $0.hashes != nil }.hashes == ["hash-1"])
            server.freeze()
            #expect(await Outcome(of: "CP-1", from: source).failure?.kind == .unreachable)
            server.thaw()
            #expect(await Outcome.of("CP-1", from: source) { $0.hashes != nil }.hashes == ["hash-1"])
        }
    }

    @Test func `What is wrong with the settings is told at once`() {
        let configuration = RedisConfiguration(
            topology: .cluster, server: "host:port", userName: "gateway", database: 1, command: "GET ${username} x",
            limits: PoolLimits(size: 0))
        let problems = #expect(throws: BackendProblems.self) { try RedisSource(configuration) }?.problems
        #expect(problems?.map(\.key) == ["pool_size", "server", "cmd", "database", "username"])
    }
}
