import Foundation
import NIOCore
import TestSupport
import Testing

/// What becomes of a message that the broker does not take (behaviour.md, "The broker link" and "Bounds"; relay-format.md,
/// "Errors that the gateway itself reports upstream").
@Suite struct PublishingTests {
    private func dataTransfer(_ id: String, bytes: Int) -> String {
        #"[2,"\#(id)","DataTransfer",{"vendorId":"v","data":"\#(String(repeating: "x", count: bytes))"}]"#
    }

    /// The text that the charge point got as the CALLERROR of this CALL.
    private func callError(_ id: String, of chargePoint: ChargePointClient) async throws -> String {
        try await chargePoint.texts.take("CALLERROR of \(id)") { $0.hasPrefix(#"[4,"\#(id)","#) }
    }

    @Test
    func `MQTT 5: a CALL larger than the broker takes is refused at once, and so says the CALLERROR`() async throws {
        let broker = try await TestBroker.start(extraConfiguration: ["max_packet_size 5000"])
        try await withSite(broker: broker) { site in
            let chargePoint = try await site.connectReady()
            try await chargePoint.send(text: dataTransfer("big", bytes: 6000))
            let error = try await callError("big", of: chargePoint)
            #expect(error == #"[4,"big","InternalError","the message is too large for the broker",{}]"#)
        }
    }

    @Test
    func `An answer that is too large for the broker: its CALL's sender is told not_relayed`() async throws {
        let broker = try await TestBroker.start(extraConfiguration: ["max_packet_size 5000"])
        try await withSite(broker: broker) { site in
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall(#"{"status":"Accepted","data":"\#(String(repeating: "x", count: 6000))"}"#)
            let reply = try await site.central.call("DataTransfer", #"{"vendorId":"v"}"#, to: "CP-1")
            #expect(reply.type == 4 && reply.errorCode == "InternalError" && reply.reason == "not_relayed")
            #expect(reply.mqtt.userProperties == ["ocpp-version": "1.6"])
            // The next CALL is not held up.
            chargePoint.acceptEveryCall()
            #expect(try await site.central.call("Reset", #"{"type":"Soft"}"#, to: "CP-1").type == 3)
        }
    }

    @Test
    func `An answer that the broker's access list refuses: its CALL's sender is told not_relayed`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "acl-\(UUID().uuidString)")
        try "topic read ocpp/#\ntopic write ocpp/cp/+\ntopic write ocpp/cp/+/Errors\ntopic write ocpp/cs/+\n"
            .write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let broker = try await TestBroker.start(extraConfiguration: ["acl_file \(file.path)"])
        let settings = ["UPSTREAM_ERROR_TOPIC": "cp/${cid}/Errors", "GATEWAY_CLAIM_TOPIC": ""]
        try await withSite(settings, broker: broker) { site in
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall()
            try await site.central.sendCall("Reset", #"{"type":"Soft"}"#, id: "r-1", to: "CP-1")
            let report = try await site.central.received.take("the report") { $0.uniqueID == "r-1" }
            #expect(report.topic == "ocpp/cp/CP-1/Errors")
            #expect(report.errorCode == "InternalError" && report.reason == "not_relayed")
        }
    }

    @Test(
        arguments: ["shared", "per_charge_point"])
    func
        `A CALL over which the broker ends the link gets InternalError; others are served, also where each has its own link`(
            sessions: String
        ) async throws
    {
        let broker = try await TestBroker.start(extraConfiguration: ["max_packet_size 5000"])
        let settings = ["BROKER_PROTOCOL": "3.1.1", "BROKER_SESSIONS": sessions]
        try await withSite(settings, broker: broker, version: .v311) { site in
            let faulty = try await site.connectReady("FAULTY")
            let other = try await site.connectReady("OTHER")
            try await faulty.send(text: dataTransfer("big", bytes: 6000))
            let error = try await callError("big", of: faulty)
            #expect(error.hasPrefix(#"[4,"big","InternalError","#), "\(error)")
            _ = try await other.call("Heartbeat", id: "after")
            if sessions == "shared" {
                _ = try await faulty.call("Heartbeat", id: "after")
                let line = try await site.gateway.log("the culprit") { $0.mentions("it is dropped") }
                #expect(line.fields["topic"] == "ocpp/cp/FAULTY")
            } else {
                // The broker closed the charge point's connection alone, as it does when another takes it over.
                let lost = site.gateway.logLines.count { $0.message == "broker link down" }
                #expect(lost == 0)
            }
        }
    }

    @Test
    func `An answer over which the broker ends the link: its CALL's sender is told not_relayed`() async throws {
        let broker = try await TestBroker.start(extraConfiguration: ["max_packet_size 5000"])
        try await withSite(["BROKER_PROTOCOL": "3.1.1"], broker: broker, version: .v311) { site in
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall(#"{"status":"Accepted","data":"\#(String(repeating: "x", count: 6000))"}"#)
            let reply = try await site.central.call("DataTransfer", #"{"vendorId":"v"}"#, to: "CP-1")
            #expect(reply.errorCode == "InternalError" && reply.reason == "not_relayed")
        }
    }

    @Test
    func
        `limits.memory: in an outage a charge point may have its share waiting; more is refused, and it is all sent later`()
        async throws
    {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        try await withSite(["LIMITS_MEMORY": "400KB"], broker: broker, brokerPort: proxy.port) { site in
            let chargePoint = try await site.connectReady()
            proxy.refuse()
            try await eventually("the link is down") { proxy.accepted > 1 }
            for number in 0..<8 { try await chargePoint.send(text: dataTransfer("d\(number)", bytes: 20_000)) }
            let error = try await callError("d7", of: chargePoint)
            #expect(error.hasPrefix(#"[4,"d7","InternalError","#) && error.contains("queue is full"), "\(error)")
            proxy.pass()
            let call = try await site.central.upstreamCall("DataTransfer", id: "d0", of: "CP-1")
            #expect(call.mqtt.payload.count > 20_000)
            try await eventually("room again") {
                (try? await chargePoint.call("Heartbeat", id: UUID().uuidString)) != nil
            }
        }
        await proxy.close()
    }

    // MARK: MQTT 5

    @Test
    func `The user property ocpp-version is on answers, errors and reports, and not on presence and refused messages`()
        async throws
    {
        let settings = ["PRESENCE_TOPIC": "cp/${cid}/Presence", "UPSTREAM_INVALID_TOPIC": "cp/${cid}/Invalid"]
        try await withSite(settings) { site in
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall()
            #expect(
                try await site.central.call("Reset", to: "CP-1").mqtt.userProperties == ["ocpp-version": "1.6"])
            try await site.central.send("garbage", to: "CP-1")
            let report = try await site.central.received.take("the report") { $0.reason == "malformed" }
            #expect(report.mqtt.userProperties == ["ocpp-version": "1.6"])
            try await chargePoint.send(text: "garbage")
            for topic in ["Invalid", "Presence"] {
                let message = try await site.central.received.take(topic) { $0.topic.hasSuffix(topic) }
                #expect(message.mqtt.userProperties == [:])
            }
        }
    }

    @Test
    func `A message in another version is refused, and the charge point's CALL stays open for the right answer`()
        async throws
    {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            site.central.onCall { _ in .none }
            try await chargePoint.send(text: #"[2,"v-1","Heartbeat",{}]"#)
            let call = try await site.central.upstreamCall("Heartbeat", id: "v-1", of: "CP-1")
            for (version, payload) in [("2.0.1", #"{"a":1}"#), ("1.6", #"{"b":2}"#)] {
                var answer = MQTTMessage(
                    topic: call.mqtt.responseTopic ?? "",
                    text: #"{"MessageTypeId":3,"UniqueId":"v-1","Payload":\#(payload)}"#)
                answer.userProperties = ["x": "y", "ocpp-version": version]
                try await site.central.publish(answer)
            }
            #expect(try await chargePoint.texts.take("the answer") { $0.contains("v-1") } == #"[3,"v-1",{"b":2}]"#)
            let report = try await site.central.received.take("the report") { $0.reason == "version" }
            #expect(report.uniqueID == "v-1" && report.errorCode == "GenericError")
        }
    }

    @Test
    func
        `A Response Topic that dnstream.response_topics matches gets the answer, or the report, too; another does not`()
        async throws
    {
        try await withSite(["DNSTREAM_RESPONSE_TOPICS": "ocpp/cp/answers/+"]) { site in
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall()
            for (id, topic, action) in [
                ("a-1", "ocpp/cp/answers/me", "Reset"), ("a-2", "ocpp/cp/secret/me", "Reset"),
                ("a-3", "ocpp/cp/answers/me", "not an action!"),
            ] {
                var call = MQTTMessage(
                    topic: "ocpp/cs/CP-1",
                    text: #"{"MessageTypeId":2,"UniqueId":"\#(id)","Action":"\#(action)","Payload":{}}"#)
                call.responseTopic = topic
                call.correlationData = "correlation of \(id)"
                try await site.central.publish(call)
            }
            for (id, type) in [("a-1", 3), ("a-3", 4)] {
                let copy = try await site.central.received.take("the answer to \(id)") {
                    $0.topic == "ocpp/cp/answers/me" && $0.uniqueID == id
                }
                #expect(copy.type == type)
                #expect(copy.mqtt.correlationData == "correlation of \(id)")
                #expect(copy.mqtt.userProperties == ["ocpp-version": "1.6"])
            }
            for id in ["a-1", "a-2", "a-3"] {
                let usual = try await site.central.reply(to: id, of: "CP-1")
                #expect(usual.mqtt.correlationData == nil)
            }
            #expect(!site.central.received.all.contains { $0.topic == "ocpp/cp/secret/me" })
        }
    }

    @Test
    func `The report of a charge point that is not here goes to its Response Topic too; what is too long is not read`()
        async throws
    {
        let broker = try await TestBroker.start()
        // What the gateway's last life has left on the broker.
        let dead = try await MQTTTestClient.connect(port: broker.port, clientID: "back", cleanStart: false)
        try await dead.subscribe("ocpp/cs/CP-9")
        await dead.disconnect()
        let sender = try await MQTTTestClient.connect(port: broker.port, clientID: "sender")
        for (id, length) in [("short", 10), ("long", 2000)] {
            var call = MQTTMessage(
                topic: "ocpp/cs/CP-9",
                text: #"{"MessageTypeId":2,"UniqueId":"\#(id)","Action":"Reset","Payload":{"a":""#
                    + String(repeating: "x", count: length) + #""}}"#)
            call.responseTopic = "ocpp/cp/answers/me"
            call.correlationData = "correlation of \(id)"
            try await sender.publish(call)
        }
        await sender.disconnect()
        let settings = [
            "BROKER_CLIENT_ID": "back", "DNSTREAM_RESPONSE_TOPICS": "ocpp/cp/answers/+",
            "LISTENERS_WS_DEFAULT_WEBSOCKET_MAX_FRAME_SIZE": "1KB",
        ]
        try await withSite(settings, broker: broker) { site in
            for (sent, id, reason) in [("short", "short", "not_connected"), ("long", "-1", "malformed")] {
                let report = try await site.central.reply(to: id, of: "CP-9")
                #expect(report.type == 4 && report.reason == reason && report.mqtt.correlationData == nil)
                let copy = try await site.central.received.take("its copy") {
                    $0.topic == "ocpp/cp/answers/me" && $0.mqtt.correlationData == "correlation of \(sent)"
                }
                #expect(copy.text == report.text)
            }
        }
    }

    @Test(
        arguments: ["wait", "error"])
    func
        `That nobody subscribes to CALLs is said once a minute, and is an error for the charge point where that is wanted`(
            setting: String
        ) async throws
    {
        try await withSite(["UPSTREAM_UNROUTED": setting, "UPSTREAM_TOPIC": "nobody/${cid}"]) { site in
            let chargePoint = try await site.connect()
            for id in ["u-1", "u-2"] { try await chargePoint.send(text: #"[2,"\#(id)","Heartbeat",{}]"#) }
            let line = try await site.gateway.log("the warning") { $0.mentions("nobody subscribes") }
            #expect(line.fields["topic"] == "ocpp/nobody/CP-1")
            if setting == "error" {
                for id in ["u-1", "u-2"] {
                    let error = try await callError(id, of: chargePoint)
                    #expect(error.contains("InternalError") && error.contains("nobody subscribes"), "\(error)")
                }
            } else {
                #expect(chargePoint.texts.all.isEmpty)
            }
            #expect(site.gateway.logLines.count { $0.mentions("nobody subscribes to the topic of a CALL") } == 1)
        }
    }
}
