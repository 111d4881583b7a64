import ClientEndpoints
import JSONText
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import LoadGenerator

@Suite("The load generator", .timeLimit(.minutes(2)))
struct LoadTests {
    @Test(arguments: [0, 300, 60_000])
    func `A CALL's frame is a masked text frame with its UniqueId in it`(bytes: Int) throws {
        var call = CallFrame(action: "MeterValues", payload: MeterValuesPayload.json(bytes: bytes))
        var frame = call.bytes(slot: 3, sequence: 0xABC)
        let headBytes = frame.readBytes(length: 2)
        let head = try #require(headBytes)
        #expect(head[0] == 0x81)
        #expect(head[1] & 0x80 != 0)
        switch head[1] & 0x7F {
        case 126: frame.moveReaderIndex(forwardBy: 2)
        case 127: frame.moveReaderIndex(forwardBy: 8)
        default: break
        }
        let keyBytes = frame.readBytes(length: 4)
        let key = try #require(keyBytes)
        let text = frame.readableBytesView.enumerated().map { $0.element ^ key[$0.offset % 4] }
        #expect(text.starts(with: #"[2,"030000000abc","MeterValues",{"#.utf8))
        try text.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            #expect(try scanner.scanValue().kind == .array)
            try scanner.expectEnd()
        }
    }

    @Test(arguments: [120, 300, 1024, 32_768])
    func `A payload has the size that was asked for`(bytes: Int) {
        #expect(MeterValuesPayload.json(bytes: bytes).utf8.count == bytes)
    }

    @Test(arguments: [UInt8(0), 1])
    func `Every CALL to the broker comes back answered`(qualityOfService: UInt8) async throws {
        let broker = try await TestBroker.started()
        var responder = Responder.Plan(host: "127.0.0.1", port: broker.port)
        responder.qualityOfService = qualityOfService
        var plan = MQTTFloor.Plan(responder: responder)
        plan.chargePoints = 5
        plan.open = 8
        plan.warmUp = .zero
        plan.duration = .seconds(60)
        plan.enoughRoundTrips = 100
        let report = try await MQTTFloor(plan).run()
        #expect(report.roundTrips > 0)
        #expect(report.unmatched == 0)
        #expect(report.latency?.count == UInt64(report.roundTrips))
    }

    @Test(arguments: [UInt8(0), 1])
    func `The bare relay carries CALLs to the broker and their answers back`(qualityOfService: UInt8) async throws {
        let broker = try await TestBroker.started()
        var responder = Responder.Plan(host: "127.0.0.1", port: broker.port)
        responder.qualityOfService = qualityOfService
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = Task { [responder] in try await RelayServer.run(responder) { listening.yield($0) } }
        defer { server.cancel() }
        let port = try #require(await ports.first { _ in true })
        let endpoint = try CentralSystemEndpoint(url: "ws://127.0.0.1:\(port)\(RelayServer.path)")
        var plan = LoadRun.Plan(mode: .closed(open: 4), target: try LoadTarget(endpoint: endpoint), count: 5)
        plan.responder = responder
        plan.warmUp = .zero
        plan.settle = .zero
        plan.duration = .seconds(60)
        plan.patience = .seconds(30)
        plan.isEnough = { $0.answered >= 50 }
        let report = try await LoadRun(plan).run { _ in }
        #expect(report.rounds.map(\.upgraded) == [5])
        #expect(report.roundTrips > 0 && report.unanswered == 0 && report.unmatched == 0)
        server.cancel()
        try await server.value
    }

    @Test
    func `Charge points connect, and each answer brings the next CALL`() async throws {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = Task { try await EchoServer.run { listening.yield($0) } }
        defer { server.cancel() }
        let port = try #require(await ports.first { _ in true })
        let endpoint = try CentralSystemEndpoint(url: "ws://127.0.0.1:\(port)\(EchoServer.path)")
        var target = try LoadTarget(endpoint: endpoint)
        target.sources = 3
        var plan = LoadRun.Plan(mode: .closed(open: 4), target: target, count: 7)
        plan.warmUp = .zero
        plan.settle = .zero
        plan.duration = .seconds(30)
        plan.patience = .seconds(30)
        plan.isEnough = { $0.answered >= 20 }
        plan.rounds = 2
        let report = try await LoadRun(plan).run { _ in }
        #expect(report.rounds.map(\.upgraded) == [7, 7])
        #expect(report.rounds.map(\.refused) == [0, 0])
        #expect(report.roundTrips > 0)
        #expect(report.unanswered == 0)
        #expect(report.lostConnections == 0)
    }

    @Test
    func `An idle run answers nobody's CALLs once its own have been answered`() async throws {
        let broker = try await TestBroker.started()
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = Task { try await EchoServer.run { listening.yield($0) } }
        defer { server.cancel() }
        let port = try #require(await ports.first { _ in true })
        let responder = Responder.Plan(host: "127.0.0.1", port: broker.port)
        let endpoint = try CentralSystemEndpoint(url: "ws://127.0.0.1:\(port)\(EchoServer.path)")
        var plan = LoadRun.Plan(mode: .idle, target: try LoadTarget(endpoint: endpoint), count: 3)
        plan.settle = .zero
        plan.duration = .seconds(100)
        plan.responder = responder
        var floor = MQTTFloor.Plan(responder: responder)
        floor.warmUp = .zero
        floor.duration = .seconds(60)
        floor.enoughRoundTrips = 200
        let (lines, progress) = AsyncStream.makeStream(of: String.self)
        let idle = Task { [plan] in try await LoadRun(plan).run { progress.yield($0) } }
        defer { idle.cancel() }
        _ = await lines.first { $0.hasPrefix("3 connected") }
        try await eventually("that nobody answers but the floor's own") { [floor] in
            try await MQTTFloor(floor).run().unmatched == 0
        }
    }

    @Test
    func `The report says what the threads of the charge points and of the answers have used`() async throws {
        let broker = try await TestBroker.started()
        var plan = MQTTFloor.Plan(responder: Responder.Plan(host: "127.0.0.1", port: broker.port))
        plan.warmUp = .zero
        plan.duration = .seconds(60)
        plan.enoughRoundTrips = 500
        let generator = try #require(try await MQTTFloor(plan).run().generator)
        #expect(generator.chargePointsPercent > 0)
        #expect(try #require(generator.responderPercent) > 0)
        #expect(generator.cpuPercent >= generator.chargePointsPercent)
    }

    @Test
    func `Who is not let in is counted`() async throws {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = Task { try await EchoServer.run { listening.yield($0) } }
        let port = try #require(await ports.first { _ in true })
        server.cancel()
        // Nobody listens there any more.
        _ = await server.result
        let target = try LoadTarget(endpoint: CentralSystemEndpoint(url: "ws://127.0.0.1:\(port)/echo"))
        let plan = LoadRun.Plan(mode: .storm, target: target, count: 3)
        await #expect(throws: LoadRun.Failure.self) { try await LoadRun(plan).run { _ in } }
    }
}
