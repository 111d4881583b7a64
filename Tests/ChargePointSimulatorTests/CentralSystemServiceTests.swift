import BrokerLink
import ClientEndpoints
import Logging
import NIOCore
import NIOPosix
import OutsideNames
import Synchronization
import TestSupport
import Testing

@testable import ChargePointSimulator

@Suite("The central system on a real broker", .timeLimit(.minutes(3)))
struct CentralSystemServiceTests {
    /// Stands where the gateway stands: publishes for charge points and hears what goes down to them.
    private final class GatewaySide: BrokerLinkObserver, BrokerSubscriber {
        private struct Heard {
            var isSubscribed = false
            var messages: [SimulatorMessage] = []
        }

        let eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
        private let heard = Mutex(Heard())

        var isSubscribed: Bool { heard.withLock { $0.isSubscribed } }
        var messages: [SimulatorMessage] { heard.withLock { $0.messages } }

        func brokerLinkChanged(connection: Int, isUp: Bool) {}
        func brokerDeliveredUnrouted(_ message: BrokerMessage, from connection: BrokerConnection) {}
        func brokerSubscribed() { heard.withLock { $0.isSubscribed = true } }
        func brokerRefusedSubscription(reasonCode: UInt8) {}

        func brokerDelivered(_ message: BrokerMessage) {
            guard let message = try? SimulatorMessage(relay: message.payload) else { return }
            heard.withLock { $0.messages.append(message) }
        }
    }

    private func eventually(_ condition: () async throws -> Bool) async throws {
        while !(try await condition()) { try await Task.sleep(for: .milliseconds(10)) }
    }

    @Test
    func `answers CALLs to the downstream topic, sends commands, and counts what comes back`() async throws {
        let broker = try await TestBroker.started()
        let service = CentralSystemService(
            CentralSystemService.Plan(
                broker: try BrokerAddress(url: "mqtt://127.0.0.1:\(broker.port)"), commandsPerMinute: 60))
        service.start(logger: Logger(label: "test"))
        var events = service.events.makeAsyncIterator()
        while let event = await events.next(), event != .subscribed {}

        let gateway = GatewaySide()
        let link = BrokerLink(
            configuration: BrokerLinkConfiguration(
                addresses: [BrokerLinkConfiguration.Address(host: "127.0.0.1", port: broker.port)],
                clientID: "gateway-side"),
            observer: gateway, logger: Logger(label: "test"))
        link.start()
        let connection = try #require(link.connections.first)
        connection.subscribe(
            topic: "ocpp/cs/CP 1", subscriber: gateway)
        try await eventually { gateway.isSubscribed }
        func publish(_ payload: ByteBuffer, to topic: String) {
            #expect(connection.publish(BrokerPublish(topic: Topic(topic), payload: payload)) == .accepted)
        }

        let boot = SimulatorMessage.call(
            id: "b1", action: "BootNotification", payload: ["chargePointVendor": "V", "chargePointModel": "M"])
        publish(boot.relay(), to: "ocpp/cp/CP 1")
        try await eventually { gateway.messages.contains { $0.id == "b1" } }
        let answer = try #require(gateway.messages.first { $0.id == "b1" })
        guard case .callResult(_, let payload) = answer else {
            Issue.record("BootNotification got no CALLRESULT")
            return
        }
        #expect(payload["status"] == "Accepted")

        // Nothing but the user property tells the version of this one; each spells the code in its way.
        let empty = SimulatorMessage.call(id: "v1", action: "Authorize", payload: [:])
        let properties = BrokerPublish.Properties(version: "2.0.1")
        let versioned = BrokerPublish(topic: "ocpp/cp/CP 1", payload: empty.relay(), properties: properties)
        #expect(connection.publish(versioned) == .accepted)
        try await eventually { gateway.messages.contains { $0.id == "v1" } }
        guard case .callError(_, let code, _, _) = gateway.messages.first(where: { $0.id == "v1" }) else {
            Issue.record("an empty Authorize got no CALLERROR")
            return
        }
        #expect(code == "OccurrenceConstraintViolation")

        publish(ByteBuffer(string: "nonsense"), to: "ocpp/cp/CP 1")
        try await eventually { service.snapshot.badMessages == 1 }

        func commands() -> [String] {
            gateway.messages.compactMap { if case .call(let id, _, _) = $0 { id } else { nil } }
        }
        try await eventually { !commands().isEmpty }
        let first = try #require(commands().first)
        publish(SimulatorMessage.callResult(id: first, payload: [:]).relay(), to: "ocpp/cp/CP 1/Reply")
        try await eventually { service.snapshot.commandsAnswered == 1 }

        try await eventually { commands().count > 1 }
        let second = try #require(commands().last)
        let error = SimulatorMessage.callError(
            id: second, code: "GenericError", description: "",
            details: ["source": "gateway", "reason": "disconnected"])
        publish(error.relay(), to: "ocpp/cp/CP 1/Reply")
        try await eventually { service.snapshot.gatewayErrors == ["disconnected": 1] }

        #expect(service.snapshot.chargePoints == 1)
        await service.stop()
        _ = await link.stop(deadline: .now() + .seconds(3))
    }
}
