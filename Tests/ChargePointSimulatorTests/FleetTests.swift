import ClientEndpoints
import OCPPJ
import TestSupport
import Testing

@testable import ChargePointSimulator

@Suite("Charge points on a real socket", .timeLimit(.minutes(3)))
struct FleetTests {
    /// Looks every 10 ms; the time limit of the suite ends what never becomes true.
    private func eventually(_ condition: () async throws -> Bool) async throws {
        while !(try await condition()) { try await Task.sleep(for: .milliseconds(10)) }
    }

    private func plan(
        port: Int, count: Int, versions: [OCPPVersion] = [.v16], timeScale: Double = 2_000, path: String = "/ocpp",
        password: String? = nil
    ) throws -> Fleet.Plan {
        Fleet.Plan(
            endpoint: try CentralSystemEndpoint(url: "ws://127.0.0.1:\(port)\(path)", password: password),
            count: count, versions: versions, ramp: 1_000, pace: LifePace(timeScale: timeScale), seed: 11)
    }

    @Test
    func `five charge points live a whole life, and close with 1000 in the end`() async throws {
        let server = WebSocketCentralSystem()
        let fleet = Fleet(try plan(port: try await server.start(), count: 5))
        let identities = Set((1...5).map { "CP000\($0)" })
        await fleet.start()
        try await eventually {
            // A machine that is busy may let one of them stop charging before its first meter values are due.
            identities.allSatisfy { server.calls(of: $0).contains("StopTransaction") }
                && identities.contains { server.calls(of: $0).contains("MeterValues") }
        }
        #expect(fleet.snapshot.connected == 5)
        await fleet.stop()
        #expect(server.identities == identities)
        try await eventually { identities.allSatisfy { server.events(of: $0).last == .closed(code: 1_000) } }
        for identity in identities {
            // A triggered or silent moment more or less does not change a life.
            let calls = server.calls(of: identity).filter { $0 != "MeterValues" && $0 != "Heartbeat" }
            #expect(
                calls.prefix(9) == [
                    "BootNotification", "Available 0", "Available 1", "Authorize", "Preparing 1", "StartTransaction",
                    "Charging 1", "Finishing 1", "StopTransaction",
                ])
            let unexpected = server.events(of: identity).filter { if case .unexpected = $0 { true } else { false } }
            #expect(unexpected.isEmpty)
        }
        let end = fleet.snapshot
        #expect(end.connected == 0)
        #expect(end.connectionsLost == 0)
        #expect(end.errors == 0)
        #expect(end.boots == 5)
        #expect(end.wattHours > 0)
        await server.stop()
    }

    @Test
    func `charge points of all versions live side by side, and every message is as its version's schemas want it`()
        async throws
    {
        let server = WebSocketCentralSystem()
        let plan = try plan(port: try await server.start(), count: 6, versions: OCPPVersion.allCases)
        let fleet = Fleet(plan)
        let versions = Dictionary(
            uniqueKeysWithValues: (0..<6).map { (plan.identity($0), OCPPVersion.allCases[$0 % 3]) })
        await fleet.start()
        try await eventually {
            versions.allSatisfy { identity, version in
                server.calls(of: identity).contains(version == .v16 ? "StopTransaction" : "Ended")
                    && (version != .v21 || server.calls(of: identity).contains("ClosePeriodicEventStream"))
            }
        }
        await fleet.stop()
        for (identity, version) in versions {
            #expect(server.version(of: identity) == version)
            var judge = try MessageJudge(version)
            for event in server.events(of: identity) {
                if case .unexpected(let text) = event { Issue.record("\(text)") }
                guard case .received(let message) = event else { continue }
                let fault = try judge.fault(in: message, from: .chargePoint)
                #expect(fault == nil)
            }
        }
        #expect(fleet.snapshot.errors == 0)
        #expect(fleet.snapshot.badMessages == 0)
        #expect(fleet.snapshot.sendsSent > 0)
        await server.stop()
    }

    @Test
    func `a command gets its answer, and Reset a restart with another boot`() async throws {
        let server = WebSocketCentralSystem()
        let fleet = Fleet(try plan(port: try await server.start(), count: 1))
        await fleet.start()
        try await eventually { server.calls(of: "CP0001").contains("Available 1") }
        try await server.send(.call(id: "c1", action: "GetConfiguration", payload: [:]), to: "CP0001")
        try await server.send(.call(id: "c2", action: "Reset", payload: ["type": "Hard"]), to: "CP0001")
        try await eventually { server.calls(of: "CP0001").filter { $0 == "BootNotification" }.count == 2 }
        try await eventually { server.events(of: "CP0001").contains(.closed(code: 1_001)) }
        let events = server.events(of: "CP0001")
        let answers = events.compactMap { event -> String? in
            if case .received(.callResult(let id, _)) = event { id } else { nil }
        }
        #expect(answers == ["c1", "c2"])
        #expect(fleet.snapshot.commands == 2)
        await fleet.stop()
        await server.stop()
    }

    @Test
    func `connects again when the connection is lost`() async throws {
        let server = WebSocketCentralSystem()
        let fleet = Fleet(try plan(port: try await server.start(), count: 1))
        await fleet.start()
        try await eventually { server.calls(of: "CP0001").contains("Available 1") }
        try await server.close("CP0001")
        try await eventually { fleet.snapshot.connections == 2 }
        #expect(fleet.snapshot.connectionsLost == 1)
        await fleet.stop()
        await server.stop()
    }

    @Test
    func `keeps trying while nobody listens, and connects when somebody does`() async throws {
        let port = try freePort()
        let fleet = Fleet(try plan(port: port, count: 2))
        await fleet.start()
        try await eventually { fleet.snapshot.attemptsFailed >= 2 }
        #expect(fleet.snapshot.connections == 0)
        #expect(fleet.snapshot.lastFailure == "Connection refused")
        let server = WebSocketCentralSystem()
        _ = try await server.start(port: port)
        try await eventually { fleet.snapshot.connected == 2 }
        await fleet.stop()
        await server.stop()
    }

    @Test
    func `an HTTP refusal is told with its status`() async throws {
        let server = WebSocketCentralSystem()
        let fleet = Fleet(try plan(port: try await server.start(), count: 1, path: "/elsewhere"))
        await fleet.start()
        try await eventually { fleet.snapshot.attemptsFailed >= 1 }
        #expect(fleet.snapshot.lastFailure == "refused with HTTP 404")
        #expect(fleet.snapshot.connections == 0)
        await fleet.stop()
        await server.stop()
    }

    @Test
    func `a central system that does not agree on ocpp1.6 is no connection`() async throws {
        let server = WebSocketCentralSystem(subprotocols: ["ocpp2.0.1"])
        let fleet = Fleet(try plan(port: try await server.start(), count: 1))
        await fleet.start()
        try await eventually { fleet.snapshot.attemptsFailed >= 1 }
        #expect(fleet.snapshot.lastFailure == "subprotocol ocpp1.6 not agreed")
        #expect(fleet.snapshot.connections == 0)
        await fleet.stop()
        await server.stop()
    }

    @Test
    func `a password goes as HTTP Basic with the identity as user name`() async throws {
        let server = WebSocketCentralSystem()
        let fleet = Fleet(try plan(port: try await server.start(), count: 1, password: "secret"))
        await fleet.start()
        try await eventually { fleet.snapshot.connected == 1 }
        // "CP0001:secret" in Base64.
        #expect(server.events(of: "CP0001").first == .connected(authorization: "Basic Q1AwMDAxOnNlY3JldA=="))
        await fleet.stop()
        await server.stop()
    }
}
