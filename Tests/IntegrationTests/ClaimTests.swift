import Foundation
import NIOCore
import TestSupport
import Testing

/// relay-format.md, "Several gateways on one broker": what claims cost, and what becomes of them when clocks are wrong
/// or the broker does not deliver them.
@Suite struct ClaimTests {
    /// A site with more gateways on the same broker.
    private func withGateways(
        _ count: Int, broker: TestBroker, weight: Int = 2, settings: [String: String] = [:],
        _ body: @escaping @Sendable (Site, [GatewayProcess]) async throws -> Void
    ) async throws {
        try await withSite(settings, broker: broker, weight: weight) { site in
            var others: [GatewayProcess] = []
            do {
                for _ in 1..<count {
                    let other = try await GatewayProcess.start(["BROKER_URL": "mqtt://127.0.0.1:\(broker.port)"])
                    others.append(other)
                    try await other.log("the broker link") { $0.message == "broker link up" }
                }
                try await body(site, others)
            } catch {
                for other in others { await other.child.end() }
                throw Failure("\(error)\n  Another gateway:\n\(others.last?.lastLogLines ?? "-")")
            }
            for other in others { await other.child.end() }
        }
    }

    private func accepting(_ identity: String = "CP-1", port: Int) async throws -> ChargePointClient {
        let client = try await ChargePointClient.connect(port: port, identity: identity)
        client.acceptEveryCall()
        return client
    }

