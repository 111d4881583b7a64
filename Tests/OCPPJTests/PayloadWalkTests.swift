import JSONText
import NIOCore
import OCPPJ
import Testing

/// A payload is checked in the pass that parses its message, or right behind it: once, and for the right action.
@Suite struct PayloadWalkTests {
    private struct Walk: Equatable {
        var owner: PayloadOwner
        var payload: String
    }

    /// The walks of a text's payload, and what the text was refused for.
    private func walks(
        frame: String? = nil, relay: String? = nil, failure: JSONSyntaxError? = nil
    ) -> ([Walk], OCPPMessageProblem?) {
        var walks: [Walk] = []
        let record: PayloadWalk = { (owner, scanner) throws(JSONSyntaxError) in
            let token = try scanner.scanValue()
            let payload = String(decoding: scanner.bytes[token.range], as: UTF8.self)
            walks.append(Walk(owner: owner, payload: payload))
            if let failure { throw failure }
        }
        let found = problem { () throws(OCPPMessageProblem) in
            if let frame {
                try OCPPMessage.parse(frame: buffer(frame), version: .v16, walkPayload: record)
            } else {
                try OCPPMessage.parse(relay: buffer(relay ?? ""), version: .v16, walkPayload: record)
            }
        }
        return (walks, found)
    }

    @Test(arguments: [
        (#"[2,"19","\u0052eset", { "a":[1] } ]"#, PayloadOwner.call(action: "Reset"), #"{ "a":[1] }"#),
        (#"[2,"19","Reset",null]"#, .call(action: "Reset"), "{}"),
        (#"[3,"\u0041",{"b":{}}]"#, .callResult(uniqueID: "A"), #"{"b":{}}"#),
        (#"[3,"19",null]"#, .callResult(uniqueID: "19"), "{}"),
    ])
    func `The payload of a frame is walked once`(frame: String, owner: PayloadOwner, payload: String) {
        let (walks, problem) = walks(frame: frame)
        #expect(walks == [Walk(owner: owner, payload: payload)] && problem == nil)
    }

    @Test(arguments: ["{ \"a\":[1] }", "{}", "null"])
    func `The payload of a relay message is walked once wherever it stands`(payload: String) {
        let call = ["\"MessageTypeId\":2", "\"UniqueId\":\"19\"", "\"Action\":\"Reset\""]
        let result = ["\"MessageTypeId\":3", "\"UniqueId\":\"19\"", "\"x\":{}"]
        for (members, owner) in [
            (call, PayloadOwner.call(action: "Reset")), (result, .callResult(uniqueID: "19")),
        ] {
            for place in 0...3 {
                for key in ["Payload", "P\\u0061yload"] {
                    var all = members
                    all.insert("\"\(key)\": \(payload)", at: place)
                    let (walks, problem) = walks(relay: "{\(all.joined(separator: ","))}")
                    let walked = payload == "null" ? "{}" : payload
                    #expect(walks == [Walk(owner: owner, payload: walked)] && problem == nil, "\(all)")
                }
            }
        }
    }

    @Test(arguments: [
        #"[4,"19","E","",{"a":1}]"#, #"[9,"19","Reset",{}]"#, #"[2,"19",{},"Reset"]"#, #"[2,{},"Reset",1]"#, "{}",
        #"[2,"19","Re set",{}]"#, #"[3,19,{}]"#, #"[{},{},{},{}]"#, #"[2,"19","Reset",[{}]]"#,
    ])
    func `Nothing else is walked`(frame: String) {
        #expect(walks(frame: frame).0.isEmpty)
    }

    @Test func `What the walk refuses is malformed`() {
        let (_, found) = walks(frame: #"[2,"19","Reset",{"a":1}]"#, failure: .nestedTooDeeply)
        let reason = "not JSON: nested deeper than 64 levels at byte 23"
        #expect(found == .malformed(type: .call, uniqueID: "19", reason: reason))
    }

    @Test func `The levels around the payload count`() {
        for (levels, isRead) in [(63, true), (64, false)] {
            let payload = String(repeating: "{\"a\":", count: levels) + "1" + String(repeating: "}", count: levels)
            #expect((walks(frame: "[2,\"19\",\"A\",\(payload)]").1 == nil) == isRead)
            let head = "\"MessageTypeId\":2,\"UniqueId\":\"19\",\"Action\":\"A\""
            #expect((walks(relay: "{\(head),\"Payload\":\(payload)}").1 == nil) == isRead)
            #expect((walks(relay: "{\"Payload\":\(payload),\(head)}").1 == nil) == isRead)
        }
    }
}
