import Foundation
import NIOCore
import TestSupport
import Testing

/// `broker.sessions: per_charge_point`: every charge point has an MQTT connection of its own.
@Suite struct OwnConnectionTests {
    private static let settings = ["BROKER_SESSIONS": "per_charge_point", "PRESENCE_TOPIC": "cp/${cid}/Presence"]

    private func authorization(_ text: String) -> [(String, String)] {
        [("Authorization", "Basic \(Data(text.utf8).base64EncodedString())")]
    }

    private func open(_ identity: String, _ credentials: String?, at site: Site) async throws -> (
        ChargePointClient, ChargePointClient.Handshake
    ) {
        var settings = ChargePointClient.Settings()
        settings.headers = credentials.map(authorization) ?? []
        return try await ChargePointClient.open(port: site.port, identity: identity, settings: settings)
    }

    private func presence(_ site: Site) -> [String] {
        site.central.received.all.compactMap { message in
            guard message.topic.hasSuffix("/Presence") else { return nil }
            return ["disconnected", "connected"].first { message.text.contains("\"event\":\"\($0)\"") }
        }
    }

    @Test(arguments: [MQTTVersion.v5, .v311])
    func `Messages pass both ways on the charge points own connection`(version: MQTTVersion) async throws {
        let settings = Self.settings.merging(["BROKER_PROTOCOL": version == .v5 ? "5" : "3.1.1"]) { _, new in new }
        try await withSite(settings) { site in
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall()
            #expect(try await site.central.call("TriggerMessage", to: "CP-1").type == 3)
            #expect(site.broker.lines.contains { $0.contains(" as ocpp-CP-1 (p") })
            #expect(site.broker.lines.contains { $0.hasSuffix("ocpp-CP-1 1 ocpp/cs/CP-1") }, "its own subscription")
            await chargePoint.close()
            try await eventually("both presences") { presence(site) == ["connected", "disconnected"] }
            let end = try #require(site.central.received.all.last { $0.text.contains("disconnected") })
            #expect(end.text.contains("\"reason\":\"closed_by_peer\""))
            try await eventually("the broker saw a goodbye") {
                site.broker.lines.contains { $0.contains("Client ocpp-CP-1 disconnected") }
            }
            // A command to nobody: the subscription is gone, and nothing is kept for the client id.
            try await site.central.sendCall("Reset", id: "late", to: "CP-1")
            let again = try await site.connectReady()
            again.acceptEveryCall()
            #expect(try await site.central.call("TriggerMessage", to: "CP-1").type == 3)
            #expect(again.texts.all.isEmpty)
        }
    }

