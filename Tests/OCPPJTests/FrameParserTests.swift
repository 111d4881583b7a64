import NIOCore
import OCPPJ
import OutsideNames
import Testing

/// behaviour.md, "What a bad message from a charge point gets" and "OCPP-J rules"; OCPP-J 1.6, 4.2.
@Suite struct FrameParserTests {
    // MARK: What is read

    @Test func `A call is read in its parts`() throws {
        let message = try parse(frame: #" [ 2 , "19-a" , "MeterValues" , { "v" : 16.10 } ] "#)
        #expect(message.type == .call && message.uniqueID == "19-a")
        #expect(message.written(message.uniqueIDToken) == #""19-a""#)
        #expect(message.writtenBody == ["MeterValues", #"{ "v" : 16.10 }"#])
    }

    @Test func `A call result is read in its parts`() throws {
        let message = try parse(frame: #"[3,"19",{"status":"Accepted"}]"#)
        #expect(message.type == .callResult && message.uniqueID == "19")
        #expect(message.writtenBody == [#"{"status":"Accepted"}"#])
    }

    @Test func `A call error is read in its parts`() throws {
        let message = try parse(frame: #"[4,"19","GenericError","no \"luck\"",{"a":[1]}]"#)
        #expect(message.type == .callError && message.uniqueID == "19")
        #expect(message.writtenBody == [#""GenericError""#, #""no \"luck\"""#, #"{"a":[1]}"#])
    }

    @Test func `A call error may lack its details`() throws {
        #expect(
            try parse(frame: #"[4,"19","GenericError",""]"#).writtenBody == [#""GenericError""#, #""""#, nil])
        #expect(
            try parse(frame: #"[4,"19","GenericError","",null]"#).writtenBody == [#""GenericError""#, #""""#, nil])
    }

    /// relay-format.md: a CALLERROR keeps its code whatever is odd about the rest.
    @Test(
        arguments: [
            (#"[4,"19","E"]"#, nil, nil), (#"[4,"19","E","d"]"#, #""d""#, nil),
            (#"[4,"19","E",null,{"a":1}]"#, nil, #"{"a":1}"#),
            (#"[4,"19","E",1,{}]"#, nil, "{}"), (#"[4,"19","E",{},null]"#, nil, nil),
            (#"[4,"19","E","",[1]]"#, #""""#, "[1]"),
            (#"[4,"19","E","","x"]"#, #""""#, #""x""#), (#"[4,"19","E","",{},1,2]"#, #""""#, "{}"),
        ] as [(String, String?, String?)])
    func `A call error keeps its code`(text: String, description: String?, details: String?) throws {
        #expect(try parse(frame: text).writtenBody == [#""E""#, description, details])
    }

    @Test func `A null payload is read as empty`() throws {
        #expect(try parse(frame: #"[2,"1","Heartbeat",null]"#).body == .call(action: "Heartbeat", payload: nil))
        #expect(try parse(frame: #"[3,"1",null]"#).body == .callResult(payload: nil))
    }

    // MARK: What is malformed

    /// The type decides who is told, the UniqueId whom the answer names.
    @Test(
        arguments: [
            // Not JSON, before anything could be read.
            ("", nil, nil), (" ", nil, nil), ("hello", nil, nil), ("[", nil, nil), ("]", nil, nil), ("[,", nil, nil),
            // Not an array.
            ("{}", nil, nil), ("null", nil, nil), ("2", nil, nil), (#""[2]""#, nil, nil),
            (#"{"MessageTypeId":2,"UniqueId":"1"}"#, nil, nil),
            // The text breaks behind the type, and behind the UniqueId.
            ("[2", .call, nil), ("[2,", .call, nil), (#"[2,"19"#, .call, nil), (#"[2,"19\"#, .call, nil),
            (#"[2,"19""#, .call, "19"), (#"[2,"19","Heartbeat","#, .call, "19"),
            (#"[2,"19","Heartbeat",{]"#, .call, "19"),
            (#"[2,"19","Heartbeat",{}"#, .call, "19"), (#"[2,"19","Heartbeat",{}]]"#, .call, "19"),
            (#"[2,"19","Heartbeat",{}],"#, .call, "19"), (#"[2,"19","Heartbeat",{"a":01}]"#, .call, "19"),
            (#"[2,"19","Heartbeat",{"a":"\ud83d"}]"#, .call, "19"), (#"[2,"19","Heartbeat",{}}"#, .call, "19"),
            (#"[2 "19","Heartbeat",{}]"#, .call, nil), (#"[2,"19" "Heartbeat",{}]"#, .call, "19"),
            (#"[3,"19",{]"#, .callResult, "19"), (#"[4,"19","Gen"#, .callError, "19"), (#"["2","19",{]"#, nil, "19"),
            // Wrong length.
            ("[]", nil, nil), ("[2]", .call, nil), (#"[2,"19"]"#, .call, "19"), (#"[2,"19","Heartbeat"]"#, .call, "19"),
            (#"[2,"19","Heartbeat",{},{}]"#, .call, "19"), (#"[2,"19","Heartbeat",{},1,2,3]"#, .call, "19"),
            ("[3]", .callResult, nil), (#"[3,"19"]"#, .callResult, "19"), (#"[3,"19",{},{}]"#, .callResult, "19"),
            (#"[4,"19"]"#, .callError, "19"), ("[4]", .callError, nil),
            // Wrong types.
            (#"["2","19","Heartbeat",{}]"#, nil, "19"), (#"[null,"19","Heartbeat",{}]"#, nil, "19"),
            (#"[[2],"19","Heartbeat",{}]"#, nil, "19"), (#"[2.0,"19","Heartbeat",{}]"#, nil, "19"),
            (#"[2e0,"19","Heartbeat",{}]"#, nil, "19"), (#"[0.2E1,"19","Heartbeat",{}]"#, nil, "19"),
            (#"[2,19,"Heartbeat",{}]"#, .call, nil), (#"[2,null,"Heartbeat",{}]"#, .call, nil),
            (#"[2,["19"],"Heartbeat",{}]"#, .call, nil), (#"[2,"19",{},{}]"#, .call, "19"),
            (#"[2,"19",null,{}]"#, .call, "19"), (#"[2,"19","Heartbeat",[]]"#, .call, "19"),
            (#"[2,"19","Heartbeat","{}"]"#, .call, "19"), (#"[2,"19","Heartbeat",1]"#, .call, "19"),
            (#"[2,"19","Heartbeat",true]"#, .call, "19"), (#"[3,"19",[]]"#, .callResult, "19"),
            (#"[3,"19","{}"]"#, .callResult, "19"), (#"[3,19,{}]"#, .callResult, nil),
            (#"[4,"19",1,"",{}]"#, .callError, "19"), (#"[4,"19",null,"",{}]"#, .callError, "19"),
            (#"[4,"19",["E"],"",{}]"#, .callError, "19"),
            (#"[4,19,"E","",{}]"#, .callError, nil),
        ] as [(String, MessageType?, UniqueID?)])
    func `A malformed message tells what could be read of it`(text: String, type: MessageType?, uniqueID: UniqueID?) {
        #expect(problem(frame: text)?.readable == .init(type: type, uniqueID: uniqueID))
    }

    @Test func `Every beginning of a message is malformed and names its unique IDAs soon as it is whole`() {
        let bytes = Array(#"[2,"19-é","Heartbeat",{"a":[1,"b\n"],"c":null}]"#.utf8)
        let idEnd = Array(#"[2,"19-é""#.utf8).count
        for length in 0..<bytes.count {
            let found = problem(frame: Array(bytes[..<length]))
            if length == idEnd - 2 {
                #expect(found == .notUTF8)  // In the middle of the é.
            } else {
                let readable = OCPPMessageProblem.Readable(
                    type: length >= 2 ? .call : nil, uniqueID: length >= idEnd ? "19-é" : nil)
                #expect(found?.readable == readable, "\(length) bytes")
            }
        }
    }

    @Test func `Sixty four levels are read and one more is malformed`() throws {
        for (levels, isRead) in [(63, true), (64, false)] {
            // The array of the message is a level, too.
            let payload = String(repeating: #"{"a":"#, count: levels) + "1" + String(repeating: "}", count: levels)
            let found = problem(frame: #"[2,"19","DataTransfer",\#(payload)]"#)
            #expect((found == nil) == isRead)
            #expect(isRead || found?.readable == .init(type: .call, uniqueID: "19"))
            #expect(isRead || (found?.reason ?? "").hasPrefix("not JSON: nested deeper than 64 levels at byte "))
        }
    }

    @Test(arguments: [
        ("[2,\"1\",", "not JSON: the text ends too early at byte 7"), ("{}", "not an array"),
        (#"[2,"1","A",{"a":tru}]"#, "not JSON: unexpected character at byte 19"),
        (#"[2,"1","A",{"a":"\q"}]"#, "not JSON: invalid escape in a string at byte 18"),
        (#"[2,"1","A",{}] x"#, "not JSON: more text after the end of the value at byte 15"),
        ("[\"a\"]", "MessageTypeId: not a whole number"), ("[3,\"1\"]", "an array of 2 elements instead of 3"),
        ("[3,1,{}]", "UniqueId: not a string"), ("[3,\"1\",1]", "Payload: not an object"),
        ("[2,\"1\",1,{}]", "Action: not a string"), ("[4,\"1\",1,\"\",{}]", "ErrorCode: not a string"),
        ("[4,\"1\"]", "an array of 2 elements instead of 3"),
    ])
    func `The reason names the part and the rule`(text: String, reason: String) {
        #expect(problem(frame: text)?.reason == reason)
    }

    // MARK: Message types

    @Test(arguments: ["0", "1", "5", "6", "-2", "-0", "22", "4294967298", "18446744073709551618"])
    func `A number that names no type is an unknown message type`(number: String) {
        #expect(
            problem(frame: "[\(number),\"19\",\"Heartbeat\",{}]")
                == .unknownMessageType(number: number, uniqueID: "19"))
        #expect(problem(frame: "[\(number)]") == .unknownMessageType(number: number, uniqueID: nil))
        #expect(problem(frame: "[\(number),1]") == .unknownMessageType(number: number, uniqueID: nil))
    }

    @Test func `An endless type is told in short`() {
        let number = String(repeating: "2", count: 10_000)
        #expect(
            problem(frame: "[\(number),\"19\"]")
                == .unknownMessageType(number: String(repeating: "2", count: 20), uniqueID: "19"))
    }

    // MARK: UniqueId and Action

    /// Characters are Unicode scalars: a letter and its accent are two.
    @Test(arguments: ["a", "é", "€", "😀", "e\u{301}"])
    func `A unique ID has 36 characters with checking and 255 bytes without`(character: String) throws {
        let scalars = character.unicodeScalars.count
        let mostChecked = String(repeating: character, count: 36 / scalars)
        #expect(try parse(frame: "[3,\"\(mostChecked)\",{}]", limits: .checked).uniqueID == UniqueID(mostChecked))
        let tooMany = mostChecked + "x"
        #expect(
            problem(frame: "[3,\"\(tooMany)\",{}]", limits: .checked)
                == .malformed(
                    type: .callResult, uniqueID: UniqueID(tooMany), reason: "UniqueId: not 1 to 36 characters"))
        #expect(try parse(frame: "[3,\"\(tooMany)\",{}]").uniqueID == UniqueID(tooMany))

        let most = String(repeating: character, count: 255 / character.utf8.count)
        let padded = most + String(repeating: "x", count: 255 - most.utf8.count)
        #expect(try parse(frame: "[3,\"\(padded)\",{}]").uniqueID == UniqueID(padded))
        #expect(
            problem(frame: "[3,\"\(padded)x\",{}]")
                == .malformed(type: .callResult, uniqueID: nil, reason: "UniqueId: not 1 to 255 bytes"))
        #expect(problem(frame: "[9,\"\(padded)x\",{}]") == .unknownMessageType(number: "9", uniqueID: nil))
    }

    @Test func `The limits count what is meant and not how it is written`() throws {
        let escaped = String(repeating: "\\u0041", count: 36)
        #expect(try parse(frame: "[3,\"\(escaped)\",{}]", limits: .checked).uniqueID.utf8.count == 36)
        #expect(problem(frame: "[3,\"\(escaped)\\u0041\",{}]", limits: .checked) != nil)
        let most = String(repeating: "\\u0041", count: 255)
        #expect(try parse(frame: "[3,\"\(most)\",{}]").uniqueID.utf8.count == 255)
        #expect(problem(frame: "[3,\"\(most)\\u0041\",{}]") != nil)
        let pairs = String(repeating: "\\ud83d\\ude00", count: 36)
        #expect(
            try parse(frame: "[3,\"\(pairs)\",{}]", limits: .checked).uniqueID.text == String(repeating: "😀", count: 36)
        )
    }

    @Test(arguments: [MessageLimits.checked, .unchecked])
    func `An empty unique IDIs malformed`(limits: MessageLimits) {
        #expect(problem(frame: #"[3,"",{}]"#, limits: limits)?.readable == .init(type: .callResult, uniqueID: nil))
    }

    @Test func `Escapes in a unique ID are decoded and kept as written`() throws {
        let message = try parse(frame: #"[3,"\u0041\/\"\ud83d\ude00",{}]"#)
        #expect(message.uniqueID == "A/\"😀")
        #expect(message.written(message.uniqueIDToken) == #""\u0041\/\"\ud83d\ude00""#)
    }

    @Test(arguments: ["A", "Heartbeat", "abcXYZ0189", "a-b", "-", String(repeating: "a", count: 50)])
    func `An action is fifty letters digits and hyphens`(action: String) throws {
        #expect(try parse(frame: "[2,\"1\",\"\(action)\",{}]").writtenBody == [action, "{}"])
    }

    @Test func `An action may be written with escapes`() throws {
        #expect(try parse(frame: #"[2,"1","\u0048eart\u0062eat",{}]"#).writtenBody == ["Heartbeat", "{}"])
        let most = String(repeating: "\\u0061", count: 50)
        #expect(try parse(frame: "[2,\"1\",\"\(most)\",{}]").writtenBody.first == String(repeating: "a", count: 50))
        #expect(problem(frame: "[2,\"1\",\"\(most)\\u0061\",{}]") != nil)
    }

    @Test(arguments: [
        "", String(repeating: "a", count: 51), String(repeating: "a", count: 5000), "Heart beat", "a/b", "a+", "#",
        "a.b",
        "a‐b", "a_b", "é", "Ａ", "٣", "a\\n", "a\\u0000", "a\\\"", "\\u00e9", "\u{7F}", "{", "@", "[", "`", ":",
    ])
    func `Any other action is malformed`(action: String) {
        #expect(problem(frame: "[2,\"1\",\"\(action)\",{}]")?.readable == .init(type: .call, uniqueID: "1"))
    }

    // MARK: UTF-8

    @Test(
        arguments: [[0x80], [0xC0, 0xAF], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF]]
            as [[UInt8]])
    func `A text that is not UTF 8 is told apart wherever it breaks`(broken: [UInt8]) {
        let texts: [(String, String)] = [
            ("", ""), ("", #"[2,"1","Heartbeat",{}]"#), (#"[2,"1","Heartbeat",{}]"#, ""), ("[", #"2,"1","A",{}]"#),
            (#"[2,"1"#, #"","Heartbeat",{}]"#), (#"[2,"1","Heart"#, #"",{}]"#), (#"[2,"1","A",{"a"#, #"":1}]"#),
            (#"[2,"1","A",{"a":""#, #""}]"#), (#"[2,"1","A",{"a":1"#, "}]"), (#"[9,""#, #""]"#), (#"{"a":""#, #""}"#),
            // Behind a syntax error.
            ("x", ""), ("[2,,", "]"), (#"[2,"1","Heartbeat",{]"#, ""), (#"[2,"1","Heartbeat",{}]]"#, ""),
            (#"[2,"\x"#, #""]"#), (String(repeating: "[", count: 65), ""), (#"[2,"1","A",{"a":01,"b":""#, #""}]"#),
        ]
        for (before, behind) in texts {
            #expect(
                problem(frame: Array(before.utf8) + broken + Array(behind.utf8)) == .notUTF8,
                "between \(before) and \(behind)")
        }
    }

    @Test(arguments: ["é", "\u{FEFF}[2,\"1\",\"A\",{}]", "[2,\"1\",\"A\",é]", "[é]"])
    func `Text in UTF 8 that is not JSONIs malformed`(text: String) {
        #expect(problem(frame: text)?.readable != nil)
    }
}
