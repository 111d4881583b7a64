import NIOCore
import TestSupport
import Testing

/// ocpp2.md, "Versions", "Relay and version" and "Handshake": the version belongs to a session.
@Suite struct VersionSessionTests {
    @Test(
        arguments: [
            (["ocpp2.1", "ocpp2.0.1", "ocpp1.6"], "ocpp2.1"), (["ocpp1.6", "ocpp2.1"], "ocpp1.6"),
            (["ocpp2.0", "ocpp2.0.1.1", "", "ocpp3", "ocpp2.0.1"], "ocpp2.0.1"), (["OCPP2.1", "ocpp1.6"], "ocpp1.6"),
        ])
    func `The first name offered that is supported is taken, in the charge point's order`(
        offered: [String], taken: String
    ) async throws {
        try await withSite { site in
            var settings = ChargePointClient.Settings()
            settings.subprotocols = offered
            let (chargePoint, answer) = try await ChargePointClient.open(
                port: site.port, identity: "CP-1", settings: settings)
            #expect(answer.status == 101 && answer.header("sec-websocket-protocol") == taken)
            _ = try await chargePoint.call("Heartbeat")
            let call = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            #expect("ocpp\(call.mqtt.userProperties["ocpp-version"] ?? "-")" == taken)
        }
    }

    @Test(
        arguments: [false, true])
    func `Where no version is shared the connection is closed with 1002, or refused with 400`(fails: Bool) async throws
    {
        let key = "LISTENERS_WS_DEFAULT_WEBSOCKET_FAIL_IF_NO_SUBPROTOCOL"
        try await withSite([key: "\(fails)"]) { site in
            var settings = ChargePointClient.Settings()
            settings.subprotocols = ["ocpp2.0", "ocpp2.0.1.1"]
            let (chargePoint, answer) = try await ChargePointClient.open(
                port: site.port, identity: "CP-1", settings: settings)
            #expect(answer.status == (fails ? 400 : 101))
            #expect(answer.header("sec-websocket-protocol") == nil)
            if !fails { #expect(try await chargePoint.closing().code == 1002) }
        }
    }

    @Test(
        arguments: [
            (nil, ["ocpp2.0.1", "ocpp2.1"]), ("true", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]), ("false", []),
        ] as [(String?, [String])])
    func `permessage-deflate is accepted in 2.x and declined in 1.6, unless the setting says otherwise`(
        setting: String?, accepting: [String]
    ) async throws {
        let settings = setting.map { ["LISTENERS_WS_DEFAULT_WEBSOCKET_COMPRESS": $0] } ?? [:]
        try await withSite(settings) { site in
            for subprotocol in ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"] {
                var client = ChargePointClient.Settings()
                client.headers = [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")]
                // What decides is what was agreed, not what was offered first.
                client.subprotocols = ["ocpp2.0", subprotocol, "ocpp2.1", "ocpp1.6"]
                let (_, answer) = try await ChargePointClient.open(
                    port: site.port, identity: "CP-1", settings: client)
                #expect(answer.header("sec-websocket-protocol") == subprotocol)
                let extensions = answer.header("sec-websocket-extensions")
                #expect((extensions != nil) == accepting.contains(subprotocol), "\(subprotocol): \(extensions ?? "-")")
            }
        }
    }

