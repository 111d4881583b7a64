import Foundation
import NIOCore
import OCPPJ
import Testing

/// relay-format.md, "Payload": what goes to the broker and to the charge point, byte for byte.
@Suite struct MessageWriterTests {
    /// Frames and the relay messages that they become, written without liberties.
    static let pairs: [(frame: String, relay: String)] = [
        (
            #"[2,"19","Heartbeat",{}]"#,
            #"{"MessageTypeId":2,"UniqueId":"19","Action":"Heartbeat","Payload":{}}"#
        ),
        (
            #"[2,"a\u0041\/é","DataTransfer",{ "b" : 1.50 ,"a":[1e5 , -0.0,"\u00e9\/é😀\ud83d\ude00"],"b":null}]"#,
            #"{"MessageTypeId":2,"UniqueId":"a\u0041\/é","Action":"DataTransfer","Payload":"#
                + #"{ "b" : 1.50 ,"a":[1e5 , -0.0,"\u00e9\/é😀\ud83d\ude00"],"b":null}}"#
        ),
        (
            "[3,\"19\",{\n\t\"status\": \"Accepted\"\r\n}]",
            "{\"MessageTypeId\":3,\"UniqueId\":\"19\",\"Payload\":{\n\t\"status\": \"Accepted\"\r\n}}"
        ),
        (
            #"[4,"19","Generic\u0045rror","no \"luck\"",{"a": 1.0}]"#,
            #"{"MessageTypeId":4,"UniqueId":"19","ErrorCode":"Generic\u0045rror","ErrorDescription":"no \"luck\"","#
                + #""ErrorDetails":{"a": 1.0}}"#
        ),
        (
            #"[4,"19","","",{}]"#,
            #"{"MessageTypeId":4,"UniqueId":"19","ErrorCode":"","ErrorDescription":"","ErrorDetails":{}}"#
        ),
    ]

    @Test(arguments: pairs)
    func `A frame goes to the broker with its bytes unchanged`(frame: String, relay: String) throws {
        #expect(String(buffer: try parse(frame: frame).relay()) == relay)
    }

    @Test(arguments: pairs)
    func `A relay message goes to the charge point with its bytes unchanged`(frame: String, relay: String) throws {
        #expect(String(buffer: try parse(relay: relay).frame()) == frame)
    }

