import NIOCore
import TestSupport
import Testing

/// What must not grow or run out: descriptors and memory.
@Suite struct LimitTests {
    @Test func `Near its limit of descriptors the gateway stops accepting and goes on when some are free`() async throws
    {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        let central = try await CentralSystem.connect(port: broker.port)
        let gateway = try await GatewayProcess.start(
            ["BROKER_URL": "mqtt://127.0.0.1:\(proxy.port)", "ENABLE_STATS": "false"], openFiles: 120)
        do {
            let port = try await gateway.port()
            try await withThrowingTaskGroup(of: ChargePointClient.self) { group in
                for number in 1...150 {
                    group.addTask { try await ChargePointClient.connect(port: port, identity: "CP-\(number)") }
                }
                var connected: [ChargePointClient] = []
                while connected.count < 60, let client = try await group.next() { connected.append(client) }
                try await gateway.log("the pause") { $0.message.contains("nearly out of descriptors") }
                // Those that are in still work, and the broker link finds a descriptor when it needs one.
                let chargePoint = try #require(connected.first)
                #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
                proxy.cut()
                #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
                #expect(gateway.child.openDescriptors < 120)
                // As they leave, the others come in.
                while connected.count > 0 || !group.isEmpty {
                    if let client = connected.popLast() { await client.close() }
                    if connected.isEmpty, let client = try await group.next() { connected.append(client) }
                }
            }
            #expect(try await gateway.stop() == 0)
            await central.stop()
        } catch {
            await gateway.child.end()
            await broker.remove()
            throw Failure("\(error)\n\(gateway.lastLogLines)")
        }
        await broker.remove()
        await proxy.close()
    }

    @Test func `A flood of commands for one charge point is reported to the last and takes little memory`() async throws
    {
        let settings = ["DNSTREAM_CALL_TIMEOUT": "600s"]
        // With 20 packets on their way a flood is a thousand waits for a slow machine's turn.
        let broker = try await TestBroker.start(extraConfiguration: ["max_inflight_messages 1000"])
        try await withSite(settings, broker: broker, weight: Slots.all) { site in
            let flooded = try await site.connectReady("CP-1")
            let other = try await site.connectReady("CP-2")
            let flooder = try await MQTTTestClient.connect(port: site.broker.port, clientID: "flooder")
            let before = site.gateway.child.residentBytes
            let padding = String(repeating: "x", count: 2000)
            let commands = 20_000
            for number in 1...commands {
                let text =
                    #"{"MessageTypeId":2,"UniqueId":"f\#(number)","Action":"DataTransfer","#
                    + #""Payload":{"vendorId":"v","data":"\#(padding)"}}"#
                flooder.post(MQTTMessage(topic: site.central.downstreamTopic("CP-1"), text: text))
            }
            var most = before
            // One CALL is unanswered and a hundred wait; every other one is reported.
            try await eventually("every command is delivered, queued or reported", within: .seconds(240)) {
                most = max(most, site.gateway.child.residentBytes)
                return site.central.received.all.count { $0.reason == "queue_full" } == commands - 101
            }
            #expect(OCPPText(try await other.call("Heartbeat")).type == 3)
            #expect(most - before < 48 << 20, "grew by \((most - before) >> 20) MiB")
            #expect(flooded.isOpen)
            await flooder.disconnect()
        }
    }

    @Test func `What charge points say in an outage takes no more memory than all queues may hold`() async throws {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        let settings = ["LIMITS_MEMORY": "4MB", "UPSTREAM_ANSWER_TIMEOUT": "10s"]
        try await withSite(settings, broker: broker, brokerPort: proxy.port, weight: Slots.all) { site in
            let (count, calls) = (10, 8)
            var chargePoints: [ChargePointClient] = []
            for number in 1...count { chargePoints.append(try await site.connectReady("CP-\(number)")) }
            proxy.refuse()
            try await site.gateway.log("the outage") { $0.message == "broker link down" }
            let before = site.gateway.child.residentBytes
            let padding = String(repeating: "x", count: 400_000)
            // 32 MB in all.
            for number in 1...calls {
                for chargePoint in chargePoints {
                    try await chargePoint.send(
                        text: #"[2,"f\#(number)","DataTransfer",{"vendorId":"v","data":"\#(padding)"}]"#)
                }
            }
            var most = before
            try await eventually("every CALL has its answer", within: .seconds(120)) {
                most = max(most, site.gateway.child.residentBytes)
                return chargePoints.allSatisfy { $0.texts.all.count == calls }
            }
            #expect(chargePoints.allSatisfy { $0.texts.all.allSatisfy { $0.contains(#""InternalError""#) } })
            #expect(most - before < 20 << 20, "grew by \((most - before) >> 20) MiB")
            proxy.pass()
            try await eventually("the link is back") {
                site.gateway.logLines.count { $0.message == "broker link up" } == 2
            }
            for chargePoint in chargePoints { #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3) }
        }
        await proxy.close()
    }
}
