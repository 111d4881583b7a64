import NIOCore
import OCPPJ
import OutsideNames
import Testing

/// relay-format.md, "Payload: one JSON object per OCPP message", downstream.
@Suite struct RelayParserTests {
    @Test func `Keys may come in any order`() throws {
        let members = [
            #""MessageTypeId":2"#, #""UniqueId":"19""#, #""Action":"Reset""#, #""Payload":{"type":"Hard"}"#,
        ]
        for first in 0..<4 {
            for second in 0..<4 where second != first {
                let others = (0..<4).filter { $0 != first && $0 != second }
                for rest in [others, others.reversed()] {
                    let order = [first, second] + rest
                    let message = try parse(relay: "{\(order.map { members[$0] }.joined(separator: ","))}")
                    #expect(message.type == .call && message.uniqueID == "19")
                    #expect(message.writtenBody == ["Reset", #"{"type":"Hard"}"#])
                }
            }
        }
    }

    @Test func `White space may stand everywhere`() throws {
        let message = try parse(
            relay: " \n{ \"Payload\" : { } ,\r\n\t\"MessageTypeId\" : 3 , \"UniqueId\" : \"a b\" } \n")
        #expect(message.type == .callResult && message.uniqueID == "a b" && message.writtenBody == ["{ }"])
    }

    @Test(arguments: [
        #""x":1"#, #""":{}"#, #""uniqueId":"20""#, #""Payload2":[1,{"UniqueId":"20"}]"#, #""UniqueId ":"20""#,
        #""\u0055niqueid":null"#, #""ErrorCode":1"#, #""x":1,"y":1,"X":1"#,
    ])
    func `Unknown keys are ignored`(members: String) throws {
        let plain = #""MessageTypeId":3,"UniqueId":"19","Payload":{}"#
        for text in ["{\(members),\(plain)}", "{\(plain),\(members)}"] {
            let message = try parse(relay: text)
            #expect(message.uniqueID == "19" && message.writtenBody == ["{}"])
        }
    }

