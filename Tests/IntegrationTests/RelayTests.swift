import Foundation
import TestSupport
import Testing

/// relay-format.md: what travels over MQTT.
@Suite struct RelayTests {
    @Test(arguments: [
        #"{"b":1.0,"a":1e5,"c":0.10,"d":-0.0E+2,"z":12345678901234567890}"#,
        #"{ "k" : [ 1 ,2,  {"x" :null} ] , "t":true }"#,
        #"{"s":"\u00e9\/\n\"","u":"é漢\ud83d\ude00😀","empty":""}"#,
        #"{}"#,
    ])
    func `A call goes up with the payloads bytes unchanged and the keys in order`(payload: String) async throws {
        try await withSite { site in
            let chargePoint = try await site.connect()
            try await chargePoint.send(text: #" [ 2 , "id-1","# + "\n\t" + #""DataTransfer" , \#(payload) ] "#)
            let message = try await site.central.upstreamCall("DataTransfer", of: "CP-1")
            #expect(
                message.text
                    == #"{"MessageTypeId":2,"UniqueId":"id-1","Action":"DataTransfer","Payload":\#(payload)}"#)
            #expect(!message.mqtt.isRetained)
        }
    }

    @Test func `A call result comes down as one array with the payloads bytes unchanged`() async throws {
        try await withSite { site in
            let payload = #"{"currentTime":"2026-01-01T00:00:00Z","n":1.50,"e":1E3,"u":"\u00fc"}"#
            site.central.onCall { _ in .result(payload) }
            let chargePoint = try await site.connect()
            let answer = try await chargePoint.call("Heartbeat", id: "h-1")
            #expect(answer == #"[3,"h-1",\#(payload)]"#)
        }
    }

    @Test func `A call error of the backend comes down with its details`() async throws {
        try await withSite { site in
            site.central.onCall { _ in
                .error(code: "InternalError", description: #"no \"luck\""#, details: #"{"n":1.0,"a":[]}"#)
            }
            let chargePoint = try await site.connect()
            let answer = try await chargePoint.call("Heartbeat", id: "h-1")
            #expect(answer == #"[4,"h-1","InternalError","no \"luck\"",{"n":1.0,"a":[]}]"#)
        }
    }

    @Test func `A call error without description and details is read as empty`() async throws {
        try await withSite { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect()
            try await chargePoint.send(text: #"[2,"h-1","Heartbeat",{}]"#)
            _ = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            try await site.central.send(
                #" { "x":[1,{}] , "ErrorCode":"GenericError", "UniqueId":"h-1", "MessageTypeId":4 } "#, to: "CP-1")
            #expect(try await chargePoint.texts.take("the CALLERROR") == #"[4,"h-1","GenericError","",{}]"#)
        }
    }

    @Test func `A command goes down whatever the order of its keys and its result comes up`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            let payload = #"{"idTag":"T-1","connectorId":1,"x":2.50}"#
            try await site.central.send(
                "\n{ \"Payload\" : \(payload), \"Extra\" : {\"Payload\":1}, \"UniqueId\":\"r-1\","
                    + " \"Action\":\"RemoteStartTransaction\" ,\"MessageTypeId\": 2}\n", to: "CP-1")
            #expect(
                try await chargePoint.texts.take("the CALL") == #"[2,"r-1","RemoteStartTransaction",\#(payload)]"#)
            let result = #"{"status" : "Accepted", "n":1.0}"#
            try await chargePoint.send(text: #"[3, "r-1", \#(result)]"#)
            let reply = try await site.central.reply(to: "r-1", of: "CP-1")
            #expect(reply.text == #"{"MessageTypeId":3,"UniqueId":"r-1","Payload":\#(result)}"#)
            #expect(reply.topic == "ocpp/cp/CP-1/Reply")
        }
    }

    @Test(arguments: [
        (#"[4,"r-1","NotSupported","never \"heard\" of it",{"a":1.0}]"#, #"never \"heard\" of it"#, #"{"a":1.0}"#),
        (#"[4,"r-1","NotSupported","",{}]"#, "", "{}"),
        (#"[4,"r-1","NotSupported","short"]"#, "short", "{}"),
    ])
    func `A call error of the charge point goes up with its details`(sent: String, description: String, details: String)
        async throws
    {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            try await site.central.sendCall("Reset", #"{"type":"Soft"}"#, id: "r-1", to: "CP-1")
            _ = try await chargePoint.texts.take("the CALL")
            try await chargePoint.send(text: sent)
            let reply = try await site.central.reply(to: "r-1", of: "CP-1")
            #expect(
                reply.text == #"{"MessageTypeId":4,"UniqueId":"r-1","ErrorCode":"NotSupported","#
                    + #""ErrorDescription":"\#(description)","ErrorDetails":\#(details)}"#)
        }
    }

    @Test func `A null payload is read as an empty object both ways`() async throws {
        try await withSite { site in
            site.central.onCall { _ in .result("null") }
            let chargePoint = try await site.connect()
            let answer = try await chargePoint.call("Heartbeat", "null", id: "h-1")
            #expect(answer == #"[3,"h-1",{}]"#)
            let call = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            #expect(call.text == #"{"MessageTypeId":2,"UniqueId":"h-1","Action":"Heartbeat","Payload":{}}"#)
            try await site.central.sendCall("ClearCache", "null", id: "c-1", to: "CP-1")
            #expect(try await chargePoint.texts.take("the CALL") == #"[2,"c-1","ClearCache",{}]"#)
            try await chargePoint.send(text: #"[3,"c-1",null]"#)
            let reply = try await site.central.reply(to: "c-1", of: "CP-1")
            #expect(reply.text == #"{"MessageTypeId":3,"UniqueId":"c-1","Payload":{}}"#)
        }
    }

    @Test func `An upstream call carries the MQTT 5 request properties and is answered by them alone`() async throws {
        try await withSite { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect("CP%20A")
            try await chargePoint.send(text: #"[2,"q-17","Authorize",{"idTag":"x"}]"#)
            let call = try await site.central.received.first("the CALL") { $0.action == "Authorize" }
            #expect(call.topic == "ocpp/cp/CP A")
            #expect(call.mqtt.responseTopic == "ocpp/cs/CP A")
            #expect(call.mqtt.correlationData == "q-17")
            #expect(call.mqtt.contentType == "application/json")
            #expect(call.mqtt.userProperties == ["ocpp-version": "1.6", "action": "Authorize"])
            try await site.central.publish(
                MQTTMessage(
                    topic: call.mqtt.responseTopic ?? "",
                    text: #"{"MessageTypeId":3,"UniqueId":"\#(call.mqtt.correlationData ?? "")","Payload":{"a":1}}"#))
            #expect(try await chargePoint.texts.take("the answer") == #"[3,"q-17",{"a":1}]"#)
        }
    }

    @Test func `An actions own topic is used for that action only`() async throws {
        let mapping = "StartTransaction=cp/start/${cid},StopTransaction=cp/stop/${clientid}/${id}"
        try await withSite(["UPSTREAM_TOPIC_OVERRIDE_MAPPING": mapping]) { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect()
            for (id, action) in [("1", "StartTransaction"), ("2", "StopTransaction"), ("3", "Heartbeat")] {
                try await chargePoint.send(text: #"[2,"\#(id)","\#(action)",{}]"#)
            }
            for (action, topic) in [
                ("StartTransaction", "ocpp/cp/start/CP-1"), ("StopTransaction", "ocpp/cp/stop/CP-1/2"),
                ("Heartbeat", "ocpp/cp/CP-1"),
            ] {
                let call = try await site.central.received.first(action) { $0.action == action }
                #expect(call.topic == topic)
            }
        }
    }

    @Test func `Placeholders in every template are filled in`() async throws {
        let settings = [
            "UPSTREAM_TOPIC": "cp/${version}/${type}/${action}/${id}/${cid}",
            "UPSTREAM_REPLY_TOPIC": "cp/result/${version}/${type}/${id}/${clientid}",
            "UPSTREAM_ERROR_TOPIC": "cp/error/${version}/${type}/${id}/${cid}",
            "DNSTREAM_TOPIC": "to/${clientid}/now",
        ]
        try await withSite(settings) { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect()
            try await chargePoint.send(text: #"[2,"i1","Heartbeat",{}]"#)
            let call = try await site.central.received.first("the CALL") { $0.type == 2 }
            #expect(call.topic == "ocpp/cp/1.6/2/Heartbeat/i1/CP-1")
            #expect(call.mqtt.responseTopic == "ocpp/to/CP-1/now")
            for id in ["d1", "d2"] {
                try await site.central.publish(
                    MQTTMessage(
                        topic: "ocpp/to/CP-1/now",
                        text: #"{"MessageTypeId":2,"UniqueId":"\#(id)","Action":"Reset","Payload":{}}"#))
            }
            _ = try await chargePoint.texts.take("the first CALL")
            try await chargePoint.send(text: #"[3,"d1",{}]"#)
            _ = try await chargePoint.texts.take("the second CALL")
            try await chargePoint.send(text: #"[4,"d2","GenericError","",{}]"#)
            let result = try await site.central.received.first("the CALLRESULT") { $0.type == 3 }
            #expect(result.topic == "ocpp/cp/result/1.6/3/d1/CP-1")
            let error = try await site.central.received.first("the CALLERROR") { $0.type == 4 }
            #expect(error.topic == "ocpp/cp/error/1.6/4/d2/CP-1")
        }
    }

    @Test(arguments: ["a/b", "a+", "#", #"a\u0007"#])
    func `A unique id that would change the topic is refused`(id: String) async throws {
        try await withSite(["UPSTREAM_TOPIC": "cp/${cid}/${id}"]) { site in
            let chargePoint = try await site.connect()
            try await chargePoint.send(text: #"[2,"\#(id)","Heartbeat",{}]"#)
            let answer = OCPPText(try await chargePoint.texts.take("the CALLERROR"))
            #expect(answer.type == 4)
            _ = try await chargePoint.call("Heartbeat", id: "fine")
            #expect(site.central.received.all.map(\.topic) == ["ocpp/cp/CP-1/fine"])
        }
    }

    @Test func `A refused message goes whole to the invalid topic`() async throws {
        try await withSite(["UPSTREAM_INVALID_TOPIC": "cp/${cid}/Invalid"]) { site in
            let chargePoint = try await site.connect()
            let sent = #"[2,"x\"é","Heartbeat",{"a":]"#
            try await chargePoint.send(text: sent)
            let message = try await site.central.received.first("the refused message") {
                $0.topic == "ocpp/cp/CP-1/Invalid"
            }
            let object = try #require(
                JSONSerialization.jsonObject(with: Data(message.mqtt.payload)) as? [String: String])
            #expect(object["reason"] == "malformed")
            #expect(object["error"] == "FormationViolation")
            #expect(object["description"]?.isEmpty == false)
            #expect(object["message"] == sent)
            #expect(Set(object.keys) == ["reason", "error", "description", "message"])
        }
    }

    @Test(arguments: [0, 1, 2])
    func `Messages travel at the configured quality of service`(qualityOfService: Int) async throws {
        try await withSite(["BROKER_QOS": "\(qualityOfService)"]) { site in
            let witness = try await MQTTTestClient.connect(port: site.broker.port, clientID: "witness")
            try await witness.subscribe("ocpp/cp/#", qualityOfService: 2)
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall()
            #expect(try await witness.messages.take("the CALL").qualityOfService == qualityOfService)
            try await site.central.send(
                #"{"MessageTypeId":2,"UniqueId":"d","Action":"Reset","Payload":{}}"#, to: "CP-1",
                qualityOfService: 2)
            let reply = try await witness.messages.take("the CALLRESULT")
            #expect(reply.topic == "ocpp/cp/CP-1/Reply" && reply.qualityOfService == qualityOfService)
            await witness.disconnect()
        }
    }

    @Test func `Mqtt 311 works without properties`() async throws {
        try await withSite(["BROKER_PROTOCOL": "3.1.1"]) { site in
            let chargePoint = try await site.connect()
            chargePoint.acceptEveryCall()
            let answer = try await chargePoint.call("Heartbeat", id: "h-1")
            #expect(OCPPText(answer).type == 3)
            let call = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            #expect(call.mqtt.responseTopic == nil && call.mqtt.userProperties.isEmpty)
            #expect(try await site.central.call("Reset", to: "CP-1").type == 3)
        }
    }

    @Test func `Messages of one charge point keep their order both ways`() async throws {
        try await withSite(["DNSTREAM_MAX_MQUEUE_LEN": "300", "UPSTREAM_MAX_OPEN_CALLS": "300"]) { site in
            let chargePoint = try await site.connectReady()
            let arrived = Mailbox<String>("CALLs down")
            chargePoint.onCall { text in
                let id = OCPPText(text).uniqueID ?? text
                arrived.append(id)
                return #"[3,"\#(id)",{}]"#
            }
            for number in 1...200 {
                try await chargePoint.send(text: #"[2,"u\#(number)","DataTransfer",{}]"#)
                try await site.central.sendCall("Reset", id: "d\(number)", to: "CP-1")
            }
            _ = try await site.central.reply(to: "d200", of: "CP-1")
            _ = try await site.central.upstreamCall("DataTransfer", id: "u200", of: "CP-1")
            _ = try await chargePoint.texts.first("the last answer") { OCPPText($0).uniqueID == "u200" }
            let expectedUp = (1...200).map { "u\($0)" }
            #expect(site.central.received.all.filter { $0.action == "DataTransfer" }.map(\.uniqueID) == expectedUp)
            #expect(chargePoint.texts.all.compactMap { OCPPText($0).uniqueID } == expectedUp)
            #expect(arrived.all == (1...200).map { "d\($0)" })
        }
    }

    @Test(arguments: [
        ["MOUNTPOINT": "site/a/"], ["MOUNTPOINT": "site/b/", "LISTENERS_WS_DEFAULT_MOUNTPOINT": "site/a/"],
    ])
    func `The mountpoint stands in front of every topic`(settings: [String: String]) async throws {
        try await withSite(settings, mountpoint: "site/a/") { site in
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall()
            #expect(try await site.central.call("Reset", to: "CP-1").topic == "site/a/cp/CP-1/Reply")
            let call = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            #expect(call.mqtt.responseTopic == "site/a/cs/CP-1")
        }
    }

    @Test func `The identity is percent decoded in topics`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connect("Caf%C3%A9%201-$")
            _ = try await chargePoint.call("Heartbeat")
            #expect(site.central.received.all.first?.topic == "ocpp/cp/Café 1-$")
        }
    }

    @Test func `A command sent on the first upstream message is never missed`() async throws {
        try await withSite { site in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...50 {
                    group.addTask {
                        let identity = "CP-\(number)"
                        let chargePoint = try await site.connect(identity)
                        async let booted = chargePoint.call("BootNotification", id: "boot")
                        _ = try await site.central.upstreamCall("BootNotification", of: identity)
                        try await site.central.sendCall("TriggerMessage", id: "now", to: identity)
                        let texts = try await chargePoint.texts.take("the command")
                        #expect(OCPPText(texts).action == "TriggerMessage")
                        _ = try await booted
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
