import Testing

/// behaviour.md, "Message format checking", and the rows of "What a bad message from a charge point gets" that need it.
@Suite struct FormatCheckingTests {
    private static let all = ["MESSAGE_FORMAT_CHECKING": "all"]

    @Test(arguments: [
        (#"[2,"1","BootNotification",{"chargePointModel":"M"}]"#, "OccurenceConstraintViolation", "/chargePointVendor"),
        (#"[2,"1","Authorize",{"idTag":7}]"#, "TypeConstraintViolation", "/idTag"),
        (#"[2,"1","Authorize",{"idTag":"123456789012345678901"}]"#, "PropertyConstraintViolation", "/idTag"),
        (#"[2,"1","Authorize",{"idTag":"A","more":1}]"#, "FormationViolation", "/more"),
        (#"[2,"1","Dance",{}]"#, "NotImplemented", "Dance"),
        (#"[2,"1","Reset",{"type":"Soft"}]"#, "NotSupported", "Reset"),
        (
            #"[2,"1","MeterValues",{"connectorId":1,"meterValue":[{"sampledValue":[{"value":"1"}]}]}]"#,
            "OccurenceConstraintViolation", "/meterValue/0/timestamp"
        ),
    ])
    func `A call that fails its schema gets its error with the place`(text: String, code: String, place: String)
        async throws
    {
        try await withSite(Self.all) { site in
            let chargePoint = try await site.connectReady()
            try await chargePoint.send(text: text)
            let answer = try await chargePoint.texts.take("the CALLERROR")
            #expect(answer.hasPrefix(#"[4,"1","\#(code)","\#(place)"#), "\(answer)")
            // It was not relayed: the next message that arrives is the next one sent.
            try await chargePoint.send(text: #"[2,"2","Heartbeat",{}]"#)
            _ = try await site.central.upstreamCall("Heartbeat", id: "2", of: "CP-1")
        }
    }

    @Test func `A time without a zone is a time in OCPP 16 and a refused enum value is shown`() async throws {
        try await withSite(Self.all) { site in
            let chargePoint = try await site.connectReady()
            for (number, time) in ["2026-01-01T00:00:00", "2026-01-01T00:00:00+03", "2026-01-01T00:00:00+0300"]
                .enumerated()
            {
                let status = #"{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"\#(time)"}"#
                try await chargePoint.send(text: #"[2,"t\#(number)","StatusNotification",\#(status)]"#)
                _ = try await site.central.upstreamCall("StatusNotification", id: "t\(number)", of: "CP-1")
            }
            let value = "Free" + String(repeating: "y", count: 40)
            let status = #"{"connectorId":1,"errorCode":"NoError","status":"\#(value)"}"#
            try await chargePoint.send(text: #"[2,"e","StatusNotification",\#(status)]"#)
            let refusal = try await chargePoint.texts.take("the CALLERROR") { $0.contains(#""e""#) }
            #expect(
                refusal.hasPrefix(
                    #"[4,"e","PropertyConstraintViolation","/status: \"\#(value.prefix(40))…\" is not one of "#))
            try await chargePoint.send(text: #"[2,"s","Heartbeat",{"a":tru}]"#)
            let broken = try await chargePoint.texts.take("the CALLERROR") { $0.contains(#""s""#) }
            #expect(broken.contains("at byte 27"), "\(broken)")
        }
    }

    @Test func `What is valid passes both ways and null is read as empty`() async throws {
        try await withSite(Self.all) { site in
            site.central.onCall { _ in .result(#"{"currentTime":"2026-01-01T00:00:00Z"}"#) }
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall()
            try await chargePoint.send(text: #"[2,"n","Heartbeat",null]"#)
            #expect(try await chargePoint.texts.take("the answer").hasPrefix(#"[3,"n","#))
            let reply = try await site.central.call("Reset", #"{"type":"Soft"}"#, to: "CP-1")
            #expect(reply.text.contains(#""Payload":{"status":"Accepted"}"#))
        }
    }

    @Test(arguments: [
        ("Reset", #"{"type":"Medium"}"#, "PropertyConstraintViolation"),
        ("Reset", "{}", "OccurenceConstraintViolation"),
        ("Heartbeat", "{}", "NotSupported"), ("Dance", "{}", "NotImplemented"),
    ])
    func `A command that fails its schema is reported to its sender`(action: String, payload: String, code: String)
        async throws
    {
        try await withSite(Self.all) { site in
            let chargePoint = try await site.connectReady()
            chargePoint.acceptEveryCall()
            let report = try await site.central.call(action, payload, to: "CP-1")
            #expect(report.text.contains(#""ErrorCode":"\#(code)""#), "\(report.text)")
            #expect(report.text.contains(#""reason":"schema""#), "\(report.text)")
        }
    }

    @Test func `A result of the charge point that fails its schema is reported and the next command goes out`()
        async throws
    {
        try await withSite(Self.all) { site in
            let chargePoint = try await site.connectReady()
            try await site.central.sendCall("Reset", #"{"type":"Soft"}"#, id: "r-1", to: "CP-1")
            try await site.central.sendCall("ClearCache", id: "r-2", to: "CP-1")
            #expect(try await chargePoint.texts.take("the CALL").contains("r-1"))
            try await chargePoint.send(text: #"[3,"r-1",{"status":"Perhaps"}]"#)
            let report = try await site.central.reply(to: "r-1", of: "CP-1")
            #expect(report.text.contains(#""ErrorCode":"PropertyConstraintViolation""#), "\(report.text)")
            #expect(report.text.contains(#""reason":"schema""#))
            #expect(try await chargePoint.texts.take("the next CALL").contains("r-2"))
        }
    }

    @Test func `An answer of the backend that fails its schema is reported and a good one still counts`() async throws {
        try await withSite(Self.all) { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect()
            try await chargePoint.send(text: #"[2,"h","Heartbeat",{}]"#)
            _ = try await site.central.upstreamCall("Heartbeat", of: "CP-1")
            // The payload in front of what says whose it is: it is checked all the same.
            try await site.central.send(
                #"{"Payload":{"currentTime":7},"MessageTypeId":3,"UniqueId":"h"}"#, to: "CP-1")
            let report = try await site.central.reply(to: "h", of: "CP-1")
            #expect(report.text.contains(#""ErrorCode":"TypeConstraintViolation""#), "\(report.text)")
            try await site.central.send(
                #"{"Payload":{"currentTime":"2026-01-01T00:00:00Z"},"MessageTypeId":3,"UniqueId":"h"}"#, to: "CP-1")
            #expect(try await chargePoint.texts.take("the answer").hasPrefix(#"[3,"h","#))
        }
    }

    @Test func `An exempt action is relayed unchecked`() async throws {
        try await withSite([
            "MESSAGE_FORMAT_CHECKING": "all", "MESSAGE_FORMAT_CHECKING_EXEMPT": "Authorize,Dance",
        ]) { site in
            let chargePoint = try await site.connectReady()
            try await chargePoint.send(text: #"[2,"1","Authorize",{"wrong":1}]"#)
            _ = try await site.central.upstreamCall("Authorize", id: "1", of: "CP-1")
            try await chargePoint.send(text: #"[2,"2","Dance",{}]"#)
            _ = try await site.central.upstreamCall("Dance", id: "2", of: "CP-1")
        }
    }

    @Test func `Unique ids of more than 36 characters are refused with checking on`() async throws {
        try await withSite(Self.all) { site in
            let chargePoint = try await site.connectReady()
            let longest = String(repeating: "ü", count: 36)
            try await chargePoint.send(text: #"[2,"\#(longest)","Heartbeat",{}]"#)
            _ = try await site.central.upstreamCall("Heartbeat", id: longest, of: "CP-1")
            _ = try await chargePoint.texts.take("the answer")
            let tooLong = String(repeating: "x", count: 37)
            try await chargePoint.send(text: #"[2,"\#(tooLong)","Heartbeat",{}]"#)
            let answer = try await chargePoint.texts.take("the CALLERROR")
            #expect(answer.hasPrefix(#"[4,"\#(tooLong)","FormationViolation""#), "\(answer)")
        }
    }

    @Test func `One direction alone is checked`() async throws {
        try await withSite(["MESSAGE_FORMAT_CHECKING": "dnstream_only"]) { site in
            let chargePoint = try await site.connectReady()
            try await chargePoint.send(text: #"[2,"1","Authorize",{"wrong":1}]"#)
            _ = try await site.central.upstreamCall("Authorize", id: "1", of: "CP-1")
            let report = try await site.central.call("Reset", "{}", to: "CP-1")
            #expect(report.text.contains(#""reason":"schema""#), "\(report.text)")
        }
    }

    @Test func `A refused message goes whole to the invalid topic`() async throws {
        try await withSite([
            "MESSAGE_FORMAT_CHECKING": "all", "UPSTREAM_INVALID_TOPIC": "cp/${cid}/Invalid",
        ]) { site in
            let chargePoint = try await site.connectReady()
            try await chargePoint.send(text: #"[2,"1","Authorize",{"idTag":7}]"#)
            _ = try await chargePoint.texts.take("the CALLERROR")
            let message = try await site.central.received.take("the refused message") {
                $0.topic == "ocpp/cp/CP-1/Invalid"
            }
            let start = #"{"reason":"schema","error":"TypeConstraintViolation","description":"/idTag: "#
            #expect(message.text.hasPrefix(start), "\(message.text)")
            let end = ##""message":"[2,\"1\",\"Authorize\",{\"idTag\":7}]"}"##
            #expect(message.text.hasSuffix(end), "\(message.text)")
        }
    }
}
