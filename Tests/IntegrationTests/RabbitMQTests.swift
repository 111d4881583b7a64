import NIOCore
import TestSupport
import Testing

/// relay-format.md, "MQTT details": a broker that speaks MQTT 3.1.1 only serves as well.
@Suite struct RabbitMQTests {
    @Test func `A broker that refuses MQTT 5 is used with 311 by itself`() async throws {
        let broker = try await RabbitMQProcess.start()
        do {
            await #expect(throws: (any Error).self, "this RabbitMQ speaks MQTT 5: it proves nothing here") {
                _ = try await MQTTTestClient.connect(port: broker.port, clientID: "five")
            }
            try await exchange(port: broker.port, settings: [:])
            try await exchange(port: broker.port, settings: ["BROKER_PROTOCOL": "3.1.1"])
        } catch {
            await broker.remove()
            throw error
        }
        await broker.remove()
    }

    private func exchange(port: Int, settings: [String: String]) async throws {
        let central = try await CentralSystem.connect(port: port, version: .v311)
        let gateway = try await GatewayProcess.start(
            settings.merging(["BROKER_URL": "mqtt://127.0.0.1:\(port)"]) { $1 })
        do {
            let chargePoint = try await ChargePointClient.connect(port: try await gateway.port(), identity: "CP-1")
            chargePoint.acceptEveryCall()
            for _ in 1...20 {
                #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
                #expect(try await central.call("Reset", to: "CP-1").type == 3)
            }
            let code = try await gateway.stop()
            #expect(code == 0)
        } catch {
            await gateway.child.end()
            await central.stop()
            throw Failure("\(error)\n\(gateway.lastLogLines)")
        }
        await central.stop()
    }
}