    /// The gateway's own user may do everything, a charge point what is its own.
    @Test func `The brokers credentials and access list decide`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "access-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let passwords = folder.appending(path: "passwords").path
        try Data().write(to: URL(fileURLWithPath: passwords))
        for (user, password) in [("gateway", "g"), ("central", "c"), ("CP-1", "s3cr3t"), ("CP-2", "0102")] {
            let child = try await ChildProcess.start(
                "/usr/bin/mosquitto_passwd", ["-b", passwords, user, password])
            #expect(try await child.exit().code == 0)
        }
        let access = folder.appending(path: "access").path
        let rules =
            "user gateway\ntopic readwrite #\nuser central\ntopic readwrite #\n"
            + "pattern readwrite ocpp/cp/%u/#\npattern readwrite ocpp/cp/%u\npattern read ocpp/cs/%u\n"
        try Data(rules.utf8).write(to: URL(fileURLWithPath: access))
        let broker = try await TestBroker.start(extraConfiguration: [
            "allow_anonymous false", "password_file \(passwords)", "acl_file \(access)",
        ])
        let settings = Self.settings.merging(
            [
                "BROKER_USERNAME": "gateway", "BROKER_PASSWORD": "g",
                "UPSTREAM_TOPIC_OVERRIDE_MAPPING": "DataTransfer=other/${cid}", "UPSTREAM_ANSWER_TIMEOUT": "5s",
            ]
        ) { _, new in new }
        try await withSite(
            settings, broker: broker, credentials: ("central", "c")
        ) { site in
            for (identity, credentials) in [
                ("CP-1", "CP-1:wrong-pw"), ("CP-1", "nobody:s3cr3t"), ("CP-1", nil), ("CP-1", "CP-1:s3cr3t\u{0}x"),
            ] {
                let (client, answer) = try await open(identity, credentials, at: site)
                #expect(answer.status == 401, "\(credentials ?? "-")")
                #expect(answer.header("www-authenticate") != nil)
                await client.cut()
            }
            let (chargePoint, answer) = try await open("CP-1", "CP-1:s3cr3t", at: site)
            #expect(answer.status == 101)
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            // What the access list forbids is the charge point's to know: MQTT 5 says so, and the CALL is answered.
            let refused = OCPPText(
                try await chargePoint.call("DataTransfer", #"{"vendorId":"x"}"#, id: "forbidden"))
            #expect(refused.type == 4 && refused.errorCode == "InternalError")
            let connected = try #require(
                site.central.received.all.first { $0.text.contains(#""event":"connected""#) })
            #expect(connected.text.contains(#""username":"CP-1""#))
            let secrets = site.gateway.logLines.filter { $0.mentions("s3cr3t") || $0.mentions("wrong-pw") }
            #expect(secrets.isEmpty)
        }
    }

    @Test func `Nobody comes in under another name unless that is allowed`() async throws {
        try await withSite(Self.settings) { site in
            let (intruder, refused) = try await open("CP-2", "CP-1:s3cr3t", at: site)
            #expect(refused.status == 401 && refused.body == "not authorized")
            await intruder.cut()
            #expect(!site.broker.lines.contains { $0.contains(" as ocpp-CP-2 (p") })
            let (_, accepted) = try await open("CP-1", "CP-1:s3cr3t", at: site)
            #expect(accepted.status == 101)
            try await site.gateway.log("who it is") {
                $0.message == "charge point connected" && $0.fields["user"] == "CP-1"
            }
        }
    }

    @Test func `Shared user names come in where they are allowed`() async throws {
        let settings = Self.settings.merging(["AUTHENTICATION_USERNAME_IS_IDENTITY": "false"]) { _, new in new }
        try await withSite(settings) { site in
            let (_, accepted) = try await open("CP-2", "fleet:s3cr3t", at: site)
            #expect(accepted.status == 101)
            try await site.gateway.log("the warning") { $0.mentions("opens every identity") }
        }
    }

    @Test func `A charge point that is named like a back end's client takes nothing from that`() async throws {
        try await withSite(Self.settings) { site in
            let chargePoint = try await site.connectReady("central-system")
            chargePoint.acceptEveryCall()
            #expect(try await site.central.call("TriggerMessage", to: "central-system").type == 3)
            #expect(site.central.links.value == 1, "the broker has ended the back end's connection for it")
        }
    }

    /// The gateway's link must not flap because somebody calls himself so.
    @Test func `A charge point that is named like a gateway stays outside`() async throws {
        let settings = Self.settings.merging(["BROKER_CLIENT_ID": "ocpp-gw"]) { _, new in new }
        try await withSite(settings) { site in
            for identity in ["gw", "gateway-elsewhere"] {
                let (client, refused) = try await open(identity, nil, at: site)
                #expect(refused.status == 401 && refused.body == "not authorized")
                try await site.gateway.log("why \(identity) stays outside") {
                    $0.message == "handshake refused" && $0.mentions(identity, "client id that is a gateway's")
                }
                await client.cut()
            }
            // Somebody with the name, and another client id.
            let (_, accepted) = try await open("ocpp-gw", nil, at: site)
            #expect(accepted.status == 101)
            #expect(!site.gateway.logLines.contains { $0.mentions("broker link down") })
        }
    }

    /// Nothing in its name says that it is one.
    @Test func `A charge point that is named like another gateway that was heard of stays outside`() async throws {
        let settings = Self.settings.merging(["LOG_LEVEL": "debug"]) { _, new in new }
        try await withSite(settings, weight: 2) { site in
            let own = ["BROKER_URL": "mqtt://127.0.0.1:\(site.broker.port)", "BROKER_CLIENT_ID": "ocpp-other"]
            // One with claims, which knows nothing of connections of charge points' own.
            let other = try await GatewayProcess.start(own)
            do {
                try await other.log("the broker link") { $0.message == "broker link up" }
                try await site.gateway.log("that it is there") {
                    $0.message == "another gateway is on the broker" && $0.fields["gateway"] == "ocpp-other"
                }
                for identity in ["other", "other-2"] {
                    let (client, refused) = try await open(identity, nil, at: site)
                    #expect(refused.status == 401)
                    await client.cut()
                }
                let (_, accepted) = try await open("other-x", nil, at: site)
                #expect(accepted.status == 101)
                #expect(!other.logLines.contains { $0.message == "broker link down" })
            } catch {
                await other.child.end()
                throw error
            }
            await other.child.end()
        }
    }

    @Test func `Without a broker the handshake is 503`() async throws {
        try await withSite(Self.settings) { site in
            _ = try await site.connectReady()
            await site.broker.kill()
            try await site.gateway.log("the loss") { $0.message == "broker link down" }
            let (_, answer) = try await open("CP-2", nil, at: site)
            #expect(answer.status == 503 && answer.header("retry-after") != nil)
        }
    }

    @Test func `A broker that restarts finds every charge point again`() async throws {
        try await withSite(Self.settings, weight: 2) { site in
            var chargePoints: [ChargePointClient] = []
            for number in 1...50 {
                let chargePoint = try await site.connectReady("CP-\(number)")
                chargePoint.acceptEveryCall()
                chargePoints.append(chargePoint)
            }
            await site.broker.kill()
            try await site.broker.start()
            // The broker could not say that they were gone; they are there, and say so again.
            try await eventually("both beginnings of one session") {
                let beginnings = site.central.received.all.filter {
                    $0.topic == "ocpp/cp/CP-1/Presence" && $0.text.contains("\"connected\"")
                }
                let sessions = Set(beginnings.map { $0.text.firstMatch(of: /"session":"(\w+)"/)?.output.1 })
                return beginnings.count == 2 && sessions.count == 1
            }
            for (index, chargePoint) in chargePoints.enumerated() {
                #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
                #expect(try await site.central.call("TriggerMessage", to: "CP-\(index + 1)").type == 3)
            }
        }
    }

    @Test(arguments: [true, false])
    func `The newest connection of a charge point stays wherever it comes in`(onOneGateway: Bool) async throws {
        try await withSite(Self.settings, weight: 2) { site in
            let own = ["BROKER_URL": "mqtt://127.0.0.1:\(site.broker.port)"]
            let second = try await GatewayProcess.start(Self.settings.merging(own) { _, new in new })
            do {
                try await second.log("the broker link") { $0.message == "broker link up" }
                let port = onOneGateway ? site.port : try await second.port()
                let old = try await site.connectReady()
                try await site.central.sendCall("Reset", id: "open", to: "CP-1")
                _ = try await old.texts.take("the CALL")
                let new = try await ChargePointClient.connect(port: port, identity: "CP-1")
                new.acceptEveryCall()
                #expect(OCPPText(try await new.call("Heartbeat")).type == 3)
                #expect(try await old.closing() == .init(code: 1008, reason: "replaced by a newer connection"))
                let report = try await site.central.received.take("the report") { $0.uniqueID == "open" }
                #expect(report.reason == "disconnected")
                #expect(try await site.central.call("TriggerMessage", to: "CP-1").type == 3)
                #expect(new.isOpen)
            } catch {
                await second.child.end()
                throw Failure("\(error)\n  The second gateway:\n\(second.lastLogLines)")
            }
            await second.child.end()
        }
    }

    @Test func `The broker says that a charge point is gone when its gateway dies`() async throws {
        try await withSite(Self.settings) { site in
            _ = try await site.connectReady()
            site.gateway.child.send(signal: 9)
            let will = try await site.central.received.take("the Will") { $0.text.contains("disconnected") }
            #expect(will.topic == "ocpp/cp/CP-1/Presence")
            #expect(will.text.contains(#""reason":"broker_connection_lost""#))
            #expect(!will.text.contains("duration"))
        }
    }

    @Test func `An orderly stop says so for every charge point and leaves nothing`() async throws {
        try await withSite(Self.settings.merging(["SHUTDOWN_DRAIN_TIME": "1s"]) { _, new in new }) { site in
            for number in 1...20 { _ = try await site.connectReady("CP-\(number)") }
            #expect(try await site.gateway.stop() == 0)
            try await eventually("all ends") { presence(site).count { $0 == "disconnected" } == 20 }
            #expect(!site.central.received.all.contains { $0.text.contains("broker_connection_lost") })
            #expect(
                site.broker.lines.count { $0.contains("Client ocpp-CP-") && $0.hasSuffix(" disconnected.") } == 20)
        }
    }
}
