import Authentication
import OutsideNames
import TestSupport
import Testing

@testable import CredentialChecking

/// authentication.md, "Load" and "Caches": the gate with a backend that answers when it is told to.
struct AuthenticationGateTests {
    private static let accepted = AuthenticationVerdict.accepted(.init(userName: "CP1"))
    private static let refused = AuthenticationVerdict.refused(.init(.wrongCredentials, reason: "wrong password"))
    private static let away = BackendFailure(.unreachable, reason: "no route to host")

    private let backend = ManualBackend()
    private let lines = LogLines()

    private func gate(_ change: (inout AuthenticationGateConfiguration) -> Void = { _ in }) -> AuthenticationGate {
        var configuration = AuthenticationGateConfiguration()
        // Longer than any of these tests could take.
        configuration.timeout = .seconds(600)
        configuration.retryPause = .seconds(600)
        change(&configuration)
        return AuthenticationGate(backend: backend, configuration: configuration, logger: lines.logger)
    }

    private func credentials(_ identity: ChargePointIdentity = "CP1", password: String = "p") -> Credentials {
        Credentials(
            identity: identity, userName: UserName(identity.text), password: Array(password.utf8),
            peerHost: "192.0.2.1", listener: "ocpp:ws:default")
    }

    private func isUnavailable(_ verdict: AuthenticationVerdict, reason: String? = nil) -> Bool {
        guard case .refused(let refusal) = verdict, case .unavailable(let retryAfter) = refusal.kind else {
            return false
        }
        return (retryAfter ?? 1) >= 1 && reason.map { refusal.reason == $0 } ?? true
    }

    @Test func `A verdict is the backend's`() async throws {
        let gate = gate()
        var asked = backend.asked.makeAsyncIterator()
        for (identity, verdict) in [("CP1", Self.accepted), ("CP2", Self.refused)] {
            async let given = gate.authenticate(credentials(ChargePointIdentity(identity)))
            #expect(await asked.next() == .verdict(ChargePointIdentity(identity)))
            backend.answer(ChargePointIdentity(identity), .success(verdict))
            #expect(await given == verdict)
        }
        #expect(gate.results.value(.allow) == 1)
        #expect(gate.results.value(.deny) == 1)
        #expect(gate.durations.snapshot.count == 2)
    }

    @Test func `What needs no question is not asked`() async {
        let refusal = AuthenticationVerdict.Refusal(.wrongCredentials, reason: "no credentials")
        let gate = AuthenticationGate(
            backend: ManualBackend(unasked: refusal), configuration: .init(), logger: lines.logger)
        #expect(await gate.authenticate(credentials()) == .refused(refusal))
    }

