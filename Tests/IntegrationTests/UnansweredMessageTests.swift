import NIOCore
import TestSupport
import Testing

/// ocpp2.md, "CALLRESULTERROR and SEND through the relay".
@Suite struct UnansweredMessageTests {
    private static let stream =
        #"{"id":1,"pending":0,"basetime":"2026-01-01T00:00:00Z","data":[{"t":0,"v":"1"},{"t":1.50,"v":"2"}]}"#
    private static let topics = [
        "UPSTREAM_TOPIC": "cp/${cid}/${version}/${type}/${action}", "UPSTREAM_REPLY_TOPIC": "cp/${cid}/R/${version}",
        "UPSTREAM_ERROR_TOPIC": "cp/${cid}/Error/${version}/${type}/${id}",
        "UPSTREAM_INVALID_TOPIC": "cp/${cid}/Bad/${version}/${type}/${id}",
        "PRESENCE_TOPIC": "cp/${cid}/Presence/${version}",
        "UPSTREAM_TOPIC_OVERRIDE_MAPPING": "Metered=cp/${cid}/meter/${version}/${type}/${id}",
    ]

    private func send(_ action: String, id: String) -> String { #"[6,"\#(id)","\#(action)",\#(Self.stream)]"# }

    private func relaySend(_ action: String, id: String) -> String {
        #"{"MessageTypeId":6,"UniqueId":"\#(id)","Action":"\#(action)","Payload":\#(Self.stream)}"#
    }

    @Test(arguments: ["disable", "all"])
    func `A SEND and a CALLRESULTERROR go up on topics with their type and version`(checking: String) async throws {
        try await withSite(Self.topics.merging(["MESSAGE_FORMAT_CHECKING": checking]) { $1 }) { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp2.1"])
            try await chargePoint.send(text: send("NotifyPeriodicEventStream", id: "s-1"))
            let send = try await site.central.received.take("the SEND") { $0.uniqueID == "s-1" }
            #expect(send.topic == "ocpp/cp/CP-1/2.1/6/NotifyPeriodicEventStream")
            #expect(send.mqtt.userProperties == ["ocpp-version": "2.1", "action": "NotifyPeriodicEventStream"])
            #expect(send.mqtt.responseTopic == nil && send.mqtt.correlationData == nil)
            // It answers nothing that the gateway knows of, and says nothing of details.
            try await chargePoint.send(text: #"[5,"a-1","TypeConstraintViolation","no tariff",{ "a" : 1.0 }]"#)
            let error = try await site.central.received.take("the CALLRESULTERROR") { $0.uniqueID == "a-1" }
            #expect(error.topic == "ocpp/cp/CP-1/Error/2.1/5/a-1")
            #expect(
                error.text
                    == #"{"MessageTypeId":5,"UniqueId":"a-1","ErrorCode":"TypeConstraintViolation","#
                    + #""ErrorDescription":"no tariff","ErrorDetails":{ "a" : 1.0 }}"#)
            #expect(error.mqtt.userProperties == ["ocpp-version": "2.1"])
            #expect(error.mqtt.responseTopic == nil && error.mqtt.correlationData == nil)
            try await chargePoint.send(text: #"[5,"a-2","OccurenceConstraintViolation"]"#)
            let short = try await site.central.received.take("the short one") { $0.uniqueID == "a-2" }
            #expect(
                short.text.hasSuffix(
                    #""ErrorCode":"OccurenceConstraintViolation","ErrorDescription":"","ErrorDetails":{}}"#))
            if checking == "disable" {
                try await chargePoint.send(text: self.send("Metered", id: "s-2"))
                let overridden = try await site.central.received.take("the other SEND") { $0.uniqueID == "s-2" }
                #expect(overridden.topic == "ocpp/cp/CP-1/meter/2.1/6/s-2")
            }
            let presence = try await site.central.received.take("the presence") { $0.topic.contains("Presence") }
            #expect(presence.topic == "ocpp/cp/CP-1/Presence/2.1" && presence.mqtt.userProperties.isEmpty)
        }
    }

    @Test
    func `Down they pass an open CALL, in their order, and touch nothing`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp2.1"])
            _ = try await chargePoint.call("Heartbeat")
            try await site.central.sendCall("Reset", #"{"type":"Immediate"}"#, id: "1", to: "CP-1")
            try await site.central.sendCall("ClearCache", id: "2", to: "CP-1")
            #expect(try await chargePoint.texts.take("the CALL").hasPrefix(#"[2,"1","#))
            for number in 1...5 { try await site.central.send(relaySend("Any", id: "\(number)"), to: "CP-1") }
            try await site.central.send(#"{"MessageTypeId":5,"UniqueId":"1","ErrorCode":"Odd"}"#, to: "CP-1")
            for number in 1...5 {
                #expect(try await chargePoint.texts.take("SEND \(number)") == send("Any", id: "\(number)"))
            }
            #expect(try await chargePoint.texts.take("the CALLRESULTERROR") == #"[5,"1","Odd","",{}]"#)
            // The CALL with the same UniqueId is open still, and the next waits for its answer.
            #expect(chargePoint.texts.all.isEmpty)
            try await chargePoint.send(text: #"[3,"1",{"status":"Accepted"}]"#)
            #expect(try await site.central.reply(to: "1", of: "CP-1").type == 3)
            #expect(try await chargePoint.texts.take("the next CALL").hasPrefix(#"[2,"2","#))
        }
    }

    @Test
    func `Broken ones from the back end are reported as malformed, with their type`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp2.1"])
            _ = try await chargePoint.call("Heartbeat")
            for (type, text) in [
                (5, #"{"MessageTypeId":5,"UniqueId":"b-5"}"#),
                (6, #"{"MessageTypeId":6,"UniqueId":"b-6","Action":"A","Payload":[]}"#),
            ] {
                try await site.central.send(text, to: "CP-1")
                let report = try await site.central.reply(to: "b-\(type)", of: "CP-1")
                #expect(report.type == 4 && report.reason == "malformed" && report.failedType == type)
                #expect(report.errorCode == "RpcFrameworkError")
            }
            #expect(chargePoint.texts.all.isEmpty)
        }
    }

    @Test(
        arguments: [
            ("1.6", "FormationViolation"), ("2.0.1", "RpcFrameworkError"),
        ])
    func `In a session that is not 2.1 they are refused downwards, and ignored upwards`(version: String, code: String)
        async throws
    {
        let settings = ["UPSTREAM_INVALID_TOPIC": "cp/${cid}/Bad/${version}", "LIMITS_BAD_MESSAGES": "2"]
        try await withSite(settings) { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
            _ = try await chargePoint.call("Heartbeat")
            for (type, rest) in [(5, #""ErrorCode":"E""#), (6, #""Action":"A","Payload":{}"#)] {
                try await site.central.send(#"{"MessageTypeId":\#(type),"UniqueId":"n-\#(type)",\#(rest)}"#, to: "CP-1")
                let report = try await site.central.reply(to: "n-\(type)", of: "CP-1")
                #expect(report.reason == "malformed" && report.failedType == type && report.errorCode == code)
            }
            for number in 1...3 {
                for text in [#"[5,"u\#(number)","E","",{}]"#, send("NotifyPeriodicEventStream", id: "u\(number)")] {
                    try await chargePoint.send(text: text)
                    let copy = try await site.central.received.take("the ignored one") {
                        $0.topic == "ocpp/cp/CP-1/Bad/\(version)"
                    }
                    #expect(copy.text.contains(#""message":"[\#(text.dropFirst().prefix(1)),"#))
                    #expect(copy.mqtt.userProperties.isEmpty)
                }
            }
            // Six of them are not too many, and none was answered.
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            #expect(chargePoint.texts.all.isEmpty && chargePoint.isOpen)
        }
    }

    @Test
    func `A SEND takes no place of a CALL, has no time-out, and stays behind the CALLs said before it`() async throws {
        try await withSite(["UPSTREAM_MAX_OPEN_CALLS": "1", "UPSTREAM_ANSWER_TIMEOUT": "30s"]) { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect(subprotocols: ["ocpp2.1"])
            for number in 1...20 {
                try await chargePoint.send(text: send("NotifyPeriodicEventStream", id: "s\(number)"))
            }
            try await chargePoint.send(text: #"[2,"c1","Heartbeat",{}]"#)
            let call = try await site.central.upstreamCall("Heartbeat", id: "c1", of: "CP-1")
            // Nothing waits yet: it passes the open CALL.
            try await chargePoint.send(text: send("NotifyPeriodicEventStream", id: "s21"))
            _ = try await site.central.received.first("the SEND") { $0.uniqueID == "s21" }
            try await chargePoint.send(text: #"[2,"c2","Heartbeat",{}]"#)
            for number in 22...25 {
                try await chargePoint.send(text: send("NotifyPeriodicEventStream", id: "s\(number)"))
            }
            site.central.answer(call, of: "CP-1", with: .result("{}"))
            _ = try await site.central.received.first("the last SEND") { $0.uniqueID == "s25" }
            let order = site.central.received.all.compactMap(\.uniqueID)
            #expect(order == (1...20).map { "s\($0)" } + ["c1", "s21", "c2", "s22", "s23", "s24", "s25"])
            #expect(try await chargePoint.texts.take("the answer") == #"[3,"c1",{}]"#)
            #expect(chargePoint.texts.all.isEmpty)
        }
    }

    @Test
    func `While the link is down SENDs take places as CALLs do; one that finds none is dropped and logged`()
        async throws
    {
        let broker = try await TestBroker.start()
        let proxy = try await TCPProxy.start(target: broker.port)
        try await withSite(["UPSTREAM_MAX_OPEN_CALLS": "3"], broker: broker, brokerPort: proxy.port) { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp2.1"])
            _ = try await chargePoint.call("Heartbeat", id: "ready")
            proxy.refuse()
            try await eventually("the gateway tries to reconnect") { proxy.accepted > 1 }
            for number in 1...5 {
                try await chargePoint.send(text: send("NotifyPeriodicEventStream", id: "s\(number)"))
            }
            for number in 4...5 {
                try await site.gateway.log("the dropped SEND") {
                    $0.message == "SEND dropped" && $0.fields["id"] == "s\(number)"
                }
            }
            // Their places are taken for CALLs too.
            #expect(try await chargePoint.call("Heartbeat", id: "c").hasPrefix(#"[4,"c","InternalError""#))
            proxy.pass()
            _ = try await site.central.received.first("the third SEND") { $0.uniqueID == "s3" }
            _ = try await chargePoint.call("Heartbeat", id: "after")
            #expect(site.central.received.all.compactMap(\.uniqueID) == ["ready", "s1", "s2", "s3", "after"])
        }
        await proxy.close()
    }

    @Test
    func `With checking on a SEND that is none, or from the wrong side, gets no answer up and a report down`()
        async throws
    {
        let settings = ["MESSAGE_FORMAT_CHECKING": "all", "UPSTREAM_INVALID_TOPIC": "cp/${cid}/Bad"]
        try await withSite(settings) { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp2.1"])
            _ = try await chargePoint.call("Heartbeat")
            for (text, code) in [
                (#"[6,"x","Heartbeat",{}]"#, "NotSupported"), (#"[6,"x","Dance",{}]"#, "NotImplemented"),
                (#"[6,"x","Reset",{"type":"Immediate"}]"#, "NotSupported"),
                (#"[6,"x","NotifyPeriodicEventStream",{}]"#, "OccurrenceConstraintViolation"),
                (#"[6,"x","NotifyPeriodicEventStream",[]]"#, "RpcFrameworkError"),
                (#"[5,"x"]"#, "RpcFrameworkError"),
            ] {
                try await chargePoint.send(text: text)
                let copy = try await site.central.received.take("\(text)") { $0.topic == "ocpp/cp/CP-1/Bad" }
                #expect(copy.text.contains(#""error":"\#(code)""#), "\(copy)")
            }
            // The SEND as a CALL is answered.
            let asCall = try await chargePoint.call("NotifyPeriodicEventStream", Self.stream, id: "asCall")
            #expect(asCall.hasPrefix(#"[4,"asCall","NotSupported""#), "\(asCall)")
            for (action, code) in [
                ("NotifyPeriodicEventStream", "NotSupported"), ("Reset", "NotSupported"), ("Dance", "NotImplemented"),
            ] {
                try await site.central.send(relaySend(action, id: "d-\(action)"), to: "CP-1")
                let report = try await site.central.reply(to: "d-\(action)", of: "CP-1")
                #expect(report.errorCode == code && report.reason == "schema" && report.failedType == 6, "\(report)")
            }
            #expect(chargePoint.texts.all.isEmpty)
        }
    }

    @Test
    func `With checking off both kinds of it are relayed`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp2.1"])
            try await chargePoint.send(text: #"[6,"a","Dance",{"x":1}]"#)
            _ = try await site.central.received.take("the SEND") { $0.uniqueID == "a" && $0.type == 6 }
            #expect(OCPPText(try await chargePoint.call("NotifyPeriodicEventStream", "{}", id: "b")).type == 3)
            try await site.central.send(relaySend("NotifyPeriodicEventStream", id: "c"), to: "CP-1")
            #expect(try await chargePoint.texts.take("the SEND") == send("NotifyPeriodicEventStream", id: "c"))
        }
    }
}
