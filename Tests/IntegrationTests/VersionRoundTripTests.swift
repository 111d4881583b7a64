import NIOCore
import Testing

/// ocpp2.md, "Who may send what": every action of every version goes the way that it may go, with checking on.
@Suite struct VersionRoundTripTests {
    private static let all = ["MESSAGE_FORMAT_CHECKING": "all", "UPSTREAM_MAX_OPEN_CALLS": "1"]

    @Test(
        arguments: [
            ("1.6", 14), ("2.0.1", 25), ("2.1", 37),
        ])
    func `Every action that a station sends goes up and its answer comes down, byte for byte`(
        version: String, count: Int
    ) async throws {
        let facts = try ActionFact.all(of: version).filter(\.goesUp)
        #expect(facts.count == count)
        var responses: [String: String] = [:]
        for fact in facts where !fact.isSend { responses[fact.action] = try fact.response() }
        let answers = responses
        try await withSite(Self.all) { site in
            site.central.onCall { call in
                call.action.flatMap { answers[$0] }.map { CentralSystem.Answer.result($0) } ?? .none
            }
            let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
            for fact in facts {
                let (payload, id) = (try fact.request(), "up-\(fact.action)")
                if fact.isSend {
                    try await chargePoint.send(text: #"[6,"\#(id)","\#(fact.action)",\#(payload)]"#)
                } else {
                    let answer = try await chargePoint.call(fact.action, payload, id: id)
                    #expect(answer == #"[3,"\#(id)",\#(answers[fact.action] ?? "")]"#)
                }
                let message = try await site.central.received.take("\(fact)") { $0.uniqueID == id }
                let type = fact.isSend ? 6 : 2
                #expect(
                    message.text
                        == #"{"MessageTypeId":\#(type),"UniqueId":"\#(id)","Action":"\#(fact.action)","Payload":\#(payload)}"#
                )
                #expect(message.topic == "ocpp/cp/CP-1")
                #expect(message.mqtt.userProperties == ["ocpp-version": version, "action": fact.action])
                #expect(message.mqtt.responseTopic == (fact.isSend ? nil : "ocpp/cs/CP-1"))
                #expect(message.mqtt.correlationData == (fact.isSend ? nil : id))
            }
            #expect(chargePoint.texts.all.isEmpty)
        }
    }

    @Test(
        arguments: [
            ("1.6", 26), ("2.0.1", 40), ("2.1", 55),
        ])
    func `Every action that the central system sends goes down and its answer comes up, byte for byte`(
        version: String, count: Int
    ) async throws {
        let facts = try ActionFact.all(of: version).filter(\.goesDown)
        #expect(facts.count == count)
        try await withSite(Self.all) { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
            _ = try await chargePoint.call("Heartbeat")
            for fact in facts {
                let (payload, response, id) = (try fact.request(), try fact.response(), "down-\(fact.action)")
                try await site.central.sendCall(fact.action, payload, id: id, to: "CP-1")
                #expect(
                    try await chargePoint.texts.take("\(fact)") == #"[2,"\#(id)","\#(fact.action)",\#(payload)]"#)
                try await chargePoint.send(text: #"[3,"\#(id)",\#(response)]"#)
                let reply = try await site.central.reply(to: id, of: "CP-1")
                #expect(reply.text == #"{"MessageTypeId":3,"UniqueId":"\#(id)","Payload":\#(response)}"#)
                #expect(reply.mqtt.userProperties == ["ocpp-version": version])
            }
        }
    }

    @Test(arguments: ["1.6", "2.0.1", "2.1"])
    func `What the other side alone may send is refused, all of it`(version: String) async throws {
        let facts = try ActionFact.all(of: version).filter { $0.sender != .both && !$0.isSend }
        try await withSite(["MESSAGE_FORMAT_CHECKING": "all", "LIMITS_BAD_MESSAGES": "0"]) { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
            _ = try await chargePoint.call("Heartbeat", id: "ready")
            for fact in facts {
                if fact.goesDown {
                    let answer = try await chargePoint.call(fact.action, try fact.request(), id: "up-\(fact.action)")
                    #expect(
                        answer.hasPrefix(#"[4,"up-\#(fact.action)","NotSupported","\#(fact.action): "#), "\(answer)")
                } else {
                    let report = try await site.central.call(fact.action, try fact.request(), to: "CP-1")
                    #expect(report.errorCode == "NotSupported" && report.reason == "schema", "\(report)")
                    #expect(report.failedType == 2)
                }
            }
            #expect(chargePoint.texts.all.isEmpty, "nothing of it came down")
            #expect(site.central.received.all.allSatisfy { $0.type != 2 || $0.uniqueID == "ready" })
        }
    }
}