    @Test func `A thousand at once are asked about so many at a time, and all have their verdict`() async {
        let gate = gate { $0.poolSize = 8 }
        let answering = Task { [backend] in
            for await case .verdict(let identity) in backend.asked {
                backend.answer(
                    identity, .success(identity.text.hasSuffix("7") ? Self.refused : Self.accepted))
            }
        }
        let right = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<1000 {
                group.addTask {
                    let verdict = await gate.authenticate(credentials(ChargePointIdentity("CP\(number)")))
                    return verdict == (number % 10 == 7 ? Self.refused : Self.accepted)
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        answering.cancel()
        #expect(right == 1000)
        #expect(backend.mostAtOnce <= 8)
        #expect(gate.status == AuthenticationGateStatus(isUp: true, waiting: 0))
    }

    @Test func `One whose socket closes while it waits is never asked about`() async {
        let gate = gate { $0.poolSize = 1 }
        var asked = backend.asked.makeAsyncIterator()
        async let first = gate.authenticate(credentials("CP1"))
        #expect(await asked.next() == .verdict("CP1"))
        let gone = Task { await gate.authenticate(credentials("CP2")) }
        await Self.until { gate.status.waiting == 1 }
        gone.cancel()
        #expect(isUnavailable(await gone.value))
        #expect(gate.status.waiting == 0)
        async let third = gate.authenticate(credentials("CP3"))
        backend.answer("CP1", .success(Self.accepted))
        #expect(await asked.next() == .verdict("CP3"))
        backend.answer("CP3", .success(Self.accepted))
        #expect(await [first, third] == [Self.accepted, Self.accepted])
    }

    @Test func `One whose socket closes while it is asked about ends the asking`() async {
        let gate = gate { $0.poolSize = 1 }
        var asked = backend.asked.makeAsyncIterator()
        let gone = Task { await gate.authenticate(credentials("CP1")) }
        #expect(await asked.next() == .verdict("CP1"))
        gone.cancel()
        #expect(isUnavailable(await gone.value))
        async let next = gate.authenticate(credentials("CP2"))
        #expect(await asked.next() == .verdict("CP2"))
        backend.answer("CP2", .success(Self.accepted))
        #expect(await next == Self.accepted)
        #expect(gate.results.value(.unavailable) == 0)
    }

    @Test func `A handshake that was cancelled before it began is not asked about`() async {
        let gate = gate()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await gate.authenticate(credentials("CP1"))
        }
        #expect(isUnavailable(await task.value))
        #expect(backend.mostAtOnce == 0)
    }

    @Test func `Without a verdict in time it is 503, and the asking ends`() async {
        let gate = gate {
            $0.timeout = .milliseconds(20)
            $0.poolSize = 1
        }
        async let first = gate.authenticate(credentials("CP1"))
        async let second = gate.authenticate(credentials("CP2"))
        #expect(isUnavailable(await first, reason: "no verdict in time"))
        #expect(isUnavailable(await second))
    }

    @Test func `An unreachable backend is 503, then down, then probed, then up`() async {
        let gate = gate()
        backend.answerProbes(Self.away)
        var asked = backend.asked.makeAsyncIterator()
        for number in 1...3 {
            let identity = ChargePointIdentity("CP\(number)")
            async let given = gate.authenticate(credentials(identity))
            #expect(await asked.next() == .verdict(identity))
            backend.answer(identity, .failure(Self.away))
            #expect(isUnavailable(await given, reason: "no route to host"))
        }
        #expect(!gate.status.isUp)
        #expect(isUnavailable(await gate.authenticate(credentials("CP4")), reason: "the backend is down"))
        #expect(await asked.next() == .probe)
        #expect(await asked.next() == .probe)
        backend.answerProbes(nil)
        await Self.until { gate.status.isUp }
        async let given = gate.authenticate(credentials("CP5"))
        var question = await asked.next()
        while question == .probe { question = await asked.next() }
        #expect(question == .verdict("CP5"))
        backend.answer("CP5", .success(Self.accepted))
        #expect(await given == Self.accepted)
        let down = "error authentication backend down backend=manual count=1 reason=no route to host server=test:1"
        #expect(lines.all.first == down)
        await Self.until { lines.all.last == "notice authentication backend up backend=manual server=test:1" }
        // More only where this took more than the 10 s in which the same words are said once.
        #expect(lines.all.dropFirst().dropLast().allSatisfy { $0.hasPrefix("error authentication backend down") })
    }

    @Test func `A late answer reaches its charge point and leaves the finding to the probe`() async throws {
        let gate = gate { $0.poolSize = 4 }
        backend.answerProbes(Self.away)
        var asked = backend.asked.makeAsyncIterator()
        let names = (1...4).map { ChargePointIdentity("CP\($0)") }
        let given = names.map { name in Task { await gate.authenticate(credentials(name)) } }
        for _ in names { _ = await asked.next() }
        for name in names.prefix(3) { backend.answer(name, .failure(Self.away)) }
        await Self.until { !gate.status.isUp }
        backend.answer("CP4", .success(Self.accepted))
        #expect(await given[3].value == Self.accepted)
        #expect(!gate.status.isUp)
        #expect(isUnavailable(await gate.authenticate(credentials("CP5")), reason: "the backend is down"))
        #expect(await asked.next() == .probe)
        backend.answerProbes(nil)
        // The line comes behind the state.
        await Self.until { gate.status.isUp && lines.all.last?.contains("authentication backend up") == true }
        #expect(lines.all.count { $0.contains("authentication backend up") } == 1)
    }

    /// Attack: the server closes the connection for these alone, and each probe asked about the last of them again.
    @Test func `A stranger with whom a backend fails always locks nobody else out`() async throws {
        let backend = ManualBackend(canBeProbed: false)
        var configuration = AuthenticationGateConfiguration()
        configuration.timeout = .seconds(600)
        let gate = AuthenticationGate(backend: backend, configuration: configuration, logger: lines.logger)
        let answering = Task { [backend] in
            for await case .verdict(let identity) in backend.asked {
                backend.answer(
                    identity, identity.text.hasPrefix("POISON") ? .failure(Self.away) : .success(Self.accepted))
            }
        }
        for number in 0..<3 {
            let poison = ChargePointIdentity("POISON\(number)")
            #expect(isUnavailable(await gate.authenticate(credentials(poison)), reason: "no route to host"))
        }
        #expect(!gate.status.isUp)
        var other = credentials("CP1")
        other.peerHost = "192.0.2.2"
        #expect(await gate.authenticate(other) == Self.accepted)
        #expect(gate.status.isUp)
        // From the same address it takes the pause.
        for number in 3..<6 { _ = await gate.authenticate(credentials(ChargePointIdentity("POISON\(number)"))) }
        #expect(!gate.status.isUp)
        await Self.until(asynchronously: { await gate.authenticate(credentials("CP2")) == Self.accepted })
        #expect(gate.status.isUp)
        // One alone is no reason at all.
        for _ in 0..<3 { _ = await gate.authenticate(credentials("POISON")) }
        #expect(!gate.status.isUp)
        #expect(await gate.authenticate(credentials("CP3")) == Self.accepted)
        #expect(gate.status.isUp)
        answering.cancel()
        #expect(lines.all.count { $0.contains("authentication backend up") } == 3)
    }

    @Test func `A backend that is away at start is down, and comes up by a probe`() async {
        let gate = gate()
        backend.answerProbes(Self.away)
        await gate.start()
        #expect(!gate.status.isUp)
        backend.answerProbes(nil)
        await Self.until { gate.status.isUp && lines.all.last?.hasPrefix("notice authentication backend up") == true }
        #expect(lines.all.first?.hasPrefix("error authentication backend down") == true)
    }

    @Test func `Nonsense at start is an error line, and the backend counts as up`() async {
        let gate = gate()
        backend.setProbeAnswers([.init(.nonsense, reason: "no such table")])
        await gate.start()
        #expect(gate.status.isUp)
        #expect(
            lines.all == [
                "error authentication backend cannot answer backend=manual count=1 reason=no such table server=test:1"
            ])
    }

