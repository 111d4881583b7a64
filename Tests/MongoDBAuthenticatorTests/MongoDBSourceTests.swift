import BackendTestSupport
import CredentialChecking
import TestSupport
import Testing

@testable import MongoDBAuthenticator

extension MongoDBSource: TestedSource {}

/// authentication.md, "Backends" and "Outcomes", against the real server.
@Suite(.serialized) struct MongoDBSourceTests: SourceSuite {
    typealias Source = MongoDBSource

    private let server: MongoDBServer

    init() throws {
        server = try MongoDBServer.shared.get()
    }

    @Test func `A document's fields are read by their names`() async throws {
        var configuration = server.configuration()
        try await with(configuration) { source in
            let row = StoredCredential(
                hash: Array("hash-1".utf8), salt: Array("salt-1".utf8), isSuperuser: true, securityProfile: 2)
            #expect(await Outcome(of: "CP-1", from: source) == .rows([row]))
            #expect(await Outcome(of: "nobody", from: source) == .unknown)
        }
        configuration.hashField = "login.hash"
        configuration.saltField = "login.salt"
        try await with(configuration) { source in
            let row = StoredCredential(hash: Array("hash-deep".utf8), salt: Array("s".utf8))
            #expect(await Outcome(of: "CP-DEEP", from: source) == .rows([row]))
        }
    }

    @Test func `A document without a hash has none, null, empty or missing`() async throws {
        try await with(server.configuration()) { source in
            for name in ["CP-NULL", "CP-EMPTY", "CP-DEEP"] {
                #expect(await Outcome(of: name, from: source) == .rows([StoredCredential(hash: nil)]))
            }
        }
    }

    @Test func `Two documents are an old and a new password, and no more are read`() async throws {
        try await with(server.configuration()) { source in
            #expect(await Outcome(of: "CP-2", from: source).hashes == ["new", "old"])
        }
    }

    @Test func `A hostile name is a name that nobody has`() async throws {
        let filter = #"{"$or": [{"username": "${username}"}, {"username": {"$eq": "${clientid}"}}]}"#
        for filter in [MongoDBConfiguration.defaultFilter, filter] {
            try await with(server.configuration(filter: filter)) { source in
                #expect(await hostileNamesThatAreKnown(to: source).isEmpty)
                #expect(await Outcome(of: "O'Hara", from: source).hashes == ["hash-q"])
                #expect(await Outcome(of: "CP-1", from: source).hashes == ["hash-1"])
            }
        }
    }

    @Test func `A wrong query is nonsense, and what was asked for is not in the words`() async throws {
        let filter = #"{"$or": [{"x": {"$nonsense": 1}}, {"username": "${username}"}]}"#
        let failure = try await failure(server.configuration(filter: filter), "secret-name")
        #expect(failure?.kind == .nonsense)
        #expect(failure?.reason.hasPrefix("error ") == true, "\(failure?.reason ?? "")")
        #expect(try await self.failure(server.configuration(), "CP-9")?.kind == .nonsense)
    }

    @Test func `A password file is read anew for each connection, and one that cannot be read is named`() async throws {
        try await expectPasswordFileIsReadAnew(
            server.configuration(password: "wrong password"), \.passwordFile, right: MongoDBServer.password)
    }

    @Test func `Wrong credentials of ours are nonsense, and not in the words`() async throws {
        let failure = try await failure(server.configuration(password: "wrong password"))
        #expect(failure?.kind == .nonsense, "\(failure?.reason ?? "")")
        #expect(failure?.reason.contains("uthentication failed") == true, "\(failure?.reason ?? "")")
        #expect(failure?.reason.contains("wrong password") == false)
        var configuration = server.configuration()
        configuration.userName = nil
        configuration.password = nil
        #expect(try await self.failure(configuration)?.kind == .nonsense)
    }

    @Test func `A replica set is found by its name, and no other by it`() async throws {
        var configuration = server.configuration()
        configuration.topology = .replicaSet(name: "secantus")
        configuration.mayAskSecondaries = true
        #expect(try await failure(configuration) == nil)
        configuration.topology = .replicaSet(name: "another")
        #expect(try await failure(configuration)?.kind == .unreachable)
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
        let server = try MongoDBServer.withTLS.get()
        var tls = server.certificates.mutualTLS()
        tls.certificateFile = server.certificates.clientFile
        tls.keyFile = server.certificates.clientFile
        tls.caFile = nil
        #expect(try await failure(server.configuration(host: "localhost", tls: tls))?.kind == .unreachable)
        tls.caFile = server.certificates.caFile
        #expect(try await failure(server.configuration(host: "localhost", tls: tls)) == nil)
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls))?.kind == .unreachable)
        tls.serverName = .disabled
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls)) == nil)
        tls.caFile = nil
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls))?.kind == .unreachable)
        tls.verifiesPeer = false
        tls.serverName = .ofHost
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls)) == nil)
        tls.certificateFile = nil
        tls.keyFile = nil
        #expect(try await failure(server.configuration(host: "127.0.0.1", tls: tls))?.kind == .unreachable)
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

    @Test func `A server that does not answer is given up with its connection`() async throws {
        let limits = PoolLimits(size: 1, queryTimeout: .milliseconds(500))
        let server = server.server
        try await with(self.server.configuration(limits: limits)) { source in
            #expect(await Outcome.of("CP-1", from: source) { $0.hashes != nil }.hashes == ["hash-1"])
            server.freeze()
            #expect(await Outcome(of: "CP-1", from: source).failure?.kind == .unreachable)
            server.thaw()
            #expect(await Outcome.of("CP-1", from: source) { $0.hashes != nil }.hashes == ["hash-1"])
        }
    }

    @Test func `What is wrong with the settings is told at once`() {
        var tls = BackendTLS(isEnabled: true)
        tls.versions = [.tls13]
        tls.serverName = .named("other")
        let configuration = MongoDBConfiguration(
            topology: .replicaSet(name: ""), server: "host:port", database: "", collection: "", userName: "gateway",
            filter: "{}", tls: tls, limits: PoolLimits(size: 0))
        let problems = #expect(throws: BackendProblems.self) { try MongoDBSource(configuration) }?.problems
        let keys = ["pool_size", "server", "filter", "database", "collection", "replica_set_name", "username"]
        #expect(problems?.map(\.key) == keys + ["ssl.versions", "ssl.server_name_indication"])
    }
}