    @Test func `Keys may be written with escapes`() throws {
        let message = try parse(
            relay: #"{"\u004dessageTypeId":2,"Uniqu\u0065Id":"19","\u0041\u0063tion":"Reset","Pay\u006Coad":{}}"#)
        #expect(message.uniqueID == "19" && message.writtenBody == ["Reset", "{}"])
    }

    @Test func `A call error is read with its defaults`() throws {
        let error = #""MessageTypeId":4,"UniqueId":"19","ErrorCode":"GenericError""#
        #expect(
            try parse(relay: #"{\#(error),"ErrorDescription":"no","ErrorDetails":{"a":1}}"#).writtenBody
                == [#""GenericError""#, #""no""#, #"{"a":1}"#])
        #expect(
            try parse(relay: #"{\#(error),"ErrorDescription":"no"}"#).writtenBody == [
                #""GenericError""#, #""no""#, nil,
            ])
        #expect(try parse(relay: "{\(error)}").writtenBody == [#""GenericError""#, nil, nil])
        #expect(try parse(relay: #"{\#(error),"ErrorDetails":{}}"#).writtenBody == [#""GenericError""#, nil, "{}"])
    }

    @Test func `A null payload is read as empty`() throws {
        #expect(
            try parse(relay: #"{"MessageTypeId":2,"UniqueId":"1","Action":"ClearCache","Payload":null}"#).body
                == .call(action: "ClearCache", payload: nil))
        #expect(
            try parse(relay: #"{"MessageTypeId":3,"UniqueId":"1","Payload":null}"#).body == .callResult(payload: nil))
    }

    @Test(arguments: [
        (#""MessageTypeId":2"#, "MessageTypeId"), (#""UniqueId":"19""#, "UniqueId"), (#""Action":"Reset""#, "Action"),
        (#""Payload":{}"#, "Payload"), (#""\u0055niqueId":"20""#, "UniqueId"), (#""Actio\u006e":1"#, "Action"),
        (#""Payload":null"#, "Payload"), (#""ErrorCode":1,"ErrorCode":2"#, "ErrorCode"),
        (#""ErrorDetails":1,"ErrorDetails":1"#, "ErrorDetails"),
        (#""ErrorDescription":1,"ErrorDescription":1"#, "ErrorDescription"), (#""x":1,"x":1"#, "x"),
        (#""x":1,"y":{},"\u0078":2"#, "x"), (#""":1,"":1"#, ""), (#""é":1,"\u00e9":1"#, "é"),
        (#""😀":1,"\ud83d\ude00":1"#, "😀"),
    ])
    func `A duplicate key is malformed however it is spelled`(members: String, key: String) {
        let plain = #""MessageTypeId":2,"UniqueId":"19","Action":"Reset","Payload":{}"#
        #expect(
            problem(relay: "{\(plain),\(members)}")
                == .malformed(type: .call, uniqueID: "19", reason: "duplicate key \(key)"))
    }

    /// Keys are equal when their characters are; `String` would compare what they look like.
    @Test func `Keys that only look alike are no duplicates`() throws {
        let plain = #""MessageTypeId":3,"UniqueId":"19","Payload":{}"#
        #expect(try parse(relay: "{\(plain),\"\u{E9}\":1,\"e\u{301}\":2}").uniqueID == "19")
        #expect(try parse(relay: "{\(plain),\"\u{E9}\":1,\"e\\u0301\":2}").uniqueID == "19")
    }

    @Test func `The reason stays short however long the key`() throws {
        // One letter with thousands of accents is a single `Character`.
        for key in [String(repeating: "k", count: 5000), "a" + String(repeating: "\u{301}", count: 5000)] {
            let found = problem(relay: "{\"\(key)\":1,\"\(key)\":2}")
            #expect(try #require(found?.reason).unicodeScalars.count == "duplicate key ".count + 40)
        }
    }

    @Test(
        arguments: [
            // Not JSON.
            ("", nil, nil), ("{", nil, nil), ("{}}", nil, nil), (#"{"UniqueId":"19""#, nil, "19"),
            (#"{"MessageTypeId":2,"UniqueId":"19","Action":"#, .call, "19"),
            (#"{"UniqueId":"19","MessageTypeId":3,"Payload":{]}"#, .callResult, "19"),
            (#"{"MessageTypeId":2,"UniqueId":"19","Action":"Reset","Payload":{}},"#, .call, "19"),
            (#"{"UniqueId":"1"#, nil, nil), (#"{"MessageTypeId":2,"UniqueId" "19"}"#, .call, nil),
            // Not an object.
            ("[]", nil, nil), ("null", nil, nil), (#"[2,"19","Reset",{}]"#, nil, nil), (#""{}""#, nil, nil),
            ("1", nil, nil),
            // Missing.
            ("{}", nil, nil), (#"{"UniqueId":"19","Action":"Reset","Payload":{}}"#, nil, "19"),
            (#"{"MessageTypeId":2,"Action":"Reset","Payload":{}}"#, .call, nil),
            (#"{"MessageTypeId":2,"UniqueId":"19","Payload":{}}"#, .call, "19"),
            (#"{"MessageTypeId":2,"UniqueId":"19","Action":"Reset"}"#, .call, "19"),
            (#"{"MessageTypeId":3,"UniqueId":"19"}"#, .callResult, "19"),
            (#"{"MessageTypeId":4,"UniqueId":"19"}"#, .callError, "19"),
            (#"{"MessageTypeId":4,"UniqueId":"19","ErrorDescription":"","ErrorDetails":{}}"#, .callError, "19"),
            // Mistyped.
            (#"{"MessageTypeId":"2","UniqueId":"19","Action":"Reset","Payload":{}}"#, nil, "19"),
            (#"{"MessageTypeId":null,"UniqueId":"19","Action":"Reset","Payload":{}}"#, nil, "19"),
            (#"{"MessageTypeId":2.0,"UniqueId":"19","Action":"Reset","Payload":{}}"#, nil, "19"),
            (#"{"MessageTypeId":5,"UniqueId":"19","Action":"Reset","Payload":{}}"#, .callResultError, "19"),
            (#"{"MessageTypeId":7,"UniqueId":"19","Action":"Reset","Payload":{}}"#, nil, "19"),
            (#"{"MessageTypeId":2,"UniqueId":19,"Action":"Reset","Payload":{}}"#, .call, nil),
            (#"{"MessageTypeId":2,"UniqueId":"","Action":"Reset","Payload":{}}"#, .call, nil),
            (#"{"MessageTypeId":2,"UniqueId":"19","Action":1,"Payload":{}}"#, .call, "19"),
            (#"{"MessageTypeId":2,"UniqueId":"19","Action":"Re set","Payload":{}}"#, .call, "19"),
            (#"{"MessageTypeId":2,"UniqueId":"19","Action":"Reset","Payload":[]}"#, .call, "19"),
            (#"{"MessageTypeId":2,"UniqueId":"19","Action":"Reset","Payload":"{}"}"#, .call, "19"),
            (#"{"MessageTypeId":3,"UniqueId":"19","Payload":1}"#, .callResult, "19"),
            (#"{"MessageTypeId":4,"UniqueId":"19","ErrorCode":1}"#, .callError, "19"),
            (#"{"MessageTypeId":4,"UniqueId":"19","ErrorDescription":"d"}"#, .callError, "19"),
        ] as [(String, MessageType?, UniqueID?)])
    func `A malformed message tells what could be read of it`(text: String, type: MessageType?, uniqueID: UniqueID?) {
        #expect(problem(relay: text)?.readable == .init(type: type, uniqueID: uniqueID))
        #expect(OCPPMessage.head(ofRelay: buffer(text)) == OCPPMessageHead(type: type, uniqueID: uniqueID))
    }

    @Test func `The unique ID of a refused message can be read`() {
        let text = #"{"MessageTypeId":2,"UniqueId":"\u0041","Action":"Reset","Payload":{}}"#
        #expect(OCPPMessage.head(ofRelay: buffer(text)) == OCPPMessageHead(type: .call, uniqueID: "A"))
        let long = String(repeating: "x", count: 256)
        #expect(OCPPMessage.head(ofRelay: buffer("{\"UniqueId\":\"\(long)\"}")).uniqueID == nil)
        #expect(
            OCPPMessage.head(ofRelay: buffer("{\"UniqueId\":\"\(long.dropLast())\"}")).uniqueID
                == UniqueID(String(long.dropLast())))
    }

    @Test func `The unique IDs limits hold downstream too`() throws {
        func text(_ length: Int) -> String {
            #"{"MessageTypeId":3,"UniqueId":"\#(String(repeating: "x", count: length))","Payload":{}}"#
        }
        #expect(problem(relay: text(36), limits: .checked) == nil)
        #expect(problem(relay: text(37), limits: .checked)?.reason == "UniqueId: not 1 to 36 characters")
        #expect(problem(relay: text(255)) == nil)
        #expect(problem(relay: text(256))?.reason == "UniqueId: not 1 to 255 bytes")
    }

    @Test func `A text that is not UTF 8 is malformed`() {
        let bytes = Array(#"{"MessageTypeId":3,"UniqueId":"19","Payload":{"a":""#.utf8) + [0xC3] + Array(#""}}"#.utf8)
        let found = problem { () throws(OCPPMessageProblem) in
            try OCPPMessage.parse(relay: buffer(bytes), version: .v16)
        }
        #expect(found == .malformed(type: .callResult, uniqueID: "19", reason: "not JSON: invalid UTF-8 at byte 51"))
    }
}
