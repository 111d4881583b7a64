import Foundation
import NIOCore
import TestSupport
import Testing

/// relay-format.md, "Several gateways on one broker".
@Suite struct TakeoverTests {
    /// A site with a second gateway on the same broker.
    private func withTwoGateways(
        _ settings: [String: String] = [:], _ body: @escaping @Sendable (Site, GatewayProcess, Int) async throws -> Void
    ) async throws {
        let broker = try await TestBroker.start()
        try await withSite(settings, broker: broker, weight: 2) { site in
            let own = ["BROKER_URL": "mqtt://127.0.0.1:\(broker.port)"]
            let second = try await GatewayProcess.start(settings.merging(own) { _, new in new })
            do {
                try await second.log("the broker link") { $0.message == "broker link up" }
                try await body(site, second, try await second.port())
            } catch {
                await second.child.end()
                throw Failure("\(error)\n  The second gateway:\n\(second.lastLogLines)")
            }
            await second.child.end()
        }
    }

    /// How often a gateway has not waited any longer for an older session's last word, as it may after 200 ms.
    private func openedWithoutWord(_ gateway: GatewayProcess) -> Int {
        gateway.logLines.count { $0.message == "opened without a word of an older session" }
    }

    @Test func `A new connection on another gateway replaces the old one whose end is reported first`() async throws {
        let settings = ["PRESENCE_TOPIC": "cp/${cid}/Presence", "LOG_LEVEL": "debug"]
        try await withTwoGateways(settings) { site, second, port in
            var old = try await site.connectReady()
            var places = [(second, port), (site.gateway, site.port)]
            // A machine that stands still for 200 ms gets another chance, which the gateway's log tells.
            for round in 1... {
                let (gateway, port) = places[0]
                places.reverse()
                let before = openedWithoutWord(gateway)
                let begin = site.central.received.all.count
                try await site.central.sendCall("Reset", id: "open-\(round)", to: "CP-1")
                _ = try await old.texts.take("the CALL")
                let new = try await ChargePointClient.connect(port: port, identity: "CP-1")
                #expect(OCPPText(try await new.call("Heartbeat", id: "moved-\(round)")).type == 3)
                #expect(try await old.closing() == .init(code: 1008, reason: "replaced by a newer connection"))
                let report = try await site.central.reply(to: "open-\(round)", of: "CP-1")
                #expect(report.reason == "disconnected")
                old = new
                guard openedWithoutWord(gateway) == before || round == 20 else { continue }
                let order = site.central.received.all.dropFirst(begin).compactMap { message -> String? in
                    if message.uniqueID == "open-\(round)" { return message.reason }
                    if message.uniqueID == "moved-\(round)" { return "moved" }
                    guard message.topic.hasSuffix("/Presence") else { return nil }
                    return ["disconnected", "connected"].first { message.text.contains("\"event\":\"\($0)\"") }
                        .map { "presence \($0)" }
                }
                #expect(order == ["disconnected", "presence disconnected", "presence connected", "moved"])
                break
            }
            old.acceptEveryCall()
            #expect(try await site.central.call("TriggerMessage", to: "CP-1").type == 3)
        }
    }

