import NIOCore
import NIOPosix
import Testing

@testable import ChargePointSimulator

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
        let message = try JSONValue(parsing: ByteBuffer(bytes: text))
        guard case .array(let elements) = message else {
            Issue.record("not an array")
            return
        }
        #expect(elements.count == 4)
        #expect(elements[1] == .string("030000000abc"))
        #expect(elements[2] == .string("MeterValues"))
    }

    @Test(arguments: [120, 300, 1024, 32_768])
    func `A payload has the size that was asked for`(bytes: Int) {
        #expect(MeterValuesPayload.json(bytes: bytes).utf8.count == bytes)
    }

    @Test(arguments: [UInt8(0), 1])
    func `Every CALL to the broker comes back answered`(qualityOfService: UInt8) async throws {
        let broker = try await MosquittoServer()
        var responder = Responder.Plan(host: "127.0.0.1", port: broker.port)
        responder.qualityOfService = qualityOfService
        var plan = MQTTFloor.Plan(responder: responder)
        plan.chargePoints = 5
        plan.open = 8
        plan.warmUp = .zero
        plan.duration = .seconds(1)
        let report = try await eventually { try await MQTTFloor(plan).run() }
        #expect(report.roundTrips > 0)
        #expect(report.unmatched == 0)
        #expect(report.latency?.count == UInt64(report.roundTrips))
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
        plan.duration = .seconds(1)
        plan.rounds = 2
        let report = try await LoadRun(plan).run { _ in }
        #expect(report.rounds.map(\.upgraded) == [7, 7])
        #expect(report.rounds.map(\.refused) == [0, 0])
        #expect(report.roundTrips > 0)
        #expect(report.unanswered == 0)
        #expect(report.lostConnections == 0)
    }

    @Test
    func `Only the active ones send more than one CALL, with the action and payload that are asked for`() async throws {
        let server = WebSocketCentralSystem()
        let port = try await server.start()
        var target = try LoadTarget(endpoint: CentralSystemEndpoint(url: "ws://127.0.0.1:\(port)/ocpp"))
        target.action = "Heartbeat"
        target.payload = "{}"
        var plan = LoadRun.Plan(mode: .closed(open: 2), target: target, count: 5)
        plan.active = 2
        plan.warmUp = .zero
        plan.settle = .zero
        plan.duration = .seconds(1)
        let report = try await LoadRun(plan).run { _ in }
        await server.stop()
        #expect(report.roundTrips > 0)
        #expect(report.payloadBytes == 2)
        let calls = (1...5).map { server.calls(of: "LOAD0000\($0)") }
        #expect(calls.allSatisfy { $0.allSatisfy { $0 == "Heartbeat" } })
        #expect(calls.filter { $0.count == 1 }.count == 3)
        #expect(calls.filter { $0.count > 1 }.count == 2)
    }

    @Test
    func `An idle run answers nobody's CALLs once its own have been answered`() async throws {
        let broker = try await MosquittoServer()
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
        floor.duration = .milliseconds(100)
        // The broker listens when this has run.
        _ = try await eventually { [floor] in try await MQTTFloor(floor).run() }
        let (lines, progress) = AsyncStream.makeStream(of: String.self)
        let idle = Task { [plan] in try await LoadRun(plan).run { progress.yield($0) } }
        defer { idle.cancel() }
        _ = await lines.first { $0.hasPrefix("3 connected") }
        struct AnsweredTwice: Error {}
        _ = try await eventually { [floor] in
            guard try await MQTTFloor(floor).run().unmatched == 0 else { throw AnsweredTwice() }
        }
    }

    @Test
    func `The report says what the threads of the charge points and of the answers have used`() async throws {
        let broker = try await MosquittoServer()
        var plan = MQTTFloor.Plan(responder: Responder.Plan(host: "127.0.0.1", port: broker.port))
        plan.warmUp = .zero
        plan.duration = .seconds(1)
        let generator = try #require(try await eventually { try await MQTTFloor(plan).run() }.generator)
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

    /// The broker needs a moment before it listens.
    private func eventually<Result>(_ body: () async throws -> Result) async throws -> Result {
        let deadline = NIODeadline.now() + .seconds(20)
        while true {
            do {
                return try await body()
            } catch {
                guard .now() < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