    private func timestamp(in seconds: TimeInterval) -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        return formatter.string(from: Date(timeIntervalSinceNow: seconds))
    }

    /// The charge point is at one place: commands get there, and nowhere else.
    private func expectCommands(_ site: Site, at client: ChargePointClient) async throws {
        for _ in 1...3 { #expect(try await site.central.call("TriggerMessage", to: "CP-1").type == 3) }
        #expect(client.isOpen)
        let replies = site.central.received.all.filter { $0.type == 3 && $0.topic.hasSuffix("/Reply") }
        #expect(Set(replies.compactMap(\.uniqueID)).count == replies.count, "each is answered once")
    }

    @Test func `Among ten gateways a claim reaches its own and the one that has the charge point only`() async throws {
        let broker = try await TestBroker.start(extraConfiguration: ["log_type debug"])
        try await withGateways(10, broker: broker, weight: Slots.all) { site, others in
            @Sendable func deliveries() async -> [String] {
                broker.lines.filter { $0.contains("Sending PUBLISH to") && $0.contains("gateway/claims/CP-1'") }
            }
            let old = try await site.connectReady()
            #expect(await deliveries().count == 1)
            let last = try #require(others.last)
            let new = try await accepting(port: try await last.port())
            #expect(OCPPText(try await new.call("Heartbeat", id: "moved")).type == 3)
            #expect(try await old.closing().code == 1008)
            // The new claim to two, and the old session's last word to whom it concerns.
            let all = await deliveries()
            #expect((3...5).contains(all.count), "\(all)")
            let hearers = [site.gateway, last].map { gateway in " to \(gateway.clientID) " }
            for line in all { #expect(hearers.contains { line.contains($0) }, "\(line)") }
            try await expectCommands(site, at: new)
        }
    }

    @Test func `A gateway without charge points is subscribed to no claims of theirs`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            await chargePoint.close()
            try await eventually("both subscriptions are gone") {
                let log = site.broker.lines
                return ["ocpp/cs/CP-1", "ocpp/gateway/claims/CP-1"].allSatisfy { topic in
                    log.contains { $0.hasSuffix(" \(site.gateway.clientID) \(topic)") }
                }
            }
            #expect(!site.broker.lines.contains { $0.contains("claims/+") || $0.contains("claims/#") })
        }
    }

    @Test(arguments: ["%CC%81CP", "%2525", "100%25", "%E2%84%AA1"])
    func `An identity with unusual bytes is taken over like any other`(path: String) async throws {
        try await withGateways(2, broker: try await TestBroker.start()) { site, others in
            let old = try await site.connect(path)
            let witness = try await MQTTTestClient.connect(port: site.broker.port, clientID: "witness")
            try await witness.subscribe("ocpp/gateway/claims/+")
            let new = try await ChargePointClient.connect(port: try await others[0].port(), identity: path)
            #expect(try await old.closing() == .init(code: 1008, reason: "replaced by a newer connection"))
            let level = (path.removingPercentEncoding ?? "").replacing("%", with: "%25")
            let claim = try await witness.messages.first("the claim") { $0.text.contains("successor") }
            #expect(Array(claim.topic.utf8) == Array("ocpp/gateway/claims/\(level)".utf8))
            #expect(claim.text.contains(/"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/))
            #expect(new.isOpen)
            await witness.disconnect()
        }
    }

    // MARK: Clocks

    @Test func `A claim nearly a minute ahead does not break takeover`() async throws {
        try await withGateways(2, broker: try await TestBroker.start()) { site, others in
            let other = try await others[0].port()
            let first = try await site.connectReady()
            let claim = #"{"gateway":"x","session":"zzz","time":"\#(timestamp(in: 59.9))"}"#
            try await site.central.publish(MQTTMessage(topic: "ocpp/gateway/claims/CP-1", text: claim))
            #expect(try await first.closing().code == 1008)
            var (previous, port) = (try await accepting(port: site.port), other)
            #expect(OCPPText(try await previous.call("Heartbeat")).type == 3)
            for _ in 1...4 {
                let next = try await accepting(port: port)
                #expect(OCPPText(try await next.call("Heartbeat")).type == 3)
                #expect(try await previous.closing().code == 1008)
                try await expectCommands(site, at: next)
                (previous, port) = (next, port == other ? site.port : other)
            }
        }
    }

    @Test func `A clock that was an hour ahead and is set right does not break takeover`() async throws {
        let library = ["x86_64", "aarch64"].map { "/usr/lib/\($0)-linux-gnu/faketime/libfaketimeMT.so.1" }
            .first(where: FileManager.default.fileExists(atPath:))
        guard let library else { throw Failure("faketime is not installed; ./deploy/test.sh installs it") }
        let clock = FileManager.default.temporaryDirectory.appending(path: "clock-\(UUID().uuidString)")
        try "+3600".write(to: clock, atomically: true, encoding: .utf8)
        let fake = [
            "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": clock.path, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        ]
        try await withGateways(2, broker: try await TestBroker.start(), settings: fake) { site, others in
            let witness = try await MQTTTestClient.connect(port: site.broker.port, clientID: "witness")
            try await witness.subscribe("ocpp/gateway/claims/CP-1")
            let wrong = try await accepting(port: site.port)
            #expect(OCPPText(try await wrong.call("Heartbeat")).type == 3)
            let now = timestamp(in: 1800)
            let early = try await witness.messages.first("the claim") { $0.text.contains("time") }
            let time = try #require(early.text.split(separator: "\"time\":\"").last?.prefix(24))
            #expect(String(time) > now, "the gateway's clock is wrong")
            try "+0".write(to: clock, atomically: true, encoding: .utf8)
            let right = try await accepting(port: try await others[0].port())
            #expect(OCPPText(try await right.call("Heartbeat")).type == 3)
            #expect(try await wrong.closing().code == 1008)
            try await expectCommands(site, at: right)
            // And back: what it says now is right.
            let back = try await accepting(port: site.port)
            #expect(OCPPText(try await back.call("Heartbeat")).type == 3)
            #expect(try await right.closing().code == 1008)
            try await expectCommands(site, at: back)
            await witness.disconnect()
        }
        try FileManager.default.removeItem(at: clock)
    }

    // MARK: A broker that delivers no claims

    @Test func `A broker that delivers no claims is reported once and charge points do not wait`() async throws {
        let list = FileManager.default.temporaryDirectory.appending(path: "acl-\(UUID().uuidString)")
        let rights = "topic readwrite ocpp/cp/#\ntopic readwrite ocpp/cs/#\n"
        try (rights + "topic write ocpp/gateway/claims/#\n").write(to: list, atomically: true, encoding: .utf8)
        let broker = try await TestBroker.start(extraConfiguration: ["acl_file \(list.path)"])
        try await withSite(["LOG_LEVEL": "debug"], broker: broker) { site in
            let message = "the broker delivers no claims, not even this gateway's own: "
            _ = try await site.connectReady("CP-0")
            let error = try await site.gateway.log("the error") { $0.message.hasPrefix(message) }
            #expect(error.fields["level"] == "error" && error.mentions("ocpp/gateway/claims/+", "read"))
            for number in 1...8 { _ = try await site.connectReady("CP-\(number)") }
            let waited = site.gateway.logLines.filter { $0.message == "opened without a word of an older session" }
            #expect(waited.map { $0.fields["cid"] } == ["CP-0"], "the time was over for the first alone")

            try (rights + "topic readwrite ocpp/gateway/claims/#\n").write(to: list, atomically: true, encoding: .utf8)
            await broker.reload()
            // The broker reads its list in its own time.
            try await eventually("claims come back") {
                let chargePoint = try? await site.connectReady("CP-9")
                await chargePoint?.close()
                return site.gateway.logLines.contains { $0.message.hasPrefix("claims come back") }
            }
            #expect(site.gateway.logLines.count { $0.message.hasPrefix(message) } == 1)
        }
        try FileManager.default.removeItem(at: list)
    }
}
