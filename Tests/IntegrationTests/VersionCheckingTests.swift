import Testing

/// ocpp2.md, "What a bad message gets", "Frames" and "Schemas", with message format checking on.
@Suite struct VersionCheckingTests {
    private static let all = ["MESSAGE_FORMAT_CHECKING": "all"]
    private static let token = #""idToken":{"idToken":"A","type":"Central"}"#

    struct Case: Sendable, CustomStringConvertible {
        var version: String
        var text: String
        /// What its answer begins with; nil: it is relayed.
        var answer: String?

        init(_ version: String, _ text: String, _ answer: String?) {
            (self.version, self.text, self.answer) = (version, text, answer)
        }

        var description: String { "\(version) \(text)" }
    }

    private static func authorize(_ version: String, _ payload: String, _ answer: String?) -> Case {
        Case(version, #"[2,"1","Authorize",\#(payload)]"#, answer.map { #"[4,"1","\#($0)"# })
    }

    private static let long = String(repeating: "i", count: 37)
    private static let cases =
        ["2.0.1", "2.1"].flatMap { version in
            [
                authorize(version, "{}", #"OccurrenceConstraintViolation","/idToken"#),
                authorize(version, "null", #"OccurrenceConstraintViolation","/idToken"#),
                authorize(version, #"{"idToken":7}"#, #"TypeConstraintViolation","/idToken"#),
                authorize(version, "{\(token),\"more\":1}", #"FormatViolation","/more"#),
                authorize(version, "{\(token),\"certificate\":null}", #"TypeConstraintViolation","/certificate"#),
                authorize(version, "{\(token),\"customData\":{\"vendorId\":\"V\",\"more\":[1]}}", nil),
                authorize(version, "{\(token),\"customData\":{\"more\":1}}", "OccurrenceConstraintViolation"),
                Case(version, #"[2,"1","Dance",{}]"#, #"[4,"1","NotImplemented","Dance"#),
                Case(version, #"[2,"1","StartTransaction",{}]"#, #"[4,"1","NotImplemented","#),
                Case(version, #"[2,"1","Reset",{"type":"Immediate"}]"#, #"[4,"1","NotSupported","#),
                Case(version, #"[2,"1","Heartbeat"]"#, #"[4,"1","RpcFrameworkError","#),
                Case(version, "nonsense", #"[4,"-1","RpcFrameworkError","#),
                Case(version, #"{"a":1}"#, #"[4,"-1","RpcFrameworkError","#),
                Case(version, #"[2,"\#(long)","Heartbeat",{}]"#, #"[4,"\#(long)","RpcFrameworkError","UniqueId"#),
                Case(
                    version,
                    #"[2,"1","StatusNotification",{"timestamp":"today","connectorStatus":"Available","evseId":1,"connectorId":1}]"#,
                    #"[4,"1","PropertyConstraintViolation","/timestamp"#),
                // Draft 6: 1.0 is an integer, 1.5 is none.
                Case(version, transactionEvent(number: "1.0"), nil),
                Case(version, transactionEvent(number: "1.5"), #"[4,"1","TypeConstraintViolation","/seqNo"#),
                // A signed message has no schema; its direction is that of its action.
                Case(version, #"[2,"1","Authorize-Signed",{"payload":"e30","signatures":[]}]"#, nil),
                Case(version, #"[2,"1","Reset-Signed",{}]"#, #"[4,"1","NotSupported","Reset-Signed"#),
                Case(version, #"[2,"1","Dance-Signed",{}]"#, #"[4,"1","NotImplemented","Dance-Signed"#),
            ]
        } + [
            // Versions are told apart: identifiers of 36 or 255 characters.
            authorize("2.0.1", #"{"idToken":{"idToken":"\#(long)","type":"Central"}}"#, "PropertyConstraintViolation"),
            authorize("2.1", #"{"idToken":{"idToken":"\#(long)","type":"Central"}}"#, nil),
            Case("2.0.1", #"[2,"1","VatNumberValidation",{"vatNumber":"1"}]"#, #"[4,"1","NotImplemented","#),
            Case("2.1", #"[2,"1","VatNumberValidation",{"vatNumber":"1"}]"#, nil),
            Case("1.6", #"[2,"1","Authorize-Signed",{}]"#, #"[4,"1","NotImplemented","#),
            Case("1.6", #"[2,"1","Authorize",{}]"#, #"[4,"1","OccurenceConstraintViolation","/idTag"#),
            Case("1.6", #"[2,"1","TransactionEvent",{}]"#, #"[4,"1","NotImplemented","#),
        ]

    private static func transactionEvent(number: String) -> String {
        #"[2,"1","TransactionEvent",{"eventType":"Started","timestamp":"2026-01-01T00:00:00Z","#
            + #""triggerReason":"Authorized","seqNo":\#(number),"transactionInfo":{"transactionId":"T"}}]"#
    }

    @Test(arguments: cases)
    func `A message of a station gets the error of its version, or goes on`(one: Case) async throws {
        try await withSite(Self.all) { site in
            site.central.onCall {
                $0.action == "Heartbeat" ? .result(#"{"currentTime":"2026-01-01T00:00:00Z"}"#) : .none
            }
            let chargePoint = try await site.connect(subprotocols: ["ocpp\(one.version)"])
            try await chargePoint.send(text: one.text)
            if let answer = one.answer {
                let text = try await chargePoint.texts.take("the CALLERROR")
                #expect(text.hasPrefix(answer), "\(text)")
                #expect(text.hasSuffix(",{}]"), "nothing of it is in the details")
                _ = try await chargePoint.call("Heartbeat", id: "end")
                #expect(site.central.received.all.compactMap(\.uniqueID) == ["end"])
            } else {
                _ = try await site.central.received.first("the message") { $0.uniqueID == "1" }
            }
        }
    }

    @Test(arguments: ["2.0.1", "2.1"])
    func `The answer to a signed message is relayed unchecked, either way`(version: String) async throws {
        try await withSite(Self.all) { site in
            site.central.onCall { $0.action == "Heartbeat-Signed" ? .result(#"{"jws":1}"#) : .none }
            let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
            #expect(try await chargePoint.call("Heartbeat-Signed", #"{"jws":2}"#, id: "s") == #"[3,"s",{"jws":1}]"#)
            chargePoint.acceptEveryCall(#"{"jws":3}"#)
            let reply = try await site.central.call("Reset-Signed", #"{"jws":4}"#, to: "CP-1")
            #expect(reply.text.hasSuffix(#""Payload":{"jws":3}}"#), "\(reply)")
        }
    }

    @Test(
        arguments: [
            ("2.0.1", #"[3,"d1",[]]"#, "RpcFrameworkError", "malformed"),
            ("2.1", #"[3,"d1",[]]"#, "RpcFrameworkError", "malformed"),
            ("2.0.1", #"[3,"d1",{"status":"Perhaps"}]"#, "PropertyConstraintViolation", "schema"),
            ("2.1", #"[3,"d1",{"status":"Perhaps"}]"#, "PropertyConstraintViolation", "schema"),
            ("2.1", #"[3,"d1",{}]"#, "OccurrenceConstraintViolation", "schema"),
            ("1.6", #"[3,"d1",{"status":"Perhaps"}]"#, "PropertyConstraintViolation", "schema"),
        ])
    func `A bad result is reported, and a station of 2.1 alone is told by a CALLRESULTERROR`(
        version: String, text: String, code: String, reason: String
    ) async throws {
        try await withSite(Self.all) { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
            _ = try await chargePoint.call("Heartbeat")
            // With another id it gets no answer.
            try await chargePoint.send(text: #"[3,"other",[]]"#)
            try await site.central.sendCall("ClearCache", id: "d1", to: "CP-1")
            try await site.central.sendCall("ClearCache", id: "d2", to: "CP-1")
            #expect(try await chargePoint.texts.take("the CALL").hasPrefix(#"[2,"d1","#))
            try await chargePoint.send(text: text)
            let report = try await site.central.reply(to: "d1", of: "CP-1")
            #expect(report.type == 4 && report.errorCode == code && report.reason == reason && report.failedType == 3)
            if version == "2.1" {
                let error = try await chargePoint.texts.take("the CALLRESULTERROR")
                #expect(error.hasPrefix(#"[5,"d1","\#(code)","#) && error.hasSuffix(",{}]"), "\(error)")
            }
            #expect(try await chargePoint.texts.take("the next CALL").hasPrefix(#"[2,"d2","#))
            #expect(chargePoint.texts.all.isEmpty)
        }
    }

    @Test(arguments: ["2.0.1", "2.1"])
    func `A bad CALLERROR gets no answer, and an odd code is passed on`(version: String) async throws {
        try await withSite(["MESSAGE_FORMAT_CHECKING": "all", "LIMITS_BAD_MESSAGES": "2"]) { site in
            let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
            _ = try await chargePoint.call("Heartbeat")
            try await site.central.sendCall("ClearCache", id: "d1", to: "CP-1")
            _ = try await chargePoint.texts.take("the CALL")
            try await chargePoint.send(text: #"[4,"d1",7]"#)
            #expect(try await site.central.reply(to: "d1", of: "CP-1").reason == "malformed")
            for (id, code) in [("d2", "MessageTypeNotSupported"), ("d3", "FormationViolation"), ("d4", "Whatever")] {
                try await site.central.sendCall("ClearCache", id: id, to: "CP-1")
                _ = try await chargePoint.texts.take("the CALL")
                try await chargePoint.send(text: #"[4,"\#(id)","\#(code)","",{}]"#)
                #expect(try await site.central.reply(to: id, of: "CP-1").errorCode == code)
            }
            // What EVerest says to a type that it does not know: to nobody, and not bad.
            for _ in 1...6 { try await chargePoint.send(text: #"[4,"-1","MessageTypeNotSupported","",{}]"#) }
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            #expect(chargePoint.texts.all.isEmpty && chargePoint.isOpen)
        }
    }

    @Test(
        arguments: [
            "2.0.1", "2.1",
        ])
    func `An answer of the back end that is refused leaves the station's CALL open for a better one`(version: String)
        async throws
    {
        try await withSite(Self.all) { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
            try await chargePoint.send(text: #"[2,"h","Heartbeat",{}]"#)
            let call = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            site.central.answer(call, of: "CP-1", with: .result(#"{"currentTime":7}"#))
            let first = try await site.central.received.take("the report") { $0.reason == "schema" }
            #expect(first.uniqueID == "h" && first.failedType == 3 && first.errorCode == "TypeConstraintViolation")
            let good = #"{"MessageTypeId":3,"UniqueId":"h","Payload":{"currentTime":"2026-01-01T00:00:00Z"}}"#
            var other = MQTTMessage(topic: "ocpp/cs/CP-1", text: good)
            other.userProperties = ["ocpp-version": "1.6"]
            try await site.central.publish(other)
            let second = try await site.central.received.take("the report") { $0.reason == "version" }
            #expect(second.uniqueID == "h" && second.errorCode == "GenericError" && second.failedType == 3)
            other.userProperties = ["ocpp-version": version]
            try await site.central.publish(other)
            #expect(
                try await chargePoint.texts.take("the answer") == #"[3,"h",{"currentTime":"2026-01-01T00:00:00Z"}]"#)
        }
    }

    @Test(
        arguments: ["1.6", "2.0.1", "2.1"])
    func `A CALL said again while it is open is a retry; another with its id is not`(version: String) async throws {
        try await withSite(Self.all) { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect(subprotocols: ["ocpp\(version)"])
            for _ in 1...3 { try await chargePoint.send(text: #"[2,"r","Heartbeat",{}]"#) }
            try await chargePoint.send(text: #"[2,"r","Heartbeat", {}]"#)
            #expect(try await chargePoint.texts.take("the CALLERROR").hasPrefix(#"[4,"r","ProtocolError","#))
            let call = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            site.central.answer(call, of: "CP-1", with: .result(#"{"currentTime":"2026-01-01T00:00:00Z"}"#))
            #expect(try await chargePoint.texts.take("the one answer").hasPrefix(#"[3,"r","#))
            #expect(chargePoint.texts.all.isEmpty && site.central.received.all.count == 1)
        }
    }
}
