import Foundation
import TestSupport
import Testing

/// The access lists that docs/operations.md has for Mosquitto, word for word: with them everything works that must, and
/// nobody but a gateway gets near the claim topics.
@Suite struct AccessListTests {
    private static func page() throws -> String {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: folder.appending(path: "docs/operations.md"), encoding: .utf8)
    }

    /// The fenced block that begins with this line.
    private static func block(_ first: String) throws -> String {
        let blocks = try page().split(separator: "```\n", omittingEmptySubsequences: false)
        guard let block = blocks.first(where: { $0.hasPrefix("\(first)\n") }) else {
            throw Failure("docs/operations.md has no list that begins with \(first)")
        }
        return String(block)
    }

    /// A broker that lets in these users and goes by this list.
    private func withBroker(
        _ list: String, users: [String], _ body: (TestBroker) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "access-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (passwords, access) = (folder.appending(path: "passwords"), folder.appending(path: "access"))
        try Data().write(to: passwords)
        for user in users {
            _ = try await run("mosquitto_passwd", ["-b", passwords.path, user, Self.password(of: user)])
        }
        try list.write(to: access, atomically: true, encoding: .utf8)
        try await body(
            try await TestBroker.start(extraConfiguration: [
                "allow_anonymous false", "password_file \(passwords.path)", "acl_file \(access.path)",
            ]))
    }

    private static func password(of user: String) -> String { "s3cr3t-of-\(user)" }

    private static let backend = (user: "backend", password: password(of: "backend"))

    private static let settings = [
        "BROKER_USERNAME": "gateway", "BROKER_PASSWORD": password(of: "gateway"),
        "PRESENCE_TOPIC": "cp/${cid}/Presence",
    ]

    @Test func `With Mosquitto's lines gateways take over from each other and nobody else ends a session`() async throws
    {
        let list = try Self.block("user gateway")
        try await withBroker(list, users: ["gateway", "backend", "stranger"]) { broker in
            try await withSite(Self.settings, broker: broker, credentials: Self.backend, weight: 2) { site in
                let own = ["BROKER_URL": "mqtt://127.0.0.1:\(broker.port)"]
                let second = try await GatewayProcess.start(Self.settings.merging(own) { $1 })
                do {
                    try await second.log("the broker link") { $0.message == "broker link up" }
                    let old = try await site.connectReady()
                    try await expectForgersAreKeptOff(broker, old)
                    let new = try await ChargePointClient.connect(port: try await second.port(), identity: "CP-1")
                    new.acceptEveryCall()
                    #expect(OCPPText(try await new.call("Heartbeat")).type == 3)
                    #expect(try await old.closing() == .init(code: 1008, reason: "replaced by a newer connection"))
                    #expect(try await site.central.call("Reset", #"{"type":"Soft"}"#, to: "CP-1").type == 3)
                    // The back end may read what gateways say of themselves, and the gateways may say it.
                    let backend = try await MQTTTestClient.connect(
                        port: broker.port, clientID: "reader", credentials: Self.backend)
                    try await backend.subscribe("ocpp/gateway/+/Status")
                    #expect(try await second.stop() == 0)
                    let status = try await backend.messages.first("the status") { $0.text.contains("offline") }
                    #expect(status.topic == "ocpp/gateway/\(second.clientID)/Status")
                    await backend.disconnect()
                    for gateway in [site.gateway, second] {
                        let complaints = gateway.logLines.filter {
                            $0.mentions("delivers no claims") || $0.mentions("refuses") || $0.mentions("not delivered")
                        }
                        #expect(complaints.isEmpty, "\(complaints)")
                    }
                } catch {
                    await second.child.end()
                    throw Failure("\(error)\n  The second gateway:\n\(second.lastLogLines)")
                }
                await second.child.end()
            }
        }
    }

    /// A claim that would end the session, said by others; and what is said there is not for them to hear.
    private func expectForgersAreKeptOff(_ broker: TestBroker, _ chargePoint: ChargePointClient) async throws {
        let formatter = ISO8601DateFormatter()
        let time = formatter.string(from: Date(timeIntervalSinceNow: 5))
        let claim = #"{"gateway":"forger","session":"zzz","time":"\#(time)"}"#
        for user in ["backend", "stranger"] {
            let forger = try await MQTTTestClient.connect(
                port: broker.port, clientID: "forger-\(user)", credentials: (user, Self.password(of: user)))
            try? await forger.subscribe("ocpp/gateway/claims/#")
            await #expect(throws: Failure.self) {
                try await forger.publish(MQTTMessage(topic: "ocpp/gateway/claims/CP-1", text: claim))
            }
            // Whatever was to come of it has come before this.
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            #expect(chargePoint.isOpen && forger.messages.all.isEmpty)
            await forger.disconnect()
        }
    }

    @Test func `With the lines for own connections each charge point has its topics and nobody's else`() async throws {
        // In the text, since they stand behind what the gateway's own user may do.
        let page = try Self.page()
        let patterns = page.matches(of: #/`(pattern [a-z]+ [^`]+)`/#).map { String($0.1) }
        try #require(patterns.count == 3, "\(patterns)")
        let rights = [
            "user gateway", "topic readwrite ocpp/gateway/claims/+", "topic write ocpp/cp/#",
            "topic write ocpp/gateway/+/Status", "user backend", "topic read ocpp/cp/#", "topic write ocpp/cs/+",
        ]
        let list = (rights + patterns + [""]).joined(separator: "\n")
        let settings = Self.settings.merging([
            "BROKER_SESSIONS": "per_charge_point", "UPSTREAM_TOPIC_OVERRIDE_MAPPING": "DataTransfer=cp/CP-2/${action}",
        ]) { $1 }
        try await withBroker(list, users: ["gateway", "backend", "CP-1", "CP-2"]) { broker in
            try await withSite(settings, broker: broker, credentials: Self.backend) { site in
                var own = ChargePointClient.Settings()
                own.headers = [
                    ("Authorization", "Basic \(Data("CP-1:\(Self.password(of: "CP-1"))".utf8).base64EncodedString())")
                ]
                let chargePoint = try await ChargePointClient.connect(port: site.port, identity: "CP-1", settings: own)
                chargePoint.acceptEveryCall()
                #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
                #expect(try await site.central.call("Reset", #"{"type":"Soft"}"#, to: "CP-1").type == 3)
                // Somebody else's topic.
                let refused = OCPPText(try await chargePoint.call("DataTransfer", #"{"vendorId":"x"}"#))
                #expect(refused.errorCode == "InternalError", "\(refused)")
                #expect(!site.central.received.all.contains { $0.topic.hasPrefix("ocpp/cp/CP-2") })
            }
        }
    }
}
