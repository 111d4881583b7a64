import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import WebSocketFrontEnd

@Suite("A listener", .timeLimit(.minutes(2)))
struct ListenerTests {
    static func listener(port: Int, acceptors: Int?) -> WebSocketListener {
        var configuration = ListenerConfiguration(name: "main", host: "127.0.0.1", port: port)
        configuration.acceptors = acceptors
        return WebSocketListener(
            configuration: configuration,
            group: .singletonMultiThreadedEventLoopGroup,
            admission: StubAdmission(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test(arguments: [1, 4])
    func `A port that is taken is an error that names listener and address`(acceptors: Int) async throws {
        let first = Self.listener(port: try freePort(), acceptors: acceptors)
        let port = try #require(try await first.start().port)
        let second = Self.listener(port: port, acceptors: acceptors)
        let error = await #expect(throws: ListenerError.self) { try await second.start() }
        #expect(error?.description == "listener main cannot listen on 127.0.0.1:\(port): address already in use")
        await first.stopAccepting()
        // What the first let go of is free for the second.
        #expect(try await second.start().port == port)
        await second.stopAccepting()
    }

    @Test
    func `Who comes while it opens is served or finds nobody, and is never cut off`() async throws {
        for _ in 0..<30 {
            let port = try freePort()
            let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
            let listener = Self.listener(port: port, acceptors: 2)
            async let opening = listener.start()
            var client: RawClient?
            while client == nil { client = try? await RawClient.connect(to: address) }
            try await client?.send(RawClient.handshake(target: "/other"))
            #expect(try await client?.response().status == 404)
            _ = try await opening
            await listener.stopAccepting()
        }
    }

    @Test
    func `An address that is not this machine's is an error in words`() async throws {
        var configuration = ListenerConfiguration(host: "192.0.2.1", port: 33033)
        configuration.acceptors = 1
        let listener = WebSocketListener(
            configuration: configuration,
            group: .singletonMultiThreadedEventLoopGroup,
            admission: StubAdmission(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let error = await #expect(throws: ListenerError.self) { try await listener.start() }
        #expect(error?.reason == "this machine has no such address")
    }

    @Test
    func `Several acceptors share one port, more than there are event loops too`() async throws {
        let configuration = RunningListener.configuration { $0.acceptors = 9 }
        try await RunningListener.run(configuration) { running in
            for index in 0..<40 {
                let (response, _) = try await running.exchange(RawClient.handshake(target: "/ocpp/CP\(index)"))
                #expect(response.status == 101)
                _ = try await running.admission.sessions.next()
            }
            #expect(running.listener.connectionCount == 40)
        }
    }

    @Test
    func `IPv6 addresses are served and written in brackets`() async throws {
        try await RunningListener.run(RunningListener.configuration(host: "::1")) { running in
            let (client, session) = try await running.connected()
            #expect(session.handshake.peer.description.hasPrefix("[::1]:"))
            try await client.send(bytes: RawClient.text("x"))
            #expect(try await session.events.next() == .text("x"))
        }
    }

    @Test
    func `Once stopped, connections stay, handshakes under way get 503, and new ones find no listener`() async throws {
        // One acceptor takes connections in order: with several, the one behind could be served before the other is.
        try await RunningListener.run(RunningListener.configuration { $0.acceptors = 1 }) { running in
            let (client, session) = try await running.connected()
            let late = try await running.client()
            // Half a request shows that the connection has been accepted, once another one behind it has been served.
            try await late.send("GET /ocpp/CP2 HTTP/1.1\r\n")
            _ = try await running.exchange(RawClient.handshake(target: "/other"))
            _ = try await running.admission.refusals.next()
            await running.listener.stopAccepting()
            try await late.send(String(RawClient.handshake().drop { $0 != "\r\n" }.dropFirst()))
            let response = try await late.response()
            #expect(response.status == 503)
            #expect(response.headers["retry-after"] == "5")
            await #expect(throws: (any Error).self) { try await running.client() }
            try await client.send(bytes: RawClient.text("still here"))
            #expect(try await session.events.next() == .text("still here"))
            #expect(running.listener.connectionCount == 1)
        }
    }

    @Test
    func `A verdict that comes once the listener has been stopped lets nobody in`() async throws {
        let (verdicts, verdict) = AsyncStream<Void>.makeStream()
        let admission = StubAdmission(authenticator: { _ in
            for await _ in verdicts { break }
            return .accepted(.init())
        })
        try await RunningListener.run(admission: admission) { running in
            let client = try await running.client()
            try await client.send(RawClient.handshake())
            _ = try await admission.credentials.next()
            await running.listener.stopAccepting()
            verdict.yield()
            let response = try await client.response()
            #expect(response.status == 503 && response.headers["retry-after"] == "5")
            let refusal = try await admission.refusals.next()
            #expect(refusal.reason == "the gateway is stopping" && refusal.identity == "CP1")
            // What was prepared for it is let go of, and its place is free.
            _ = try await admission.dropped.next()
            #expect(running.listener.connectionCount == 0)
        }
    }

    @Test
    func `Connections over the rate wait in the backlog until their second has come`() async throws {
        let configuration = RunningListener.configuration {
            $0.acceptors = 1
            $0.maxConnectionRate = 5
        }
        try await RunningListener.run(configuration) { running in
            let started = NIODeadline.now()
            for index in 0..<8 {
                let client = try await running.client()
                try await client.send(RawClient.handshake(target: "/ocpp/CP\(index)"))
            }
            for index in 0..<8 {
                let session = try await running.admission.sessions.next()
                if index >= 5 {
                    #expect(session.openedAt - started >= .milliseconds(200 * Int64(index - 4)))
                }
            }
        }
    }

    @Test
    func `The allowance holds one second's worth, and an idle time does not add to it`() {
        let start = NIODeadline.uptimeNanoseconds(10_000_000_000)
        var allowance = AcceptAllowance(rate: 4)
        for idle in [TimeAmount.zero, .seconds(100)] {
            var now = start + idle
            for _ in 0..<4 {
                #expect(allowance.nextAccept(now: now) <= now)
                allowance.accepted(now: now)
            }
            #expect(allowance.nextAccept(now: now) == now + .milliseconds(250))
            now = now + .milliseconds(250)
            allowance.accepted(now: now)
            #expect(allowance.nextAccept(now: now) == now + .milliseconds(250))
        }
    }

    @Test
    func `While the rate is nearly used up, an address that has had its share waits behind the others`() {
        let now = NIODeadline.uptimeNanoseconds(10_000_000_000)
        let limiter = AcceptRateLimiter(rate: 20)
        let greedy = IPAddress(v4: 0xC000_0201)
        // All but the reserve, and no more.
        for _ in 0..<18 { #expect(limiter.admits(greedy, now: now)) }
        #expect(!limiter.admits(greedy, now: now))
        #expect(limiter.nextRelease(now: now) > now)
        #expect(limiter.nextAccept(now: now) <= now)
        #expect(limiter.admits(IPAddress(v4: 0xC000_0202), now: now))
        #expect(limiter.admits(nil, now: now))
        #expect(limiter.nextAccept(now: now) > now)
        limiter.giveBack()
        #expect(limiter.nextAccept(now: now) <= now)
    }

    @Test
    func `What acceptors take beyond the rate is paid back`() {
        let now = NIODeadline.uptimeNanoseconds(10_000_000_000)
        var allowance = AcceptAllowance(rate: 4)
        for _ in 0..<6 { allowance.accepted(now: now) }
        #expect(allowance.nextAccept(now: now) == now + .milliseconds(750))
    }
}
