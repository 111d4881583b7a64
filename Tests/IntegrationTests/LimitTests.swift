import Foundation
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

    /// A debug build takes seconds to quote what a flood is made of, so that here the bytes are few and the bound is low.
    @Test func `Refused messages of one charge point that the broker does not take have a bound and others are served`()
        async throws
    {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        let settings = [
            "UPSTREAM_INVALID_TOPIC": "cp/${cid}/Invalid", "LIMITS_BAD_MESSAGES": "0", "LIMITS_MEMORY": "1MB",
            "STATS_INTERVAL": "100ms",
        ]
        try await withSite(settings, broker: broker, brokerPort: proxy.port, weight: Slots.all) { site in
            let flooder = try await site.connectReady("CP-1")
            let other = try await site.connectReady("CP-2")
            let before = site.gateway.child.mostResidentBytes
            // The link is up, and carries nothing.
            try await proxy.stall()
            let count = 30
            let padding = String(repeating: "x", count: 40_000)
            for number in 1...count { try await flooder.send(text: "bad \(number) \(padding)") }
            try await eventually("each is answered", within: .seconds(240)) {
                flooder.texts.all.count { OCPPText($0).errorCode == "FormationViolation" } == count
            }
            try await other.send(WebSocketFrame(.ping, Array("other".utf8)))
            _ = try await other.texts.first("its pong") { $0 == "(opcode 10) other" }
            proxy.cut()
            for chargePoint in [other, flooder] {
                #expect(OCPPText(try await chargePoint.call("Heartbeat", within: .minutes(3))).type == 3)
            }
            // What one session may hold has come, in front of that, and the rest is counted: a quarter of the whole
            // has room for six.
            let copies = Set(site.central.received.all.filter { $0.topic == "ocpp/cp/CP-1/Invalid" }.map(\.text)).count
            #expect((1...8).contains(copies))
            try await site.gateway.log("the count of the others") {
                $0.message == "statistics" && $0.fields["lost_copies"] == "\(count - copies)"
            }
            try await site.gateway.log("that there is no room") { $0.message == "message lost" && $0.mentions("CP-1") }
            let growth = site.gateway.child.mostResidentBytes - before
            #expect(growth < 32 << 20, "grew by \(growth >> 20) MiB")
        }
        await proxy.close()
    }

    /// Inflated as they are read they would take 280 MB.
    @Test func `Deflated messages that wait while reading pauses are held as they came and others are served`()
        async throws
    {
        let count = 64
        let calls = try await Self.deflatedCalls(count)
        let settings = ["LISTENERS_WS_DEFAULT_WEBSOCKET_COMPRESS": "true", "UPSTREAM_MAX_OPEN_CALLS": "2"]
        try await withSite(settings, weight: Slots.all) { site in
            // Of those that flood one is answered.
            site.central.onCall { call in
                call.action == "Heartbeat" || call.topic == "ocpp/cp/CP-1" ? CentralSystem.plainAnswer(call) : .none
            }
            let other = try await site.connectReady("OTHER")
            let before = site.gateway.child.mostResidentBytes
            var chargePoints: [ChargePointClient] = []
            for number in 1...10 {
                var settings = ChargePointClient.Settings()
                settings.headers = [
                    (
                        "Sec-WebSocket-Extensions",
                        "permessage-deflate; client_no_context_takeover; server_no_context_takeover"
                    )
                ]
                let (chargePoint, answer) = try await ChargePointClient.open(
                    port: site.port, identity: "CP-\(number)", settings: settings)
                try #require(answer.header("sec-websocket-extensions")?.contains("permessage-deflate") == true)
                // All in one piece, as one read takes it.
                try await chargePoint.send(bytes: calls)
                chargePoints.append(chargePoint)
            }
            for number in 2...10 {
                for id in ["1", "2"] {
                    _ = try await site.central.upstreamCall("DataTransfer", id: id, of: "CP-\(number)")
                }
            }
            #expect(OCPPText(try await other.call("Heartbeat")).type == 3)
            try await eventually("all of the one have been answered", within: .seconds(240)) {
                chargePoints[0].texts.all.count { OCPPText($0).type == 3 } == count
            }
            #expect(OCPPText(try await other.call("Heartbeat")).type == 3)
            let growth = site.gateway.child.mostResidentBytes - before
            #expect(growth < 120 << 20, "grew by \(growth >> 20) MiB")
        }
    }

    /// So many CALLs of 500 KB each, deflated to less than a thousandth, as frames.
    private static func deflatedCalls(_ count: Int) async throws -> ByteBuffer {
        let program = """
            import base64, zlib
            for number in range(1, \(count) + 1):
                text = '[2,"%d","DataTransfer",{"vendorId":"v","data":"%s"}]' % (number, "x" * 500000)
                deflate = zlib.compressobj(wbits=-15)
                message = deflate.compress(text.encode()) + deflate.flush(zlib.Z_SYNC_FLUSH)
                print(base64.b64encode(message[:-4]).decode())
            """
        let lines = try await run("python3", ["-c", program]).split(separator: "\n")
        var frames = ByteBuffer()
        for line in lines {
            var frame = WebSocketFrame(.text, Array(try #require(Data(base64Encoded: String(line)))))
            frame.reservedBits = 4
            frames.writeImmutableBuffer(frame.bytes)
        }
        try #require(lines.count == count && frames.readableBytes < 64 << 10)
        return frames
    }
}

extension ChildProcess {
    /// The most that it ever had resident, in bytes.
    fileprivate var mostResidentBytes: Int {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(separator: " ").compactMap { Int($0) }.first ?? 0) * 1024
    }
}
