import Authentication
import NIOCore
import NIOEmbedded
import NIOHTTP1
import ReferenceJSON
import TestSupport
import Testing

@testable import WebSocketFrontEnd

@Suite("Deadlines of an event loop")
struct LoopDeadlinesTests {
    private final class Waiter: DeadlineWaiter {
        var deadlinePlace: DeadlinePlace?
        var fired: [NIODeadline] = []
        var onFire: ((NIODeadline) -> Void)?

        func deadlineReached(now: NIODeadline) {
            fired.append(now)
            onFire?(now)
        }
    }

    private let loop = EmbeddedEventLoop()
    private let deadlines: LoopDeadlines

    init() {
        deadlines = LoopDeadlines(eventLoop: loop)
    }

    @Test(arguments: 0..<50)
    func `Each waiter is told once, never early and hardly late, whatever the others do`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let waiters = (0..<60).map { _ in Waiter() }
        var due: [Int: NIODeadline] = [:]
        for (index, waiter) in waiters.enumerated() {
            waiter.onFire = { now in
                guard let deadline = due.removeValue(forKey: index) else {
                    Issue.record("\(index) waits for nothing")
                    return
                }
                #expect(deadline <= now)
                #expect(now <= deadline + LoopDeadlines.tolerance + .milliseconds(10))
            }
        }
        for _ in 0..<600 {
            let index = random.below(waiters.count)
            if random.once(in: 4) {
                due[index] = nil
                deadlines.remove(waiters[index])
            } else {
                let deadline = loop.now + .milliseconds(Int64(random.below(1000)))
                due[index] = deadline
                deadlines.set(deadline, for: waiters[index])
            }
            if random.once(in: 3) { loop.advanceTime(by: .milliseconds(Int64(random.below(10)))) }
            #expect(deadlines.count == due.count)
        }
        for _ in 0..<110 { loop.advanceTime(by: .milliseconds(10)) }
        #expect(due.isEmpty)
        #expect(deadlines.count == 0)
    }

    @Test
    func `Whoever does not wait any more is let go of at once`() {
        weak var gone: Waiter?
        do {
            let waiter = Waiter()
            gone = waiter
            deadlines.set(loop.now + .hours(1), for: waiter)
            deadlines.remove(waiter)
            deadlines.remove(waiter)
        }
        #expect(gone == nil)
    }

    @Test
    func `A waiter may wait again, and stop others from waiting, when its time has come`() {
        let (first, second) = (Waiter(), Waiter())
        let start = loop.now
        first.onFire = { now in
            deadlines.remove(second)
            if now < start + .seconds(3) { deadlines.set(now + .seconds(1), for: first) }
        }
        deadlines.set(start + .seconds(1), for: first)
        deadlines.set(start + .seconds(1) + .milliseconds(1), for: second)
        for _ in 0..<50 { loop.advanceTime(by: .milliseconds(100)) }
        #expect(first.fired.count == 3)
        #expect(second.fired.isEmpty)
    }

    @Test
    func `What is due together is told in rounds, and between them the sockets have their turn`() {
        let waiters = (0..<1000).map { _ in Waiter() }
        for waiter in waiters { deadlines.set(loop.now, for: waiter) }
        loop.advanceTime(by: LoopDeadlines.tolerance - .nanoseconds(1))
        #expect(waiters.allSatisfy { $0.fired.isEmpty })
        var told: [Int] = []
        loop.advanceTime(by: .nanoseconds(1))
        for _ in 0..<4 {
            told.append(waiters.count { !$0.fired.isEmpty })
            loop.advanceTime(by: LoopDeadlines.pause)
        }
        #expect(told == [1, 2, 3].map { $0 * LoopDeadlines.mostPerRound } + [1000])
        #expect(waiters.allSatisfy { $0.fired.count == 1 })
    }

    @Test(.timeLimit(.minutes(1)))
    func `Who always waits for what has passed keeps neither the loop nor the others waiting`() {
        let (restless, other) = (Waiter(), Waiter())
        let start = loop.now
        restless.onFire = { _ in deadlines.set(start, for: restless) }
        deadlines.set(start, for: restless)
        deadlines.set(start + .milliseconds(50), for: other)
        for _ in 0..<100 {
            // It returns: nothing of the loop's is due now any more.
            loop.advanceTime(by: .milliseconds(1))
            // What others set does not put the next round off.
            deadlines.set(start + .milliseconds(50), for: other)
        }
        #expect(1...100 ~= restless.fired.count)
        #expect(!other.fired.isEmpty)
    }

    // MARK: Connections

    /// Keeps no session.
    private final class Forgetful: ConnectionAdmission {
        final class Session: ConnectionDelegate {
            func connectionReceived(text: ByteBuffer) {}
            func connectionShowedLife(isPong: Bool) {}
            func connectionTimerFired() {}
            func connectionEnded(_ end: ConnectionEnd) {}
        }

        var refusal: String? { nil }
        var takesTokens: Bool { false }
        var userNameIsSecret: Bool { false }
        func handshakeRefused(_ refusal: HandshakeRefusal) {}
        func admit(_ credentials: Credentials, on eventLoop: any EventLoop) -> AdmissionDecision {
            .now(.admitted(StubAdmitted(onOpen: { _, _ in Session() })))
        }
        func endConnections(over time: Duration) async {}
    }

    /// A connection whose handshake is about to begin, on a loop without sockets.
    private func accepted(_ state: ListenerState) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: loop)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try AcceptedConnection.start(on: channel, listener: state)
        return channel
    }

    @Test
    func `Neither a handshake nor a session is kept alive by what it waited for`() throws {
        weak var handshake: HandshakeHandler?
        weak var session: WebSocketFrameHandler?
        let deadlines: LoopDeadlines
        do {
            let state = ListenerState(configuration: RunningListener.configuration(), admission: Forgetful())
            deadlines = state.eventLoops.resources(of: loop).deadlines
            let channel = try accepted(state)
            handshake = try channel.pipeline.syncOperations.handler(type: HandshakeHandler.self)
            #expect(deadlines.count == 1, "the handshake's time-out")
            try channel.writeInbound(ByteBuffer(string: RawClient.handshake()))
            loop.run()
            #expect(handshake == nil)
            #expect(deadlines.count == 0)
            let handler = try channel.pipeline.syncOperations.handler(type: WebSocketFrameHandler.self)
            session = handler
            handler.armTimer(at: loop.now + .hours(1))
            #expect(deadlines.count == 1)
            handler.cancelTimer()
            #expect(deadlines.count == 0)
            handler.armTimer(at: loop.now + .hours(1))
            _ = try channel.finish(acceptAlreadyClosed: true)
        }
        loop.run()
        #expect(session == nil)
        #expect(deadlines.count == 0)
    }

    @Test
    func `A refused peer may keep its side open for two seconds, not for the rest of the handshake's time`() throws {
        let state = ListenerState(configuration: RunningListener.configuration(), admission: StubAdmission())
        let deadlines = state.eventLoops.resources(of: loop).deadlines
        let channel = try accepted(state)
        try channel.writeInbound(ByteBuffer(string: RawClient.handshake(target: "/elsewhere")))
        #expect(deadlines.count == 1)
        _ = try? channel.finish(acceptAlreadyClosed: true)
        loop.run()
        #expect(deadlines.count == 0)
    }
}
