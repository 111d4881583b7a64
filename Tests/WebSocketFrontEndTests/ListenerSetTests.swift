import Logging
import MemoryBudget
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import WebSocketFrontEnd

@Suite("Listeners that come and go while the gateway runs", .timeLimit(.minutes(2)))
struct ListenerSetTests {
    private let listeners = ListenerSet(
        group: .singletonMultiThreadedEventLoopGroup, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    private static func configuration(
        _ name: String, _ change: (inout ListenerConfiguration) -> Void = { _ in }
    ) -> ListenerConfiguration {
        RunningListener.configuration {
            $0.name = name
            change(&$0)
        }
    }

    private static let first = ListenerID(scheme: .ws, name: "first")

    private func connect(
        to address: SocketAddress, _ admission: StubAdmission, identity: String = "CP1"
    ) async throws -> (RawClient, StubSession) {
        let client = try await RawClient.connect(to: address)
        try await client.send(RawClient.handshake(target: "/ocpp/\(identity)"))
        #expect(try await client.response(hasBody: false).status == 101)
        return (client, try await admission.sessions.next())
    }

    private func summary(_ id: ListenerID) async throws -> ListenerSummary {
        try #require(await listeners.summaries.first { $0.id == id })
    }

    @Test
    func `A stopped listener ends its connections with 1001, and the others go on`() async throws {
        let (admission, other) = (StubAdmission(), StubAdmission())
        let address = try await listeners.add(Self.configuration("first"), admission: admission)
        let otherAddress = try await listeners.add(Self.configuration("second"), admission: other)
        let (client, session) = try await connect(to: address, admission)
        let (stays, otherSession) = try await connect(to: otherAddress, other)
        try await listeners.stop(Self.first, endingConnectionsOver: .zero)
        #expect(try await client.frame().firstByte == 0x88)
        let end = ConnectionEnd(reason: .closedHere, closeCode: 1001, detail: "going away")
        #expect(try await session.events.next() == .ended(end))
        await #expect(throws: (any Error).self) { try await RawClient.connect(to: address) }
        let stopped = try await summary(Self.first)
        #expect(!stopped.isRunning && stopped.address == nil)
        try await stays.send(bytes: RawClient.text("still here"))
        #expect(try await otherSession.events.next() == .text("still here"))
        #expect(await listeners.summaries.map(\.isRunning) == [false, true])
        // Stopping what is stopped is nothing, and it can be started again.
        try await listeners.stop(Self.first, endingConnectionsOver: .zero)
        let again = try await listeners.start(Self.first)
        #expect(try await listeners.start(Self.first) == again)
        _ = try await connect(to: again, admission)
        await listeners.stopAccepting()
        #expect(await listeners.running.isEmpty)
    }

    /// Its handshakes go on when another opening takes its place, and are as late as others when that is stopped.
    @Test
    func `A stop ends the handshakes of earlier openings too`() async throws {
        let (verdicts, verdict) = AsyncStream<Void>.makeStream()
        let admission = StubAdmission(authenticator: { _ in
            for await _ in verdicts { break }
            return .accepted(.init())
        })
        let address = try await listeners.add(Self.configuration("first"), admission: admission)
        let client = try await RawClient.connect(to: address)
        try await client.send(RawClient.handshake())
        _ = try await admission.credentials.next()
        for connections in 2...3 {
            let changed = Self.configuration("first") { $0.maxConnections = connections }
            try await listeners.replace(changed, admission: admission)
        }
        try await listeners.stop(Self.first)
        verdict.yield()
        #expect(try await client.response().status == 503)
        await listeners.stopAccepting()
    }

    @Test
    func `A changed listener keeps its port and its connections, and gives newcomers what is new`() async throws {
        let (before, after) = (StubAdmission(), StubAdmission())
        let address = try await listeners.add(Self.configuration("first"), admission: before)
        let (client, session) = try await connect(to: address, before)
        let changed = Self.configuration("first") {
            $0.path = "/elsewhere"
            $0.maxConnections = 2
        }
        #expect(try await listeners.replace(changed, admission: after) == address)
        try await client.send(bytes: RawClient.text("still here"))
        #expect(try await session.events.next() == .text("still here"))
        let newcomer = try await RawClient.connect(to: address)
        try await newcomer.send(RawClient.handshake(target: "/elsewhere/CP2"))
        #expect(try await newcomer.response(hasBody: false).status == 101)
        _ = try await after.sessions.next()
        // Those of both openings count.
        var summary = try await summary(Self.first)
        #expect(summary.connections == 2 && summary.maxConnections == 2 && summary.address == address)
        let third = try await RawClient.connect(to: address)
        try await third.send(RawClient.handshake(target: "/elsewhere/CP3"))
        #expect(try await third.response().status == 503)
        summary = try await self.summary(Self.first)
        #expect(summary.handshakes.filter { $0.count > 0 }.map { "\($0.status) \($0.count)" } == ["101 2", "503 1"])
        await listeners.stopAccepting()
    }

    @Test
    func `A handshake under way when its listener is changed is completed`() async throws {
        let admission = StubAdmission()
        let address = try await listeners.add(
            Self.configuration("first") { $0.acceptors = 1 }, admission: admission)
        let client = try await RawClient.connect(to: address)
        try await client.send("GET /ocpp/CP1 HTTP/1.1\r\n")
        // One behind it has been served, so it has been accepted.
        _ = try await connect(to: address, admission)
        try await listeners.replace(Self.configuration("first") { $0.path = "/elsewhere" }, admission: StubAdmission())
        try await client.send(String(RawClient.handshake().drop { $0 != "\r\n" }.dropFirst()))
        #expect(try await client.response(hasBody: false).status == 101)
        await listeners.stopAccepting()
    }

    @Test
    func `A change that cannot be made leaves the listener as it was`() async throws {
        let admission = StubAdmission()
        let address = try await listeners.add(Self.configuration("first"), admission: admission)
        let taken = try await listeners.add(Self.configuration("second"), admission: StubAdmission())
        let port = try #require(taken.port)
        await #expect(throws: ListenerError.self) {
            try await listeners.replace(Self.configuration("first") { $0.port = port }, admission: StubAdmission())
        }
        #expect(try await summary(Self.first).address == address)
        _ = try await connect(to: address, admission)
        await listeners.stopAccepting()
    }