    @Test func `The backend's own Retry-After is handed on`() async {
        let gate = gate()
        var asked = backend.asked.makeAsyncIterator()
        async let given = gate.authenticate(credentials())
        _ = await asked.next()
        backend.answer("CP1", .failure(.init(.nonsense, reason: "429", retryAfter: 77)))
        #expect(await given == .refused(.init(.unavailable(retryAfter: 77), reason: "429")))
    }

    @Test func `The same credentials refused again are answered without asking, others are asked`() async {
        let gate = gate()
        var asked = backend.asked.makeAsyncIterator()
        async let given = gate.authenticate(credentials())
        _ = await asked.next()
        backend.answer("CP1", .success(Self.refused))
        #expect(await given == Self.refused)
        #expect(await gate.authenticate(credentials()) == Self.refused)
        #expect(gate.status.cacheHits == 1)
        async let changed = gate.authenticate(credentials(password: "q"))
        #expect(await asked.next() == .verdict("CP1"))
        backend.answer("CP1", .success(Self.accepted))
        #expect(await changed == Self.accepted)
        // An allow is not kept unless that is asked for.
        async let again = gate.authenticate(credentials(password: "q"))
        #expect(await asked.next() == .verdict("CP1"))
        backend.answer("CP1", .success(Self.accepted))
        #expect(await again == Self.accepted)
    }

    @Test func `A change in the backend ends the memory of a refusal at once`() async {
        let gate = gate()
        var asked = backend.asked.makeAsyncIterator()
        async let given = gate.authenticate(credentials())
        _ = await asked.next()
        backend.answer("CP1", .success(Self.refused))
        #expect(await given == Self.refused)
        backend.change()
        async let again = gate.authenticate(credentials())
        #expect(await asked.next() == .verdict("CP1"))
        backend.answer("CP1", .success(Self.accepted))
        #expect(await again == Self.accepted)
    }

