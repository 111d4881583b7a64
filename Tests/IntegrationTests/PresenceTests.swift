import Foundation
import NIOCore
import Testing

/// relay-format.md, "Presence".
@Suite struct PresenceTests {
    private func presence(_ event: String, at site: Site) async throws -> (MQTTMessage, [String: Any]) {
        let message = try await site.central.received.take("presence \(event)") {
            $0.topic == "ocpp/cp/CP-1/Presence" && $0.text.contains(#""event":"\#(event)""#)
        }
        let object = try JSONSerialization.jsonObject(with: Data(message.mqtt.payload)) as? [String: Any]
        return (message.mqtt, object ?? [:])
    }

    @Test func `A session is announced when it opens and when it ends`() async throws {
        let settings = ["PRESENCE_TOPIC": "cp/${cid}/Presence", "BROKER_CLIENT_ID": "presence-gateway"]
        try await withSite(settings) { site in
            let chargePoint = try await site.connectReady()
            let (_, connected) = try await presence("connected", at: site)
            #expect(connected["cid"] as? String == "CP-1")
            #expect(connected["gateway"] as? String == "presence-gateway")
            #expect(connected["version"] as? String == "1.6")
            #expect((connected["remote"] as? String)?.hasPrefix("127.0.0.1:") == true)
            let time = try #require(connected["time"] as? String)
            #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/) != nil, "\(time)")
            await chargePoint.close()
            let (_, disconnected) = try await presence("disconnected", at: site)
            #expect(disconnected["session"] as? String == connected["session"] as? String)
            #expect((disconnected["session"] as? String)?.isEmpty == false)
            #expect((disconnected["reason"] as? String)?.isEmpty == false)
            #expect(disconnected["duration"] is Double)
        }
    }

    @Test func `Where nobody is asked, presence names the user that the charge point says`() async throws {
        try await withSite(["PRESENCE_TOPIC": "cp/${cid}/Presence"]) { site in
            let basic = Data("somebody:s3cr3t-password".utf8).base64EncodedString()
            var settings = ChargePointClient.Settings()
            settings.headers = [("Authorization", "Basic \(basic)")]
            let chargePoint = try await ChargePointClient.connect(port: site.port, identity: "CP-1", settings: settings)
            let (_, connected) = try await presence("connected", at: site)
            #expect(connected["username"] as? String == "somebody")
            await chargePoint.close()
        }
    }

    @Test(arguments: [
        ([UInt8](arrayLiteral: 0x03, 0xF3) + Array("pong\ntimeout".utf8), true, 1011, "pong timeout"),
        (Array("[]".utf8), false, 1002, "frame not masked"),
    ])
    func `The end of a session says why in presence and log`(
        payload: [UInt8], isClose: Bool, code: Int, detail: String
    ) async throws {
        try await withSite(["PRESENCE_TOPIC": "cp/${cid}/Presence"]) { site in
            let chargePoint = try await site.connectReady()
            var frame = WebSocketFrame(isClose ? .close : .text, payload)
            frame.isMasked = isClose
            try await chargePoint.send(frame)
            let (_, disconnected) = try await presence("disconnected", at: site)
            #expect(disconnected["code"] as? Int == code)
            #expect(disconnected["detail"] as? String == detail)
            try await site.gateway.log("the end of the session") {
                $0.message == "charge point disconnected" && $0.mentions("CP-1", "\(code)", detail)
            }
        }
    }

    @Test func `An orderly stop announces the end of every session`() async throws {
        let settings = ["PRESENCE_TOPIC": "cp/${cid}/Presence", "SHUTDOWN_DRAIN_TIME": "1s"]
        try await withSite(settings) { site in
            let chargePoint = try await site.connectReady()
            #expect(try await site.gateway.stop() == 0)
            _ = try await presence("disconnected", at: site)
            #expect(!chargePoint.isOpen)
        }
    }

    @Test func `The death of the gateway is announced by its will`() async throws {
        let settings = ["PRESENCE_TOPIC": "cp/${cid}/Presence", "BROKER_CLIENT_ID": "mortal"]
        try await withSite(settings) { site in
            let witness = try await MQTTTestClient.connect(port: site.broker.port, clientID: "witness")
            try await witness.subscribe("ocpp/gateway/#")
            _ = try await site.connectReady()
            site.gateway.child.send(signal: 9)
            let will = try await witness.messages.first("the Will") { $0.text.contains("offline") }
            #expect(will.topic == "ocpp/gateway/mortal/Status")
            await witness.disconnect()
        }
    }
}