    @Test
    func `A listener that cannot listen is not added, and a name is taken once`() async throws {
        let address = try await listeners.add(Self.configuration("first"), admission: StubAdmission())
        let port = try #require(address.port)
        await #expect(throws: ListenerError.self) {
            try await listeners.add(Self.configuration("second") { $0.port = port }, admission: StubAdmission())
        }
        await #expect(throws: ListenerSet.Refusal.nameTaken(Self.first)) {
            try await listeners.add(Self.configuration("first"), admission: StubAdmission())
        }
        #expect(await listeners.summaries.map(\.id) == [Self.first])
        try await listeners.remove(Self.first, endingConnectionsOver: .zero)
        #expect(await listeners.summaries.isEmpty)
        await #expect(throws: ListenerSet.Refusal.unknown(Self.first)) { try await listeners.start(Self.first) }
        await #expect(throws: ListenerSet.Refusal.unknown(Self.first)) {
            try await listeners.replace(Self.configuration("first"), admission: StubAdmission())
        }
        await #expect(throws: ListenerSet.Refusal.unknown(Self.first)) {
            try await listeners.stop(Self.first, endingConnectionsOver: .zero)
        }
    }

    @Test
    func `A stopped listener that is changed stays stopped until it is started`() async throws {
        try await listeners.add(Self.configuration("first"), admission: StubAdmission())
        try await listeners.stop(Self.first, endingConnectionsOver: .zero)
        let admission = StubAdmission()
        #expect(
            try await listeners.replace(Self.configuration("first") { $0.path = "/x" }, admission: admission) == nil)
        #expect(try await summary(Self.first).isRunning == false)
        let address = try await listeners.start(Self.first)
        let client = try await RawClient.connect(to: address)
        try await client.send(RawClient.handshake(target: "/x/CP1"))
        #expect(try await client.response(hasBody: false).status == 101)
        await listeners.stopAccepting()
    }

    @Test
    func `A changed listener shows newcomers its new certificate, and tells when it ends`() async throws {
        let certificates = try TestCertificates.shared.get()
        func configuration(_ name: String) -> ListenerConfiguration {
            Self.configuration("wss:first") {
                $0.tls = certificates.options {
                    $0.certificateFile = certificates.path("\(name).pem")
                    $0.keyFile = certificates.path("\(name).key")
                }
            }
        }
        let id = ListenerID(scheme: .wss, name: "first")
        let address = try await listeners.add(configuration("server"), admission: StubAdmission())
        let end = try #require(try await summary(id).certificateEnd)
        let served = try NIOSSLCertificate.fromPEMFile(certificates.path("server.pem"))
        #expect(end == served.map { Int64($0.notValidAfter) }.min())
        try await listeners.replace(configuration("server2"), admission: StubAdmission())
        let client = try await RawClient.connect(to: address, tls: try certificates.client())
        try await client.send(RawClient.handshake())
        #expect(try await client.response(hasBody: false).status == 101)
        let shown = try await client.channel.eventLoop.submit { [channel = client.channel] in
            try channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self).peerCertificate
        }.get()
        #expect("\(try #require(shown))".contains("server2"))
        await #expect(throws: ListenerError.self) {
            try await listeners.replace(configuration("nowhere"), admission: StubAdmission())
        }
        #expect(try await summary(id).isRunning)
        await listeners.stopAccepting()
    }

    @Test
    func `What fails in TLS, and what is closed without an answer, is counted apart`() async throws {
        let certificates = try TestCertificates.shared.get()
        let admission = StubAdmission()
        let address = try await listeners.add(
            Self.configuration("wss:first") { $0.tls = certificates.options() }, admission: admission)
        let client = try await RawClient.connect(to: address)
        try await client.send(RawClient.handshake())
        _ = try await admission.refusals.next()
        let denied = try await listeners.add(
            Self.configuration("second") { $0.accessRules = AccessRules([.init(.deny, nil)]) }, admission: admission)
        #expect(try await RawClient.connect(to: denied).closedByServer())
        _ = try await admission.refusals.next()
        let counts = await listeners.summaries.map { $0.handshakes.filter { $0.count > 0 }.map(\.status) }
        #expect(counts == [["tls"], ["none"]])
        await listeners.stopAccepting()
    }

    @Test
    func `All listeners share what an event loop has, and receive buffers of their own sizes`() async throws {
        let table = EventLoopTable()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let small = try await table.receiveBuffer(capacity: 1024, of: loop)
        let large = try await table.receiveBuffer(capacity: 4096, of: loop)
        #expect(small !== large && small.capacity == 1024 && large.capacity == 4096)
        #expect(try await table.receiveBuffer(capacity: 1024, of: loop) === small)
        let isOne = try await loop.submit { table.resources(of: loop) === table.resources(of: loop) }.get()
        #expect(isOne)
    }
}