    @Test func `An allow is kept for cache ttl, and emptying the cache asks again`() async {
        let gate = gate { $0.cacheLifetime = .seconds(60) }
        var asked = backend.asked.makeAsyncIterator()
        async let given = gate.authenticate(credentials())
        _ = await asked.next()
        backend.answer("CP1", .success(Self.accepted))
        #expect(await given == Self.accepted)
        #expect(await gate.authenticate(credentials()) == Self.accepted)
        gate.emptyCaches()
        async let again = gate.authenticate(credentials())
        #expect(await asked.next() == .verdict("CP1"))
        backend.answer("CP1", .success(Self.refused))
        #expect(await again == Self.refused)
    }

    @Test func `Closing sends away who waits and who is asked about`() async {
        let gate = gate { $0.poolSize = 1 }
        var asked = backend.asked.makeAsyncIterator()
        async let first = gate.authenticate(credentials("CP1"))
        _ = await asked.next()
        async let second = gate.authenticate(credentials("CP2"))
        await Self.until { gate.status.waiting == 1 }
        gate.close()
        #expect(isUnavailable(await first))
        #expect(isUnavailable(await second))
        #expect(isUnavailable(await gate.authenticate(credentials("CP3"))))
    }

    /// For what is no event; the suite's time limit ends a wait in vain.
    private static func until(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    private static func until(asynchronously condition: () async -> Bool) async {
        while await !condition() { await Task.yield() }
    }
}

struct VerdictMemoryTests {
    private let start = ContinuousClock.now

    private func memory(retryPause: Duration = .zero, lifetime: Duration = .zero) -> VerdictMemory {
        var configuration = AuthenticationGateConfiguration()
        configuration.retryPause = retryPause
        configuration.cacheLifetime = lifetime
        return VerdictMemory(configuration: configuration, key: ProcessKey())
    }

    private let credentials = Credentials(
        identity: "CP1", userName: "CP1", password: [1], peerHost: "::1", listener: "ocpp:ws:default")

    @Test func `Refusals last for the pause and acceptances for the ttl`() {
        let memory = memory(retryPause: .seconds(5), lifetime: .seconds(60))
        let key = memory.key(of: credentials)
        let refused = AuthenticationVerdict.refused(.init(.unknownIdentity, reason: "unknown"))
        memory.keep(refused, under: key, changes: 0, at: start)
        #expect(memory.verdict(under: key, changes: 0, at: start + .seconds(4), wallClock: 0) == refused)
        #expect(memory.verdict(under: key, changes: 0, at: start + .seconds(5), wallClock: 0) == nil)
        memory.keep(.accepted(.init()), under: key, changes: 0, at: start)
        #expect(memory.verdict(under: key, changes: 0, at: start + .seconds(59), wallClock: 0) == .accepted(.init()))
        #expect(memory.verdict(under: key, changes: 0, at: start + .seconds(60), wallClock: 0) == nil)
        #expect(memory.hits == 2)
    }

    @Test func `An acceptance that has ended is not given again`() {
        let memory = memory(lifetime: .seconds(60))
        let key = memory.key(of: credentials)
        memory.keep(.accepted(.init(expiry: 1000)), under: key, changes: 0, at: start)
        #expect(memory.verdict(under: key, changes: 0, at: start, wallClock: 999) != nil)
        #expect(memory.verdict(under: key, changes: 0, at: start, wallClock: 1000) == nil)
    }

    @Test func `That nobody could be asked is never remembered`() {
        let memory = memory(retryPause: .seconds(5), lifetime: .seconds(5))
        let key = memory.key(of: credentials)
        memory.keep(.unavailable(retryAfter: 1, reason: "down"), under: key, changes: 0, at: start)
        #expect(memory.verdict(under: key, changes: 0, at: start, wallClock: 0) == nil)
    }

    @Test func `Everything that is shown makes other credentials`() {
        let memory = memory(retryPause: .seconds(5))
        var all = [credentials]
        func add(_ change: (inout Credentials) -> Void) {
            var other = credentials
            change(&other)
            all.append(other)
        }
        add { $0.identity = "CP2" }
        add { $0.userName = nil }
        add { $0.userName = "" }
        add { $0.password = nil }
        add { $0.password = [] }
        add { $0.bearerToken = [1] }
        add { $0.certificate = ClientCertificate(commonName: "CP1") }
        add { $0.certificate = ClientCertificate(der: [1]) }
        #expect(Set(all.map(memory.key)).count == all.count)
    }
}
