import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing

/// One broker, one gateway on it, one central system behind: what most tests need, gone when the test ends.
struct Site: Sendable {
    let broker: TestBroker
    let gateway: GatewayProcess
    let central: CentralSystem
    let port: Int

    func connect(
        _ identity: String = "CP-1", subprotocols: [String] = ["ocpp1.6"], answeredPings: Int = .max
    ) async throws -> ChargePointClient {
        var settings = ChargePointClient.Settings()
        settings.subprotocols = subprotocols
        settings.answeredPings = answeredPings
        return try await ChargePointClient.connect(port: port, identity: identity, settings: settings)
    }

    /// A charge point whose session has its subscription: a CALL went up and its answer came down.
    func connectReady(_ identity: String = "CP-1", answeredPings: Int = .max) async throws -> ChargePointClient {
        let chargePoint = try await connect(identity, answeredPings: answeredPings)
        _ = try await chargePoint.call("Heartbeat", id: "ready")
        return chargePoint
    }
}

/// Runs a test against a site of its own. `weight` counts what runs beside it: a heavy test runs alone.
func withSite(
    _ settings: [String: String] = [:], broker given: TestBroker? = nil, brokerPort: Int? = nil,
    version: MQTTVersion = .v5, mountpoint: String = "ocpp/", credentials: (user: String, password: String)? = nil,
    weight: Int = 1,
    _ body: @escaping @Sendable (Site) async throws -> Void
) async throws {
    try await Slots.shared.run(weight) {
        let broker: TestBroker
        if let given {
            broker = given
        } else {
            broker = try await TestBroker.start()
        }
        var settings = settings
        settings["BROKER_URL"] = settings["BROKER_URL"] ?? "mqtt://127.0.0.1:\(brokerPort ?? broker.port)"
        let central: CentralSystem
        let gateway: GatewayProcess
        do {
            central = try await CentralSystem.connect(
                port: broker.port, version: version, mountpoint: mountpoint, credentials: credentials)
            gateway = try await GatewayProcess.start(settings)
        } catch {
            await broker.remove()
            throw error
        }
        let result: Result<Void, any Error>
        do {
            let port = try await gateway.port()
            try await body(Site(broker: broker, gateway: gateway, central: central, port: port))
            result = .success(())
        } catch {
            result = .failure(Failure("\(error)\n  The gateway's last log lines:\n\(gateway.lastLogLines)"))
        }
        var hasCrashed = false
        if !gateway.child.isRunning {
            // Tests end it by these; any other signal, and an internal failure, are its own doing.
            let wanted = [0, -SIGKILL, -SIGTERM, -SIGINT]
            let code = try await gateway.child.exit().code
            hasCrashed = code < 0 && !wanted.contains(code) || code == 70
        }
        await gateway.child.end()
        keep(gateway)
        await central.stop()
        await broker.remove()
        let leaks = await gateway.leakedSecrets
        #expect(leaks.isEmpty, "secrets are in the gateway's log")
        #expect(!hasCrashed, "the gateway ended by itself:\n\(gateway.lastLogLines)")
        try result.get()
    }
}

/// For a look at a failure: with INTEGRATION_LOGS, each gateway's log is kept in that folder.
private func keep(_ gateway: GatewayProcess) {
    guard let folder = ProcessInfo.processInfo.environment["INTEGRATION_LOGS"] else {
        return
    }
    let file = URL(fileURLWithPath: folder).appending(path: "gateway-\(gateway.child.pid).log")
    try? gateway.child.output.write(to: file, atomically: true, encoding: .utf8)
}

/// Lets a few tests run beside each other, so that two cores are busy and no deadline is missed.
actor Slots {
    static let shared = Slots(4)
    static let all = 4

    private var free: Int
    private var waiting: [(weight: Int, continuation: CheckedContinuation<Void, Never>)] = []

    init(_ count: Int) {
        free = count
    }

    func run(_ weight: Int, _ body: @Sendable () async throws -> Void) async throws {
        await take(weight)
        defer { give(weight) }
        try await body()
    }

    private func take(_ weight: Int) async {
        if waiting.isEmpty, free >= weight {
            free -= weight
            return
        }
        await withCheckedContinuation { waiting.append((weight, $0)) }
    }

    private func give(_ weight: Int) {
        free += weight
        while let first = waiting.first, free >= first.weight {
            free -= first.weight
            waiting.removeFirst().continuation.resume()
        }
    }
}