    @Test
    func `A charge point that comes with 1.6, then 2.0.1, then 1.6 is what it says it is each time`() async throws {
        let settings = ["MESSAGE_FORMAT_CHECKING": "all", "PRESENCE_TOPIC": "cp/${cid}/Presence/${version}"]
        try await withSite(settings) { site in
            site.central.onCall { call in
                switch call.action {
                case "Heartbeat": .result(#"{"currentTime":"2026-01-01T00:00:00Z"}"#)
                case "Authorize" where call.mqtt.userProperties["ocpp-version"] == "1.6":
                    .result(#"{"idTagInfo":{"status":"Accepted"}}"#)
                case "Authorize": .result(#"{"idTokenInfo":{"status":"Accepted"}}"#)
                default: .none
                }
            }
            let old = (#"{"idTag":"A"}"#, #"{"type":"Soft"}"#, "FormationViolation")
            let new = (
                #"{"idToken":{"idToken":"A","type":"Central"}}"#, #"{"type":"Immediate"}"#, "FormatViolation"
            )
            for (turn, version) in ["1.6", "2.0.1", "1.6"].enumerated() {
                let (own, foreign) = version == "1.6" ? (old, new) : (new, old)
                let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
                chargePoint.acceptEveryCall()
                #expect(try await chargePoint.call("Authorize", own.0, id: "a\(turn)").hasPrefix(#"[3,"a\#(turn)","#))
                let refused = try await chargePoint.call("Authorize", foreign.0, id: "b\(turn)")
                #expect(refused.hasPrefix(#"[4,"b\#(turn)","\#(own.2)","#), "\(refused)")
                let call = try await site.central.upstreamCall("Authorize", id: "a\(turn)", of: "CP-1")
                #expect(call.mqtt.userProperties["ocpp-version"] == version)
                #expect(try await site.central.call("Reset", own.1, to: "CP-1").type == 3)
                #expect(try await site.central.call("Reset", foreign.1, to: "CP-1").reason == "schema")
                for event in ["connected", "disconnected"] {
                    if event == "disconnected" { await chargePoint.close() }
                    let presence = try await site.central.received.take("\(event) of \(version)") {
                        $0.topic == "ocpp/cp/CP-1/Presence/\(version)"
                    }
                    #expect(presence.text.hasPrefix(#"{"event":"\#(event)""#), "\(presence)")
                    #expect(presence.text.contains(#""version":"\#(version)""#), "\(presence)")
                }
            }
        }
    }

    @Test(
        arguments: [
            ("1.6", "A%2BB%7CC%25"), ("2.0.1", "A+B%7cC%25"), ("2.1", "A%2bB|C%25"),
        ])
    func `An identity is what its percent escapes say; + and % are written with escapes in topics`(
        version: String, path: String
    ) async throws {
        try await withSite { site in
            let chargePoint = try await site.connect(path, subprotocols: ["ocpp\(version)"])
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            let call = try await site.central.upstreamCall("Heartbeat", of: "A%2BB|C%25")
            #expect(call.mqtt.responseTopic == "ocpp/cs/A%2BB|C%25")
        }
    }

    @Test(arguments: ["1.6", "2.0.1", "2.1"])
    func `One UniqueId may be open both ways at once`(version: String) async throws {
        try await withSite { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
            try await chargePoint.send(text: #"[2,"7","Heartbeat",{}]"#)
            let call = try await site.central.upstreamCall("Heartbeat", id: "7", of: "CP-1")
            try await site.central.sendCall("Reset", id: "7", to: "CP-1")
            #expect(try await chargePoint.texts.take("the CALL") == #"[2,"7","Reset",{}]"#)
            try await chargePoint.send(text: #"[3,"7",{"from":"station"}]"#)
            #expect(try await site.central.reply(to: "7", of: "CP-1").text.hasSuffix(#"{"from":"station"}}"#))
            site.central.answer(call, of: "CP-1", with: .result(#"{"from":"backend"}"#))
            #expect(try await chargePoint.texts.take("the answer") == #"[3,"7",{"from":"backend"}]"#)
        }
    }

    @Test
    func `Of a charge point that is not there nobody knows the version`() async throws {
        let settings = [
            "BROKER_CLIENT_ID": "dead-and-back", "UPSTREAM_ERROR_TOPIC": "cp/${cid}/Error/${version}/${type}",
        ]
        try await withSite(settings) { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp2.1"])
            _ = try await chargePoint.call("Heartbeat")
            site.gateway.child.send(signal: 9)
            _ = try await site.gateway.child.exit()
            try await site.central.sendCall("Reset", id: "kept", to: "CP-1")
            let address = ["BROKER_URL": "mqtt://127.0.0.1:\(site.broker.port)"]
            let next = try await GatewayProcess.start(settings.merging(address) { _, new in new })
            do {
                let report = try await site.central.received.take("the report") { $0.uniqueID == "kept" }
                #expect(report.reason == "not_connected" && report.topic == "ocpp/cp/CP-1/Error/-/4")
                #expect(report.mqtt.userProperties.isEmpty)
            } catch {
                await next.child.end()
                throw Failure("\(error)\n\(next.lastLogLines)")
            }
            await next.child.end()
        }
    }

    @Test(
        arguments: ["2.0.1", "2.1"], ["BootNotification", "SetVariables"])
    func `The heartbeat interval of 2.x comes with the BootNotification, and with SetVariables that is accepted`(
        version: String, source: String
    ) async throws {
        try await withSite(["DEFAULT_HEARTBEAT_INTERVAL": "10m", "MESSAGE_FORMAT_CHECKING": "all"]) { site in
            site.central.onCall { call in
                call.action == "BootNotification"
                    ? .result(#"{"currentTime":"2026-01-01T00:00:00Z","interval":1,"status":"Accepted"}"#)
                    : .result(#"{"currentTime":"2026-01-01T00:00:00Z"}"#)
            }
            let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
            let variable =
                #""component":{"name":"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"}"#
            chargePoint.acceptEveryCall(#"{"setVariableResult":[{"attributeStatus":"Accepted",\#(variable)}]}"#)
            if source == "BootNotification" {
                let station = #"{"reason":"PowerUp","chargingStation":{"model":"M","vendorName":"V"}}"#
                #expect(try await chargePoint.call("BootNotification", station, id: "b").hasPrefix(#"[3,"b","#))
            } else {
                _ = try await chargePoint.call("Heartbeat")
                let set = #"{"setVariableData":[{"attributeValue":"1",\#(variable)}]}"#
                #expect(try await site.central.call("SetVariables", set, to: "CP-1").type == 3)
            }
            // The default's ping would come after five minutes.
            _ = try await chargePoint.pings.take("a ping")
        }
    }

    @Test
    func `Secrets of 2.x are not in the log`() async throws {
        try await withSite(["LOG_LEVEL": "debug"]) { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp2.1"])
            _ = try await chargePoint.call("Heartbeat")
            chargePoint.acceptEveryCall("{}")
            let data =
                #"{"connectionData":{"ocppCsmsUrl":"wss://hidden-1","basicAuthPassword":"hidden-2","apn":{"apnPassword":"#
                + #""hidden-3","simPin":4444},"vpn":{"key":"hidden-5","user":"shown"}},"configurationSlot":1}"#
            _ = try await site.central.call("SetNetworkProfile", data, to: "CP-1")
            let variables =
                #"{"setVariableData":[{"attributeValue":"hidden-6","component":{"name":"SecurityCtrlr"},"#
                + #""variable":{"name":"BasicAuthPassword"}},{"attributeValue":"visible","component":{"name":"C"},"#
                + #""variable":{"name":"Interval"}}]}"#
            _ = try await site.central.call("SetVariables", variables, to: "CP-1")
            let token =
                #"{"idToken":{"idToken":"hidden-7","type":"Central","additionalInfo":[{"additionalIdToken":"hidden-8"}]}}"#
            _ = try await chargePoint.call("Authorize", token)
            try await site.gateway.log("the last frame") {
                $0.mentions("frame sent", "[3,") && $0.mentions("idTagInfo")
            }
            let log = site.gateway.child.output
            #expect(!log.contains("hidden-") && !log.contains("4444"))
            #expect(log.contains("shown") && log.contains("visible"))
        }
    }
}
