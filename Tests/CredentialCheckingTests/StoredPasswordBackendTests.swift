import Authentication
import Dispatch
import OutsideNames
import Synchronization
import TestSupport
import Testing

@testable import CredentialChecking

/// authentication.md, "Outcomes".
struct StoredPasswordBackendTests {
    private final class Rows: CredentialSource {
        let rows: Mutex<[StoredCredential]>
        let failure: BackendFailure?

        init(_ rows: [StoredCredential] = [], failure: BackendFailure? = nil) {
            self.rows = Mutex(rows)
            self.failure = failure
        }

        func storedCredentials(for credentials: Credentials) async throws(BackendFailure) -> [StoredCredential] {
            if let failure { throw failure }
            return rows.withLock { $0 }
        }
    }

    private let lines = LogLines()
    private static let key = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"

    private func row(_ password: String, _ hash: PasswordHash = .standard, profile: Int? = nil) -> StoredCredential {
        let made = hash.made(from: Array(password.utf8))
        return StoredCredential(hash: made?.hash, salt: made?.salt ?? [], securityProfile: profile)
    }

    private func backend(
        _ source: Rows, _ change: (inout StoredPasswordSettings) -> Void = { _ in }
    ) -> StoredPasswordBackend {
        var settings = StoredPasswordSettings()
        change(&settings)
        return StoredPasswordBackend(name: "test", source: source, settings: settings, logger: lines.logger)
    }

    private func credentials(
        _ password: [UInt8]? = Array("secret".utf8), user: UserName? = "CP1"
    ) -> Credentials {
        Credentials(
            identity: "CP1", userName: user, password: password, peerHost: "192.0.2.1", listener: "ocpp:ws:default")
    }

    private func kind(_ verdict: AuthenticationVerdict) -> AuthenticationVerdict.Refusal.Kind? {
        if case .refused(let refusal) = verdict { refusal.kind } else { nil }
    }