    @Test func `A charge point that hops ten times a second ends in exactly one session`() async throws {
        try await withTwoGateways { site, second, port in
            var random = SeededRandom(seed: 7)
            var clients: [ChargePointClient] = []
            for number in 0..<30 {
                let port = number % 2 == 0 ? site.port : port
                let client = try await ChargePointClient.connect(port: port, identity: "CP-1")
                client.acceptEveryCall()
                clients.append(client)
                try await client.send(text: #"[2,"hop-\#(number)","Heartbeat",{}]"#)
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...150, using: &random)))
            }
            let last = try #require(clients.last)
            let others = clients.dropLast()
            try await eventually("all but the last are closed") { others.allSatisfy { !$0.isOpen } }
            for client in others {
                #expect(try await client.closing().code == 1008)
            }
            #expect(OCPPText(try await last.call("Heartbeat")).type == 3)
            for number in 1...20 {
                try await site.central.sendCall("TriggerMessage", id: "after-\(number)", to: "CP-1")
            }
            for number in 1...20 {
                #expect(try await site.central.reply(to: "after-\(number)", of: "CP-1").type == 3)
            }
            #expect(last.isOpen)
            for gateway in [site.gateway, second] {
                #expect(!gateway.logLines.contains { $0.mentions("not_connected") })
            }
        }
    }

    @Test func `A stale claim ends no session and is answered by the newer one`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            let witness = try await MQTTTestClient.connect(port: site.broker.port, clientID: "witness")
            try await witness.subscribe("ocpp/gateway/claims/+")
            let stale = #"{"gateway":"other","session":"zzz","time":"2020-01-01T00:00:00.000Z"}"#
            try await witness.publish(MQTTMessage(topic: "ocpp/gateway/claims/CP-1", text: stale))
            let answer = try await witness.messages.first("the newer claim") { !$0.text.contains("zzz") }
            #expect(answer.text.contains("\"gateway\":\"gateway-"))
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            #expect(chargePoint.isOpen)
            await witness.disconnect()
        }
    }

    @Test func `A claim of a newer session elsewhere ends the session`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            let time = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: 5))
            let claim = #"{"gateway":"other","session":"a","time":"\#(time)"}"#
            try await site.central.publish(MQTTMessage(topic: "ocpp/gateway/claims/CP-1", text: claim))
            #expect(try await chargePoint.closing().code == 1008)
        }
    }

    @Test(arguments: [
        "", "nonsense", "[]", "{}", #"{"gateway":"g","session":"s"}"#, #"{"gateway":1,"session":2,"time":3}"#,
        #"{"gateway":"g","session":"s","time":"9999-12-31T23:59:59.999Z"}"#,
    ])
    func `A claim that is none is ignored with a log line`(text: String) async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            try await site.central.publish(MQTTMessage(topic: "ocpp/gateway/claims/CP-1", text: text))
            try await site.gateway.log("the refusal") { $0.message == "claim ignored" && $0.mentions("CP-1") }
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
        }
    }

    @Test func `Without a claim topic gateways take nothing over and publish no claims`() async throws {
        try await withTwoGateways(["GATEWAY_CLAIM_TOPIC": ""]) { site, _, port in
            let witness = try await MQTTTestClient.connect(port: site.broker.port, clientID: "witness")
            try await witness.subscribe("ocpp/gateway/#")
            let old = try await site.connectReady()
            let new = try await ChargePointClient.connect(port: port, identity: "CP-1")
            #expect(OCPPText(try await new.call("Heartbeat")).type == 3)
            #expect(old.isOpen && witness.messages.all.isEmpty)
            await witness.disconnect()
        }
    }

    /// The broker kept a session of a gateway's client id with a subscription that the gateway knows nothing of, as
    /// after a SIGKILL at the wrong moment.
    private func withLeftover(
        of identity: String, _ body: @escaping @Sendable (Site, GatewayProcess) async throws -> Void
    ) async throws {
        try await withSite(["BROKER_CLIENT_ID": "gateway-a"], weight: 2) { site in
            let dead = try await MQTTTestClient.connect(
                port: site.broker.port, clientID: "gateway-b", cleanStart: false)
            try await dead.subscribe("ocpp/cs/\(identity)")
            await dead.disconnect()
            // Claimed before the second gateway is there to hear it.
            let chargePoint = try await site.connectReady("CP-1")
            chargePoint.acceptEveryCall()
            let second = try await GatewayProcess.start([
                "BROKER_URL": "mqtt://127.0.0.1:\(site.broker.port)", "BROKER_CLIENT_ID": "gateway-b",
                "LOG_LEVEL": "debug",
            ])
            do {
                try await second.log("the broker link") { $0.message == "broker link up" && $0.mentions("kept") }
                try await body(site, second)
            } catch {
                await second.child.end()
                throw Failure("\(error)\n  The second gateway:\n\(second.lastLogLines)")
            }
            await second.child.end()
        }
    }

    @Test func `A message left over from a dead process is not reported where another gateway has the charge point`()
        async throws
    {
        try await withLeftover(of: "CP-1") { site, second in
            for number in 1...3 { try await site.central.sendCall("Reset", id: "kept-\(number)", to: "CP-1") }
            for number in 1...3 {
                #expect(try await site.central.reply(to: "kept-\(number)", of: "CP-1").type == 3)
            }
            try await second.log("the leftover") {
                $0.message == "message left to the gateway that has the charge point, as that says"
            }
            #expect(!site.central.received.all.contains { $0.reason == "not_connected" })
        }
    }

    @Test func `A message left over from a dead process is reported where nobody has the charge point`() async throws {
        try await withLeftover(of: "CP-9") { site, _ in
            try await site.central.publish(
                MQTTMessage(
                    topic: "ocpp/cs/CP-9",
                    text: #"{"MessageTypeId":2,"UniqueId":"lost","Action":"Reset","Payload":{"type":"Soft"}}"#))
            let report = try await site.central.received.take("the report") { $0.uniqueID == "lost" }
            #expect(report.reason == "not_connected" && report.type == 4)
        }
    }
}
