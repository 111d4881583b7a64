import ChargePointSessions
import Foundation
import Management
import NIOCore
import NIOPosix
import OutsideNames
import Testing

@testable import Gateway

/// management.md, "Health", "Clients": on a gateway that has neither listeners nor a broker yet.
@Suite("Management: what is seen of a gateway")
struct GatewayControlSightTests {
    private func look(_ body: (GatewayControl, any EventLoop) async throws -> Void) async throws {
        let loaded = try load()
        let null = open("/dev/null", O_WRONLY)
        defer { close(null) }
        let logs = GatewayLogs(configuration: loaded.configuration.logs, fileDescriptor: null)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let service = GatewayService(
            configuration: loaded.configuration, authenticator: nil, group: group, logger: logs.logger())
        let control = GatewayControl(
            service: service, loaded: loaded, gatewayVersion: "1", logs: logs, logger: logs.logger())
        do {
            try await body(control, group.next())
        } catch {
            Issue.record(error)
        }
        try await group.shutdownGracefully()
    }

    @Test func `It is alive and not ready, and each event loop has a delay`() async throws {
        try await look { control, _ in
            #expect(await control.liveness() == .alive)
            let readiness = await control.readiness()
            #expect(readiness == Readiness(listeners: .down, broker: .down))
            let family = try #require(
                await control.metrics().first { $0.name == "ocpp_gateway_loop_delay_seconds" })
            #expect(family.samples.count == 2)
            control.service.draining.raise()
            #expect(await control.readiness().isDraining)
        }
    }

    @Test func `A charge point is shown, and kicked once`() async throws {
        try await look { control, loop in
            let session = try await StandInSession.connect("CP1", to: control.service.registry, on: loop)
            let key = SessionKey(session.sessionID)
            let snapshot = try #require(await control.snapshots(of: [SessionKey("nobody"), key]).first)
            #expect(snapshot.entry.identity == "CP1" && snapshot.port == 5123 && snapshot.mountpoint == "ocpp/")
            #expect(snapshot.heartbeatInterval == 60 && snapshot.downstreamQueueLimit == 100)
            #expect(
                await control.subscriptions(of: key) == [ClientSubscription(topic: session.downstreamTopic, qos: 1)])
            #expect(await control.kick(key))
            #expect(await control.roster(changedSince: nil)?.entries.isEmpty == true)
            #expect(await control.kick(key) == false)
            #expect(await control.subscriptions(of: key) == nil)
        }
    }

    @Test func `Whoever watches a session's frames hears when it ends, and nobody can watch one that has`() async throws
    {
        try await look { control, loop in
            let session = try await StandInSession.connect("CP1", to: control.service.registry, on: loop)
            let key = SessionKey(session.sessionID)
            let (ends, ended) = AsyncStream<Void>.makeStream()
            let watch = await control.watchFrames(of: key, { _ in }, ended: { ended.finish() })
            #expect(watch != nil)
            #expect(await control.kick(key))
            for await _ in ends {}
            #expect(await control.watchFrames(of: key, { _ in }, ended: {}) == nil)
            withExtendedLifetime(watch) {}
        }
    }

    @Test func `The statistics come while somebody watches`() async throws {
        try await look { control, _ in
            let (events, heard) = AsyncStream<GatewayEvent>.makeStream()
            let watch = await control.watchEvents { heard.yield($0) }
            let first = await events.first { _ in true }
            #expect(first?.kind == .stats && first?.content["sessions"] == 0 && first?.content["pending"] == 0)
            #expect(first?.content["up_per_s"] == .number("0.0"))
            withExtendedLifetime(watch) {}
            #expect(control.service.sight.events.isListening)
        }
    }

    // MARK: Commands

    @Test func `The actions are those that the central system may send, each with its schema`() async throws {
        try await look { control, _ in
            let actions = try #require(await control.actions(toChargePointIn: "1.6"))
            #expect(actions.contains("Reset") && actions.contains("DataTransfer") && !actions.contains("Heartbeat"))
            let schema = try #require(await control.requestSchema(of: "Reset", in: "1.6"))
            #expect(try JSON(reading: schema)["properties"]?["type"] != nil)
            #expect(await control.requestSchema(of: "Heartbeat", in: "1.6") == nil)
            #expect(await control.requestSchema(of: "../Reset", in: "1.6") == nil)
            #expect(await control.actions(toChargePointIn: "1.5") == nil)
        }
    }

    @Test(arguments: [
        ("Heartbeat", "{}"), ("Restart", "{}"), ("Reset", #"{"type":"Medium"}"#), ("Reset", "{}"),
    ])
    func `A command that its schema refuses, or that is not the central system's, is not sent`(
        action: String, payload: String
    ) async throws {
        try await look { control, loop in
            let session = try await StandInSession.connect("CP1", to: control.service.registry, on: loop)
            let call = ChargePointCall(action: action, payload: ByteBuffer(string: payload), timeout: .seconds(60))
            do throws(OperationFailure) {
                _ = try await control.call(SessionKey(session.sessionID), call)
                Issue.record("it was sent")
            } catch {
                if case .refused(let reason) = error {
                    #expect(!reason.isEmpty)
                } else {
                    Issue.record(error)
                }
            }
        }
    }

    @Test(arguments: [
        (
            #"[3,ID,{"status":"Accepted"}]"#,
            ChargePointAnswer.Outcome.result(ByteBuffer(string: #"{"status":"Accepted"}"#))
        ),
        (
            #"[4,ID,"NotSupported","not \u0068ere",{"a":1}]"#,
            .error(code: "NotSupported", description: "not here", details: ByteBuffer(string: #"{"a":1}"#))
        ),
    ])
    func `The charge point's answer goes to whoever asked, and whoever watches sees both frames`(
        answer: String, outcome: ChargePointAnswer.Outcome
    ) async throws {
        try await look { control, loop in
            let (frames, sent) = AsyncStream<ByteBuffer>.makeStream()
            let session = try await StandInSession.connect(
                "CP1", to: control.service.registry, on: loop, sent: { sent.yield($0) })
            let (seen, watched) = AsyncStream<FrameEvent>.makeStream()
            let key = SessionKey(session.sessionID)
            let watch = await control.watchFrames(of: key, { watched.yield($0) }, ended: {})
            let reset = ChargePointCall(action: "Reset", payload: ByteBuffer(string: #"{"type":"Soft"}"#))
            async let told = control.call(key, reset)
            let frame = try #require(await frames.first { _ in true })
            let elements = try #require(JSON(reading: frame).elements)
            #expect(elements[2] == "Reset" && elements[3] == ["type": "Soft"])
            let id = try #require(elements[1].string)
            let reply = ByteBuffer(string: answer.replacing("ID", with: "\"\(id)\""))
            try await loop.submit { session.assumeIsolated { $0.received(text: reply) } }.get()
            let result = try await told
            #expect(result.uniqueID == UniqueID(id) && result.outcome == outcome)
            var directions: [FrameEvent.Direction] = []
            for await frame in seen {
                directions.append(frame.direction)
                if directions.count == 2 { break }
            }
            #expect(directions == [.down, .up])
            withExtendedLifetime(watch) {}
        }
    }

    @Test func `A good command waits for its answer no longer than it may, and is disconnected with its session`()
        async throws
    {
        try await look { control, loop in
            let session = try await StandInSession.connect("CP1", to: control.service.registry, on: loop)
            let key = SessionKey(session.sessionID)
            let reset = ChargePointCall(
                action: "Reset", payload: ByteBuffer(string: #"{"type":"Soft"}"#), timeout: .seconds(600))
            async let outcome: OperationFailure? = {
                do throws(OperationFailure) {
                    _ = try await control.call(key, reset)
                    return nil
                } catch {
                    return error
                }
            }()
            while await control.snapshots(of: [key]).first?.callsDownInFlight == 0 { await Task.yield() }
            #expect(await control.kick(key))
            #expect(await outcome == .disconnected)
            await #expect(throws: OperationFailure.notFound("the charge point is not connected")) {
                try await control.call(key, reset)
            }
        }
    }
}