    @Test func `The right password lets in, and a wrong one does not`() async throws {
        let backend = backend(Rows([row("secret", profile: 2)]))
        #expect(
            try await backend.verdict(on: credentials())
                == .accepted(.init(userName: "CP1", securityProfile: 2)))
        for wrong in ["", "Secret", "secret\0", String(repeating: "x", count: 65_536), "' OR ''='", "a\r\nb"] {
            #expect(try await kind(backend.verdict(on: credentials(Array(wrong.utf8)))) == .wrongCredentials)
        }
        #expect(lines.all == [])
    }

    @Test func `Of two rows either is good, and a third is not read`() async throws {
        let backend = backend(Rows([row("old"), row("new"), row("third")]))
        for password in ["old", "new"] {
            #expect(try await kind(backend.verdict(on: credentials(Array(password.utf8)))) == nil)
        }
        #expect(try await kind(backend.verdict(on: credentials(Array("third".utf8)))) == .wrongCredentials)
    }

    @Test func `A key is good in each of its forms, and with exact as it is stored alone`() async throws {
        let bytes = try #require(Hexadecimal.bytes(Self.key.utf8))
        let source = Rows([row(Self.key)])
        for sent in [bytes, Array(Self.key.utf8), Array(Self.key.lowercased().utf8)] {
            #expect(try await kind(backend(source).verdict(on: credentials(sent))) == nil)
            let isStored = sent == Array(Self.key.utf8)
            let exact = backend(source) { $0.forms = .exact }
            #expect(try await kind(exact.verdict(on: credentials(sent))) == (isStored ? nil : .wrongCredentials))
        }
    }

    @Test func `Nobody stored is an unknown identity, or 401 by configuration`() async throws {
        #expect(try await kind(backend(Rows()).verdict(on: credentials())) == .unknownIdentity)
        let silent = backend(Rows()) { $0.unknownIdentity = .unauthorized }
        #expect(try await kind(silent.verdict(on: credentials())) == .wrongCredentials)
    }

    @Test func `Unknown is 401 always where the user name is not the identity`() async throws {
        let backend = backend(Rows()) { $0.userNameRule = UserNameRule(holds: false) }
        #expect(backend.refusalUnasked(credentials(user: "shared")) == nil)
        #expect(try await kind(backend.verdict(on: credentials(user: "shared"))) == .wrongCredentials)
        #expect(try await kind(backend.verdict(on: credentials())) == .unknownIdentity)
    }

    @Test func `No credentials, no user name and a foreign user name are refused without asking`() {
        let backend = backend(Rows([row("secret")]))
        #expect(backend.refusalUnasked(credentials(nil))?.reason == "no credentials")
        #expect(backend.refusalUnasked(credentials(user: nil))?.reason == "no user name")
        #expect(backend.refusalUnasked(credentials(user: ""))?.reason == "no user name")
        #expect(backend.refusalUnasked(credentials(user: "CP2"))?.reason == "the user name is not the identity")
        #expect(backend.refusalUnasked(credentials(user: "cp1"))?.kind == .wrongCredentials)
        #expect(backend.refusalUnasked(credentials()) == nil)
    }

    @Test func `Where the identity is asked for an empty user name is none`() async throws {
        let backend = backend(Rows([row("secret")])) { $0.needsUserName = false }
        #expect(backend.refusalUnasked(credentials(user: "")) == nil)
        #expect(try await backend.verdict(on: credentials(user: "")) == .accepted(.init()))
    }

    @Test func `Wrong data is 401 and an error line without the data`() async throws {
        for (hash, profile) in [(nil, nil), ([], nil), (Array("not-a-hash".utf8), nil), (row("secret").hash, 4)] {
            let lines = LogLines()
            let backend = StoredPasswordBackend(
                name: "test", source: Rows([StoredCredential(hash: hash, securityProfile: profile)]), settings: .init(),
                logger: lines.logger)
            #expect(try await kind(backend.verdict(on: credentials())) == .wrongCredentials)
            #expect(lines.all.count == 1)
            #expect(
                lines.all.allSatisfy {
                    $0.hasPrefix("error authentication data is wrong") && $0.contains("identity=CP1")
                        && !$0.contains("not-a-hash") && !$0.contains("secret")
                })
        }
    }

    @Test func `A wrong row beside a right one does not keep anybody out`() async throws {
        let backend = backend(Rows([StoredCredential(hash: nil), row("secret")]))
        #expect(try await kind(backend.verdict(on: credentials())) == nil)
        #expect(lines.all.count == 1)
    }

    @Test func `What the source cannot answer is thrown on`() async throws {
        let failure = BackendFailure(.nonsense, reason: "no such column")
        await #expect(throws: failure) { try await backend(Rows(failure: failure)).verdict(on: credentials()) }
        await #expect(throws: failure) { try await backend(Rows(failure: failure)).probe() }
        await #expect(throws: Never.self) { try await backend(Rows()).probe() }
    }

    @Test func `A changed password counts at once although its hash was remembered`() async throws {
        let hash = PasswordHash.bcrypt(saltRounds: 5)
        let source = Rows([row("secret", hash)])
        let backend = backend(source) { $0.hash = hash }
        #expect(try await kind(backend.verdict(on: credentials())) == nil)
        #expect(try await kind(backend.verdict(on: credentials())) == nil)
        source.rows.withLock { $0 = [self.row("changed", hash)] }
        #expect(try await kind(backend.verdict(on: credentials())) == .wrongCredentials)
        source.rows.withLock { $0 = [] }
        #expect(try await kind(backend.verdict(on: credentials())) == .unknownIdentity)
    }

    @Test func `A remembered slow hash costs no second time, and a wrong password each time`() throws {
        let hash = PasswordHash.bcrypt(saltRounds: 11)
        let trial = PasswordTrial(hash: hash, forms: .ocpp, key: ProcessKey())
        let rows = [row("secret", hash)]
        func time(_ password: String) -> Duration {
            cpuTime { _ = trial.result(of: Array(password.utf8), against: rows) }
        }
        let (first, second, wrong) = (time("secret"), time("secret"), time("wrong"))
        #expect(second < first / 4)
        #expect(wrong > second * 4)
    }

    @Test func `An unknown user costs what a wrong password costs, at the cost last seen`() throws {
        let trial = PasswordTrial(hash: .bcrypt(saltRounds: 5), forms: .ocpp, key: ProcessKey())
        let rows = [row("secret", .bcrypt(saltRounds: 9))]
        for password in ["wrong", Self.key] {
            func best(_ rows: [StoredCredential]) -> Duration {
                (0..<5).map { _ in
                    cpuTime { _ = trial.result(of: Array(password.utf8), against: rows) }
                }.min() ?? .zero
            }
            let known = best(rows)
            let unknown = best([])
            #expect(unknown > known * 0.6 && unknown < known * 1.6)
        }
    }

    @Test func `At start the log says how many handshakes a slow hash lets in`() async {
        await backend(Rows()).start()
        #expect(lines.all == [])
        await backend(Rows()) { $0.hash = .bcrypt(saltRounds: 5) }.start()
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.contains("algorithm=bcrypt handshakes_per_second=") == true)
    }

    @Test func `Hashes run on threads of their own, so many wait, and a cancelled one does not run`() async {
        let threads = HashingThreads(count: 1, capacity: 1)
        let (began, begin) = AsyncStream<Void>.makeStream()
        let end = DispatchSemaphore(value: 0)
        let first = Task {
            await threads.run {
                begin.yield()
                end.wait()
                return 1
            }
        }
        for await _ in began { break }
        let second = Task { await threads.run { 2 } }
        while threads.waiting == 0 { await Task.yield() }
        #expect(await threads.run { 3 } == nil)
        second.cancel()
        end.signal()
        #expect(await first.value == 1)
        #expect(await second.value == nil)
        #expect(await threads.run { 4 } == 4)
        threads.close()
        #expect(await threads.run { 5 } == nil)
    }
}