    @Test(arguments: [4, 5], ["x", "é", #"\u00e9"#, #"\n"#, "😀"])
    func `A description is cut at 255 characters on its way down, and goes up as it is`(
        type: Int, character: String
    ) throws {
        let long = String(repeating: character, count: 256)
        let relay = #"{"MessageTypeId":\#(type),"UniqueId":"19","ErrorCode":"E","ErrorDescription":"\#(long)","#
        let message = try OCPPMessage.parse(relay: ByteBuffer(string: relay + #""ErrorDetails":{}}"#), version: .v21)
        let parts = try #require(
            try JSONSerialization.jsonObject(with: Data(message.frame().readableBytesView)) as? [Any])
        let text = try #require(parts[3] as? String)
        #expect(text.unicodeScalars.count == 255 && parts.count == 5)
        let exact = String(repeating: character, count: 255)
        let fitting = try parse(frame: #"[4,"19","E","\#(exact)",{}]"#)
        #expect(String(buffer: fitting.relay()).contains(#":"\#(exact)","#))
        let fittingParts = try #require(
            try JSONSerialization.jsonObject(with: Data(fitting.frame().readableBytesView)) as? [Any])
        #expect((fittingParts[3] as? String)?.unicodeScalars.count == 255)
        #expect(String(buffer: try parse(frame: #"[4,"19","E","\#(long)",{}]"#).relay()).contains(#":"\#(long)","#))
    }

    @Test(arguments: pairs)
    func `There and back is the same`(frame: String, relay: String) throws {
        let relayed = try OCPPMessage.parse(relay: try parse(frame: frame).relay(), version: .v16)
        #expect(String(buffer: relayed.frame()) == frame)
        let framed = try OCPPMessage.parse(frame: try parse(relay: relay).frame(), version: .v16)
        #expect(String(buffer: framed.relay()) == relay)
        #expect(String(buffer: try parse(frame: frame).frame()) == frame)
        #expect(String(buffer: try parse(relay: relay).relay()) == relay)
    }

    @Test(arguments: [
        (
            " [ 2 , \"19\" , \"\\u0048eartbeat\" , { } ] ",
            #"{"MessageTypeId":2,"UniqueId":"19","Action":"Heartbeat","Payload":{ }}"#
        ),
        (
            #"[2,"19","Heartbeat",null]"#,
            #"{"MessageTypeId":2,"UniqueId":"19","Action":"Heartbeat","Payload":{}}"#
        ),
        (#"[3,"19",null]"#, #"{"MessageTypeId":3,"UniqueId":"19","Payload":{}}"#),
        (
            #"[4,"19","E","d"]"#,
            #"{"MessageTypeId":4,"UniqueId":"19","ErrorCode":"E","ErrorDescription":"d","ErrorDetails":{}}"#
        ),
        (
            #"[4,"19","E"]"#,
            #"{"MessageTypeId":4,"UniqueId":"19","ErrorCode":"E","ErrorDescription":"","ErrorDetails":{}}"#
        ),
        (
            #"[4,"19","E",null,["x"]]"#,
            #"{"MessageTypeId":4,"UniqueId":"19","ErrorCode":"E","ErrorDescription":"","ErrorDetails":["x"]}"#
        ),
        (
            #"[4,"19","E","d",null]"#,
            #"{"MessageTypeId":4,"UniqueId":"19","ErrorCode":"E","ErrorDescription":"d","ErrorDetails":{}}"#
        ),
    ])
    func `Liberties are evened out upstream`(frame: String, relay: String) throws {
        #expect(String(buffer: try parse(frame: frame).relay()) == relay)
    }

    @Test(arguments: [
        (
            #" { "Payload" : { } , "x":[1], "Action":"\u0052eset", "UniqueId":"19" , "MessageTypeId": 2 } "#,
            #"[2,"19","Reset",{ }]"#
        ),
        (#"{"MessageTypeId":2,"UniqueId":"19","Action":"Reset","Payload":null}"#, #"[2,"19","Reset",{}]"#),
        (#"{"MessageTypeId":3,"UniqueId":"19","Payload":null,"Action":"Reset"}"#, #"[3,"19",{}]"#),
        (#"{"MessageTypeId":4,"UniqueId":"19","ErrorCode":"E"}"#, #"[4,"19","E","",{}]"#),
        (
            #"{"MessageTypeId":4,"UniqueId":"19","ErrorCode":"E","ErrorDescription":7,"ErrorDetails":[1]}"#,
            #"[4,"19","E","",{}]"#
        ),
        (#"{"ErrorDetails":null,"ErrorCode":"E","UniqueId":"19","MessageTypeId":4}"#, #"[4,"19","E","",{}]"#),
    ])
    func `Liberties are evened out downstream`(relay: String, frame: String) throws {
        #expect(String(buffer: try parse(relay: relay).frame()) == frame)
    }

    @Test(arguments: pairs)
    func `Offsets count from the reader index`(frame: String, relay: String) throws {
        for offset in [0, 1, 7, 300] {
            var received = ByteBuffer(repeating: UInt8(ascii: "["), count: offset)
            received.writeString(frame + relay)
            received.moveReaderIndex(forwardBy: offset)
            // A slice of its own, and a buffer that goes on behind what is readable.
            let slice = received.readSlice(length: frame.utf8.count)
            let frameSlice = try #require(slice)
            let relaySlice = try #require(received.getSlice(at: received.readerIndex, length: relay.utf8.count))
            #expect(String(buffer: try OCPPMessage.parse(frame: frameSlice, version: .v16).relay()) == relay)
            #expect(String(buffer: try OCPPMessage.parse(relay: relaySlice, version: .v16).frame()) == frame)
            #expect(String(buffer: try OCPPMessage.parse(relay: received, version: .v16).frame()) == frame)
        }
    }
}
