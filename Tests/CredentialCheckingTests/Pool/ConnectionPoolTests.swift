import Dispatch
import Synchronization
import Testing

@testable import CredentialChecking

/// The pool's threads, with a library that hangs, breaks and answers as it is told.
struct ConnectionPoolTests {
    /// No call's time is over on a slow machine that is busy.
    private static func patient(_ size: Int) -> PoolLimits {
        PoolLimits(size: size, connectTimeout: .seconds(600), queryTimeout: .seconds(600))
    }

    @Test func `Many wait for a few connections, and all are answered`() async throws {
        let library = Library()
        let pool = ConnectionPool(library, limits: Self.patient(3), name: "test")
        try await withThrowingTaskGroup { group in
            for number in 0..<500 { group.addTask { (number, try await pool.ask(.answer(number))) } }
            for try await (number, answer) in group { #expect(answer == number) }
        }
        #expect(library.opened <= 3)
        await pool.close()
        #expect(library.open == 0)
    }

    @Test func `A request on an idle connection that has been closed is repeated once on a fresh one`() async throws {
        let library = Library()
        let pool = ConnectionPool(library, limits: Self.patient(1), name: "test")
        #expect(try await pool.ask(.answer(1)) == 1)
        library.breakConnections()
        #expect(try await pool.ask(.answer(2)) == 2)
        #expect(library.opened == 2)
        await #expect(throws: BackendFailure(.unreachable, reason: "hung up")) { try await pool.ask(.hangUp) }
        #expect(library.opened == 3)
        await #expect(throws: BackendFailure(.unreachable, reason: "hung up")) { try await pool.ask(.hangUp) }
        #expect(library.opened == 4)
        await pool.close()
        #expect(library.open == 0)
    }

    @Test func `A caller is answered when its time is over, though the library's call does not return`() async throws {
        let library = Library()
        // Long enough for the calls that do return, on a slow machine too.
        let limits = PoolLimits(size: 1, queryTimeout: .seconds(5))
        let pool = ConnectionPool(library, limits: limits, name: "test")
        let late = BackendFailure(.unreachable, reason: "no answer in time")
        await #expect(throws: late) { try await pool.ask(.hang) }
        #expect(try await pool.ask(.answer(1)) == 1)
        await #expect(throws: late) { try await pool.ask(.hang) }
        // One thread has been let go of, the other's seat is kept: nobody is left.
        let nobody = BackendFailure(.unreachable, reason: "no connection answers any more")
        await #expect(throws: nobody) { try await pool.ask(.answer(2)) }
        #expect(library.opened == 2)
        library.release(2)
        while await (try? pool.ask(.answer(3))) != 3 {}
        await pool.close()
    }

    @Test func `An answer that makes no sense leaves the connection as it is`() async throws {
        let library = Library()
        let pool = ConnectionPool(library, limits: Self.patient(1), name: "test")
        await #expect(throws: BackendFailure(.nonsense, reason: "odd")) { try await pool.ask(.nonsense) }
        #expect(try await pool.ask(.answer(1)) == 1)
        #expect(library.opened == 1)
        await pool.close()
    }

    @Test func `An idle connection is pinged, and one that does not answer is closed`() async throws {
        let library = Library()
        var limits = Self.patient(1)
        limits.pingInterval = .milliseconds(20)
        let pool = ConnectionPool(library, limits: limits, name: "test")
        #expect(try await pool.ask(.answer(1)) == 1)
        await library.pings(2)
        library.breakConnections()
        await library.closings(1)
        #expect(try await pool.ask(.answer(2)) == 2)
        #expect(library.opened == 2)
        await pool.close()
    }

    @Test func `What is cancelled while it waits is not asked`() async throws {
        let library = Library()
        let pool = ConnectionPool(library, limits: Self.patient(1), name: "test")
        let first = Task { try await pool.ask(.hang) }
        await library.hangs(1)
        let second = Task { try await pool.ask(.answer(2)) }
        second.cancel()
        #expect(await second.result == .failure(BackendFailure(.unreachable, reason: "nobody waits any more")))
        first.cancel()
        #expect(await first.result == .failure(BackendFailure(.unreachable, reason: "nobody waits any more")))
        library.release(1)
        #expect(try await pool.ask(.answer(3)) == 3)
        #expect(library.asked == [3])
        await pool.close()
    }
}

extension Result where Success == Int, Failure == any Error {
    fileprivate static func == (one: Self, other: Result<Int, BackendFailure>) -> Bool {
        switch (one, other) {
        case (.success(let one), .success(let other)): one == other
        case (.failure(let one as BackendFailure), .failure(let other)): one == other
        default: false
        }
    }
}

/// A library without a server.
private final class Library: BlockingConnector {
    enum Request: Sendable {
        case answer(Int), hang, hangUp, nonsense
    }

    struct Connection: BlockingConnection {
        let library: Library
        let generation: Int

        mutating func ask(_ request: Request) throws(ConnectionFault) -> Int {
            guard generation == library.state.withLock({ $0.generation }) else { throw .lost("hung up") }
            switch request {
            case .answer(let number):
                library.state.withLock { $0.asked.append(number) }
                return number
            case .hang:
                library.count(\.hangs)
                library.hanging.wait()
                return 0
            case .hangUp: throw .lost("hung up")
            case .nonsense: throw .nonsense("odd", isUsable: true)
            }
        }

        mutating func ping() throws(ConnectionFault) {
            library.count(\.pings)
            guard generation == library.state.withLock({ $0.generation }) else { throw .lost("hung up") }
        }

        mutating func close() {
            library.count(\.closings)
        }
    }

    struct State {
        var generation = 0
        var opened = 0
        var closings = 0
        var pings = 0
        var hangs = 0
        var asked: [Int] = []
        var waiters: [(count: KeyPath<State, Int> & Sendable, least: Int, CheckedContinuation<Void, Never>)] = []
    }

    let state = Mutex(State())
    let hanging = DispatchSemaphore(value: 0)

    func connect() throws(ConnectionFault) -> Connection {
        state.withLock { state in
            state.opened += 1
            return Connection(library: self, generation: state.generation)
        }
    }

    var opened: Int { state.withLock { $0.opened } }
    var open: Int { state.withLock { $0.opened - $0.closings } }
    var asked: [Int] { state.withLock { $0.asked } }

    func breakConnections() {
        state.withLock { $0.generation += 1 }
    }

    func release(_ count: Int) {
        for _ in 0..<count { hanging.signal() }
    }

    func pings(_ least: Int) async { await wait(\.pings, least) }
    func closings(_ least: Int) async { await wait(\.closings, least) }
    func hangs(_ least: Int) async { await wait(\.hangs, least) }

    private func wait(_ count: KeyPath<State, Int> & Sendable, _ least: Int) async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.waiters.append((count, least, continuation)) }
            resumeWaiters()
        }
    }

    func count(_ path: WritableKeyPath<State, Int> & Sendable) {
        state.withLock { $0[keyPath: path] += 1 }
        resumeWaiters()
    }

    private func resumeWaiters() {
        let ready = state.withLock { state in
            let waiters = state.waiters
            state.waiters = waiters.filter { state[keyPath: $0.count] < $0.least }
            return waiters.filter { state[keyPath: $0.count] >= $0.least }
        }
        for waiter in ready { waiter.2.resume() }
    }
}
