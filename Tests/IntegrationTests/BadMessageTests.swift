import Foundation
import NIOCore
import TestSupport
import Testing

/// behaviour.md, "What a bad message from a charge point gets", and relay-format.md on bad messages from the broker.
@Suite struct BadMessageTests {
    static let malformedCalls: [(text: String, ids: [String])] = [
        ("not JSON", ["-1"]), ("", ["-1"]), ("{}", ["-1"]), ("[]", ["-1"]), ("[2]", ["-1"]), ("null", ["-1"]),
        (#""[2]""#, ["-1"]),
        (#"[2,"a"]"#, ["a"]), (#"[2,"a","Heartbeat"]"#, ["a"]), (#"[2,"a","Heartbeat",{},1]"#, ["a"]),
        (#"[2,"a",5,{}]"#, ["a"]), (#"[2,"a",null,{}]"#, ["a"]), (#"[2,"a","Heartbeat",[]]"#, ["a"]),
        (#"[2,"a","Heartbeat","{}"]"#, ["a"]), (#"[2,"a","Heartbeat",1]"#, ["a"]),
        (#"[2,"a","Heartbeat",true]"#, ["a"]),
        (#"[2,5,"Heartbeat",{}]"#, ["-1"]), (#"[2,null,"Heartbeat",{}]"#, ["-1"]),
        (#"["2","a","Heartbeat",{}]"#, ["a", "-1"]), (#"[null,"a","Heartbeat",{}]"#, ["a", "-1"]),
        (#"[2,"a","Heartbeat",{]"#, ["a", "-1"]), (#"[2,"a","Heartbeat",{}"#, ["a", "-1"]),
        (#"[2,"a","Heartbeat",{}]]"#, ["a", "-1"]), (#"[2,"a","Heartbeat",{}] x"#, ["a", "-1"]),
        (#"[2,"a","Heartbeat",{},]"#, ["a", "-1"]), (#"[2 "a","Heartbeat",{}]"#, ["a", "-1"]),
        (#"[2,"a","Heartbeat",{"x":01}]"#, ["a", "-1"]), (#"[2,"a","Heartbeat",{"x":+1}]"#, ["a", "-1"]),
        (#"[2,"a","Heartbeat",{"x":.5}]"#, ["a", "-1"]), (#"[2,"a","Heartbeat",{"x":1.}]"#, ["a", "-1"]),
        (#"[2,"a","Heartbeat",{"x":1e}]"#, ["a", "-1"]), (#"[2,"a","Heartbeat",{"x":NaN}]"#, ["a", "-1"]),
        (#"[2,"a","Heartbeat",{"x":0x1}]"#, ["a", "-1"]), (#"[2,"a","Heartbeat",{"x":-}]"#, ["a", "-1"]),
        (#"[2,"a","Heartbeat",{"x":"\q"}]"#, ["a", "-1"]), (#"[2,"a","Heartbeat",{"x":"\u12g4"}]"#, ["a", "-1"]),
        ("[2,\"a\",\"Heartbeat\",{\"x\":\"\u{1}\"}]", ["a", "-1"]),
        ("[2,\"a\",\"Heartbeat\",{\"x\":\"\n\"}]", ["a", "-1"]),
        (#"[2,"a","Heartbeat",{x:1}]"#, ["a", "-1"]), (#"[2,"a","Heartbeat",{'x':1}]"#, ["a", "-1"]),
        (#"[2,"a","Heartbeat",{"x"}]"#, ["a", "-1"]), (#"[2,"a","Heartbeat",{"x":tru}]"#, ["a", "-1"]),
        (#"[2,"a","Heartbeat",{"x":[1,]}]"#, ["a", "-1"]), ("\u{FEFF}" + #"[2,"a","Heartbeat",{}]"#, ["a", "-1"]),
        (#"[2,"","Heartbeat",{}]"#, ["", "-1"]), (#"[2,"a","",{}]"#, ["a"]), (#"[2,"a","Foo/Bar",{}]"#, ["a"]),
        (#"[2,"a","Foo Bar",{}]"#, ["a"]), (#"[2,"a","Größe",{}]"#, ["a"]),
        (#"[2,"a","\#(String(repeating: "A", count: 51))",{}]"#, ["a"]),
        (#"[2,"\#(String(repeating: "i", count: 256))","Heartbeat",{}]"#, [String(repeating: "i", count: 256), "-1"]),
        (
            #"[2,"a","Heartbeat",{"x":\#(String(repeating: "[", count: 70) + String(repeating: "]", count: 70))}]"#,
            ["a", "-1"]
        ),
    ]

    @Test func `A malformed call gets formation violation with its unique id or minus one`() async throws {
        try await withSite(["LIMITS_BAD_MESSAGES": "0"]) { site in
            let chargePoint = try await site.connectReady()
            for (text, ids) in Self.malformedCalls {
                try await chargePoint.send(text: text)
                let answer = OCPPText(try await chargePoint.texts.take("the CALLERROR for \(text)"))
                #expect(answer.type == 4 && answer.errorCode == "FormationViolation", "\(text) got \(answer)")
                #expect(ids.contains(answer.uniqueID ?? "none"), "\(text) got \(answer)")
                let array = try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [Any]
                #expect(array?.count == 5 && array?.last is [String: Any], "\(text) got \(answer)")
            }
            #expect(OCPPText(try await chargePoint.call("Heartbeat", id: "end")).type == 3)
            #expect(site.central.received.all.compactMap(\.uniqueID) == ["ready", "end"])
        }
    }

    @Test func `A syntax error names its byte to the charge point and in the log`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            for (text, byte) in [
                (#"[2,"s1","Heartbeat",{"a":tru}]"#, 28), ("[2,\"s2\",\"é\"x", 12), ("[2,\"s3\",", 8), ("{} {}", 3),
            ] {
                try await chargePoint.send(text: text)
                let answer = OCPPText(try await chargePoint.texts.take("the CALLERROR"))
                #expect(answer.text.contains(" at byte \(byte)\""), "\(text) got \(answer.text)")
                try await site.gateway.log("the place of \(text)") {
                    $0.message == "bad message from the charge point" && $0.mentions(" at byte \(byte)\"")
                }
            }
        }
    }

    @Test(arguments: [
        #"[2,"a","Heartbeat",{"x":\#(String(repeating: "[", count: 60) + String(repeating: "]", count: 60))}]"#,
        #"[2,"a","\#(String(repeating: "A", count: 50))",{}]"#,
        #"[2,"\#(String(repeating: "i", count: 255))","Heartbeat",{}]"#,
        "\t[\r\n2 , \"a\" , \"Heartbeat\" , { } ] ",
    ])
    func `What is just inside the limits is relayed`(text: String) async throws {
        try await withSite { site in
            let chargePoint = try await site.connect()
            try await chargePoint.send(text: text)
            #expect(OCPPText(try await chargePoint.texts.take("the answer")).type == 3)
        }
    }

    @Test(arguments: [
        #"[0,"a",{}]"#, #"[1,"a",{}]"#, #"[5,"a","GenericError","",{}]"#, #"[6,"a","NotifyPeriodicEventStream",{}]"#,
        #"[7,"a",{}]"#, #"[99999999999999999999,"a"]"#, #"[-2,"a","Heartbeat",{}]"#,
    ])
    func `An unknown message type is logged and not answered`(text: String) async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            let before = site.gateway.logLines.count
            try await chargePoint.send(text: text)
            #expect(OCPPText(try await chargePoint.call("Heartbeat", id: "end")).type == 3)
            #expect(chargePoint.texts.all.isEmpty, "\(text) was answered")
            #expect(site.central.received.all.compactMap(\.uniqueID) == ["ready", "end"])
            try await eventually("a log line about \(text)") {
                site.gateway.logLines.dropFirst(before).contains { $0.mentions("CP-1") }
            }
        }
    }

    @Test(arguments: [
        #"[3,"d1"]"#, #"[3,"d1",[]]"#, #"[3,"d1","x"]"#, #"[3,"d1",{},1]"#, #"[4,"d1"]"#, #"[4,"d1",5,"",{}]"#,
        #"[3,"d1",{]"#,
    ])
    func `A malformed answer to an open call reaches the backend as malformed`(text: String) async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            try await site.central.sendCall("Reset", id: "d1", to: "CP-1")
            try await site.central.sendCall("Reset", id: "d2", to: "CP-1")
            _ = try await chargePoint.texts.take("the CALL")
            try await chargePoint.send(text: text)
            let report = try await site.central.reply(to: "d1", of: "CP-1")
            #expect(report.source == "gateway" && report.reason == "malformed" && report.type == 4)
            #expect(report.errorCode == "FormationViolation")
            #expect(report.failedType == (text.hasPrefix("[3") ? 3 : 4))
            // It is no longer open, and nobody told the charge point anything.
            #expect(OCPPText(try await chargePoint.texts.take("the next CALL")).uniqueID == "d2")
        }
    }

    @Test(arguments: [
        #"[3,"x",{}]"#, #"[4,"x","GenericError","",{}]"#, #"[3,"x"]"#, #"[4,"x"]"#, #"[3]"#, #"[3,5,{}]"#, "[4]",
    ])
    func `An answer that matches no open call is logged and not published`(text: String) async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            let before = site.gateway.logLines.count
            try await chargePoint.send(text: text)
            #expect(OCPPText(try await chargePoint.call("Heartbeat", id: "end")).type == 3)
            #expect(chargePoint.texts.all.isEmpty, "\(text) was answered")
            #expect(site.central.received.all.compactMap(\.uniqueID) == ["ready", "end"])
            try await eventually("a log line about \(text)") {
                site.gateway.logLines.dropFirst(before).contains { $0.mentions("CP-1") }
            }
        }
    }

    @Test func `A call result is published once and its repetition is not`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            try await site.central.sendCall("Reset", id: "d1", to: "CP-1")
            _ = try await chargePoint.texts.take("the CALL")
            for _ in 1...2 {
                try await chargePoint.send(text: #"[3,"d1",{}]"#)
            }
            _ = try await chargePoint.call("Heartbeat", id: "end")
            #expect(site.central.received.all.count { $0.uniqueID == "d1" } == 1)
        }
    }

    @Test func `Unknown message types are never too many`() async throws {
        try await withSite(["LIMITS_BAD_MESSAGES": "2", "UPSTREAM_INVALID_TOPIC": "cp/${cid}/Bad/${type}/${id}"]) {
            site in
            let chargePoint = try await site.connectReady()
            for number in 1...5 { try await chargePoint.send(text: #"[9,"n\#(number)",{}]"#) }
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            #expect(chargePoint.texts.all.isEmpty && chargePoint.isOpen)
            for number in 1...5 {
                let refused = try await site.central.received.take("refused message \(number)") {
                    $0.topic == "ocpp/cp/CP-1/Bad/-1/n\(number)"
                }
                #expect(refused.text.contains(#""message":"[9,\"n\#(number)\",{}]""#), "\(refused)")
            }
        }
    }

    @Test(arguments: [
        (#"[4,"d1","SecurityError"]"#, #""ErrorDescription":"","ErrorDetails":{}}"#),
        (#"[4,"d1","SecurityError","no"]"#, #""ErrorDescription":"no","ErrorDetails":{}}"#),
        (#"[4,"d1","SecurityError",null,null]"#, #""ErrorDescription":"","ErrorDetails":{}}"#),
        (#"[4,"d1","SecurityError","",["why"]]"#, #""ErrorDescription":"","ErrorDetails":["why"]}"#),
    ])
    func `A call error of the charge point keeps its code whatever is odd about the rest`(text: String, rest: String)
        async throws
    {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            try await site.central.sendCall("Reset", id: "d1", to: "CP-1")
            _ = try await chargePoint.texts.take("the CALL")
            try await chargePoint.send(text: text)
            let error = try await site.central.reply(to: "d1", of: "CP-1")
            #expect(error.text == #"{"MessageTypeId":4,"UniqueId":"d1","ErrorCode":"SecurityError",\#(rest)"#)
        }
    }

    @Test func `A call error of the backend keeps its code whatever is odd about the rest`() async throws {
        try await withSite { site in
            site.central.onCall { _ in .none }
            let chargePoint = try await site.connect()
            for (id, rest, frame) in [
                ("a", "", #"[4,"a","Odd","",{}]"#),
                ("b", #","ErrorDescription":null,"ErrorDetails":null"#, #"[4,"b","Odd","",{}]"#),
                ("c", #","ErrorDescription":7,"ErrorDetails":["x"]"#, #"[4,"c","Odd","",{}]"#),
            ] {
                try await chargePoint.send(text: #"[2,"\#(id)","Heartbeat",{}]"#)
                _ = try await site.central.upstreamCall("Heartbeat", id: id, of: "CP-1")
                try await site.central.send(
                    #"{"MessageTypeId":4,"UniqueId":"\#(id)","ErrorCode":"Odd"\#(rest)}"#, to: "CP-1")
                #expect(try await chargePoint.texts.take("the CALLERROR") == frame)
            }
        }
    }

    @Test func `More bad messages in a row than allowed close the connection`() async throws {
        try await withSite(["LIMITS_BAD_MESSAGES": "5"]) { site in
            let chargePoint = try await site.connectReady()
            for _ in 1...3 {
                for _ in 1...5 {
                    try await chargePoint.send(text: "bad")
                    _ = try await chargePoint.texts.take("the CALLERROR")
                }
                #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
            }
            for _ in 1...6 {
                try await chargePoint.send(text: "bad")
            }
            #expect(try await chargePoint.closing().code == 1008)
        }
    }

    @Test func `Twenty bad messages in a row are allowed by default and the next closes`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            for _ in 1...20 {
                try await chargePoint.send(text: "bad")
                _ = try await chargePoint.texts.take("the CALLERROR")
            }
            #expect(chargePoint.isOpen)
            try await chargePoint.send(text: "bad")
            #expect(try await chargePoint.closing().code == 1008)
        }
    }

    // MARK: WebSocket frames

    static let fatalFrames: [(name: String, frames: [WebSocketFrame], code: UInt16)] = {
        var unmasked = WebSocketFrame(.text, Array("[]".utf8))
        unmasked.isMasked = false
        var reserved = WebSocketFrame(.text, Array("[]".utf8))
        reserved.reservedBits = 4
        let long = Array(repeating: UInt8(ascii: "x"), count: 1025)
        return [
            ("binary", [WebSocketFrame(.binary, [1, 2])], 1003),
            ("empty binary", [WebSocketFrame(.binary)], 1003),
            ("not UTF-8", [WebSocketFrame(.text, [0xC3, 0x28])], 1007),
            ("cut off UTF-8", [WebSocketFrame(.text, [0x22, 0xE2, 0x82])], 1007),
            ("a surrogate in UTF-8", [WebSocketFrame(.text, [0x22, 0xED, 0xA0, 0x80, 0x22])], 1007),
            (
                "fragments that are not UTF-8",
                [WebSocketFrame(.text, [0xC3], isFinal: false), WebSocketFrame(.continuation, [0x28])], 1007
            ),
            ("too long", [WebSocketFrame(.text, long)], 1009),
            (
                "too long in all",
                [
                    WebSocketFrame(.text, Array(long[..<700]), isFinal: false),
                    WebSocketFrame(.continuation, Array(long[..<700])),
                ], 1009
            ),
            ("unmasked", [unmasked], 1002), ("reserved bits", [reserved], 1002),
            ("opcode 3", [WebSocketFrame(opcode: 3)], 1002), ("opcode 11", [WebSocketFrame(opcode: 11)], 1002),
            ("a fragmented ping", [WebSocketFrame(.ping, [], isFinal: false)], 1002),
            ("a long ping", [WebSocketFrame(.ping, Array(long[..<126]))], 1002),
            ("a continuation of nothing", [WebSocketFrame(.continuation, [0x5B])], 1002),
            (
                "text within a fragmented text",
                [WebSocketFrame(.text, [0x5B], isFinal: false), WebSocketFrame(.text, [0x5D])], 1002
            ),
            ("a close of one byte", [WebSocketFrame(.close, [3])], 1002),
        ]
    }()

    @Test func `A frame that may not be closes the connection with its code`() async throws {
        try await withSite(["LISTENERS_WS_DEFAULT_WEBSOCKET_MAX_FRAME_SIZE": "1KB"]) { site in
            for (name, frames, code) in Self.fatalFrames {
                let chargePoint = try await site.connectReady()
                for frame in frames {
                    try? await chargePoint.send(frame)
                }
                let closing = try await chargePoint.closing()
                #expect(closing.code == code, "\(name)")
            }
            let chargePoint = try await site.connectReady()
            let filler = String(repeating: "x", count: 1024 - #"[2,"f","DataTransfer",{"data":""}]"#.utf8.count)
            try await chargePoint.send(text: #"[2,"f","DataTransfer",{"data":"\#(filler)"}]"#)
            #expect(OCPPText(try await chargePoint.texts.take("the answer")).type == 3)
        }
    }

    @Test func `Fragments are one message even with a ping between them`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connect()
            let text = Array(#"[2,"é1","Heartbeat",{}]"#.utf8)
            try await chargePoint.send(WebSocketFrame(.text, Array(text[..<5]), isFinal: false))
            try await chargePoint.send(WebSocketFrame(.ping, [7, 8, 9]))
            try await chargePoint.send(WebSocketFrame(.continuation, Array(text[5..<10]), isFinal: false))
            try await chargePoint.send(WebSocketFrame(.continuation, Array(text[10...])))
            #expect(try await chargePoint.texts.take("the pong") == "(opcode 10) \u{7}\u{8}\u{9}")
            #expect(OCPPText(try await chargePoint.texts.take("the answer")).uniqueID == "é1")
        }
    }

    @Test func `A close is answered`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            try await chargePoint.send(WebSocketFrame(.close, [0x03, 0xE8]))
            #expect(try await chargePoint.closing().code == 1000)
        }
    }

    // MARK: From the broker

    static let malformedDownstream: [(text: String, ids: [String])] = [
        ("hello", ["-1"]), ("[]", ["-1"]), (#"[2,"a","Reset",{}]"#, ["-1"]), ("null", ["-1"]),
        ("{}", ["-1"]), (#"{"MessageTypeId":2}"#, ["-1"]),
        (#"{"UniqueId":"a","Action":"Reset","Payload":{}}"#, ["a"]),
        (#"{"MessageTypeId":"2","UniqueId":"a","Action":"Reset","Payload":{}}"#, ["a"]),
        (#"{"MessageTypeId":9,"UniqueId":"a","Action":"Reset","Payload":{}}"#, ["a"]),
        (#"{"MessageTypeId":2.5,"UniqueId":"a","Action":"Reset","Payload":{}}"#, ["a"]),
        (#"{"MessageTypeId":2,"Action":"Reset","Payload":{}}"#, ["-1"]),
        (#"{"MessageTypeId":2,"UniqueId":7,"Action":"Reset","Payload":{}}"#, ["-1"]),
        (#"{"MessageTypeId":2,"UniqueId":"","Action":"Reset","Payload":{}}"#, ["-1", ""]),
        (#"{"MessageTypeId":2,"UniqueId":"a","Payload":{}}"#, ["a"]),
        (#"{"MessageTypeId":2,"UniqueId":"a","Action":7,"Payload":{}}"#, ["a"]),
        (#"{"MessageTypeId":2,"UniqueId":"a","Action":"","Payload":{}}"#, ["a"]),
        (#"{"MessageTypeId":2,"UniqueId":"a","Action":"Re set","Payload":{}}"#, ["a"]),
        (#"{"MessageTypeId":2,"UniqueId":"a","Action":"Reset"}"#, ["a"]),
        (#"{"MessageTypeId":2,"UniqueId":"a","Action":"Reset","Payload":[]}"#, ["a"]),
        (#"{"MessageTypeId":2,"UniqueId":"a","Action":"Reset","Payload":"x"}"#, ["a"]),
        (#"{"MessageTypeId":2,"UniqueId":"a","Action":"Reset","Payload":{},"Payload":{}}"#, ["a", "-1"]),
        (#"{"MessageTypeId":2,"UniqueId":"a","UniqueId":"b","Action":"Reset","Payload":{}}"#, ["a", "b", "-1"]),
        (#"{"MessageTypeId":2,"MessageTypeId":2,"UniqueId":"a","Action":"Reset","Payload":{}}"#, ["a", "-1"]),
        (#"{"x":1,"x":2,"MessageTypeId":2,"UniqueId":"a","Action":"Reset","Payload":{}}"#, ["a", "-1"]),
        (#"{"MessageTypeId":2,"UniqueId":"a","Action":"Reset","Payload":{}"#, ["a", "-1"]),
        (#"{"MessageTypeId":2,"UniqueId":"a","Action":"Reset","Payload":{"x":01}}"#, ["a", "-1"]),
        (#"{"MessageTypeId":2,"UniqueId":"a","Action":"Reset","Payload":{}} x"#, ["a", "-1"]),
        (#"{"MessageTypeId":2,"UniqueId":"a","Action":"Reset","Payload":{},"x":tru}"#, ["a", "-1"]),
        (#"{"MessageTypeId":3,"UniqueId":"a"}"#, ["a"]), (#"{"MessageTypeId":3,"UniqueId":"a","Payload":1}"#, ["a"]),
        (#"{"MessageTypeId":4,"UniqueId":"a"}"#, ["a"]), (#"{"MessageTypeId":4,"UniqueId":"a","ErrorCode":1}"#, ["a"]),
    ]

    @Test func `A malformed message from the broker is reported to its sender`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady()
            var notText = MQTTMessage(topic: "ocpp/cs/CP-1", payload: [0x7B, 0x22, 0xC3, 0x28, 0x22, 0x3A, 0x31, 0x7D])
            notText.qualityOfService = 1
            try await site.central.publish(notText)
            _ = try await site.central.received.take("the report of what is not UTF-8") { $0.reason == "malformed" }
            for (text, ids) in Self.malformedDownstream {
                try await site.central.send(text, to: "CP-1")
                let report = try await site.central.received.take("the report of \(text)") { $0.type == 4 }
                #expect(report.topic == "ocpp/cp/CP-1/Reply")
                #expect(report.source == "gateway" && report.reason == "malformed", "\(text): \(report)")
                #expect(report.errorCode == "FormationViolation", "\(text): \(report)")
                #expect(ids.contains(report.uniqueID ?? "none"), "\(text): \(report)")
            }
            try await site.central.sendCall("Reset", id: "end", to: "CP-1")
            #expect(OCPPText(try await chargePoint.texts.take("the CALL")).uniqueID == "end")
            try await site.gateway.log("malformed") { $0.mentions("malformed", "CP-1") }
        }
    }

    @Test func `An empty message from the broker is nothing`() async throws {
        try await withSite(["LOG_LEVEL": "debug"]) { site in
            let chargePoint = try await site.connectReady()
            try await site.central.send("", to: "CP-1")
            try await site.central.sendCall("Reset", id: "end", to: "CP-1")
            #expect(OCPPText(try await chargePoint.texts.take("the CALL")).uniqueID == "end")
            #expect(site.central.received.all.filter { $0.type == 4 }.isEmpty)
            try await site.gateway.log("empty") { $0.mentions("empty message", "CP-1") }
        }
    }

    @Test func `A message from the broker longer than a frame may be is refused unread`() async throws {
        try await withSite(["LISTENERS_WS_DEFAULT_WEBSOCKET_MAX_FRAME_SIZE": "1KB"]) { site in
            let chargePoint = try await site.connectReady()
            let start = #"{"MessageTypeId":2,"UniqueId":"d1","Action":"DataTransfer","Payload":{"data":""#
            func text(length: Int) -> String {
                start + String(repeating: "x", count: length - start.utf8.count - 3) + #""}}"#
            }
            try await site.central.send(text(length: 1025), to: "CP-1")
            let report = try await site.central.received.take("the report") { $0.type == 4 }
            #expect(report.uniqueID == "-1" && report.reason == "malformed" && report.failedType == nil)
            try await site.central.send(text(length: 1024), to: "CP-1")
            #expect(OCPPText(try await chargePoint.texts.take("the CALL")).uniqueID == "d1")
        }
    }
}
