import OCPPJ
import Testing

/// behaviour.md, "Liveness": the interval of an accepted BootNotification answer, as long as it is over 0, and that of a
/// ChangeConfiguration.
@Suite struct HeartbeatIntervalTests {
    @Test(
        arguments: [
            (#"{"status":"Accepted","currentTime":"2025-01-01T00:00:00Z","interval":300}"#, 300),
            (#"{ "interval" : 1 , "\u0073tatus" : "\u0041ccepted" }"#, 1),
            (#"{"status":"Accepted","interval":3e2}"#, 300),
            (#"{"status":"Accepted","interval":0}"#, nil), (#"{"status":"Accepted","interval":-1}"#, nil),
            (#"{"status":"Accepted","interval":1e-9}"#, nil), (#"{"status":"Accepted","interval":1e999}"#, nil),
            (#"{"status":"Accepted","interval":"300"}"#, nil), (#"{"status":"Accepted","interval":null}"#, nil),
            (#"{"status":"Accepted"}"#, nil), (#"{"status":"Pending","interval":300}"#, nil),
            (#"{"status":"accepted","interval":300}"#, nil), (#"{"status":["Accepted"],"interval":300}"#, nil),
            (#"{"interval":300}"#, nil), ("{}", nil), ("null", nil),
            (#"{"a":{"status":"Accepted","interval":300}}"#, nil),
        ] as [(String, Double?)])
    func `The interval of an accepted answer is read`(payload: String, interval: Double?) throws {
        #expect(try parse(frame: "[3,\"1\",\(payload)]").acceptedHeartbeatInterval == interval)
        let relay = "{\"Payload\":\(payload),\"UniqueId\":\"1\",\"MessageTypeId\":3}"
        #expect(try parse(relay: relay).acceptedHeartbeatInterval == interval)
    }

    @Test func `No other message has one`() throws {
        let payload = #"{"status":"Accepted","interval":300}"#
        #expect(try parse(frame: "[2,\"1\",\"BootNotification\",\(payload)]").acceptedHeartbeatInterval == nil)
        #expect(try parse(frame: "[4,\"1\",\"E\",\"\",\(payload)]").acceptedHeartbeatInterval == nil)
    }

    @Test(
        arguments: [
            (#"{"key":"HeartbeatInterval","value":"300"}"#, 300),
            (#"{"value":"1","key":"\u0048eartbeatINTERVAL"}"#, 1),
            (#"{"key":"HeartbeatInterval","value":"9007199254740992"}"#, 9_007_199_254_740_992),
            (#"{"key":"HeartbeatInterval","value":"18446744073709551616"}"#, nil),
            (#"{"key":"HeartbeatInterval","value":"0"}"#, nil), (#"{"key":"HeartbeatInterval","value":"-5"}"#, nil),
            (#"{"key":"HeartbeatInterval","value":"1.5"}"#, nil), (#"{"key":"HeartbeatInterval","value":300}"#, nil),
            (#"{"key":"HeartbeatInterval","value":""}"#, nil), (#"{"key":"HeartbeatInterval"}"#, nil),
            (#"{"key":"HeartbeatInterval ","value":"300"}"#, nil), (#"{"key":"Heartbeat","value":"300"}"#, nil),
            // U+0130 and U+0131 are no I.
            (#"{"key":"Heartbeat\u0130nterval","value":"300"}"#, nil), (#"{"value":"300"}"#, nil), ("{}", nil),
            ("null", nil), (#"{"a":{"key":"HeartbeatInterval","value":"300"}}"#, nil),
        ] as [(String, Double?)])
    func `The interval that a change configuration asks for is read`(payload: String, interval: Double?) throws {
        let relay = "{\"Payload\":\(payload),\"UniqueId\":\"1\",\"MessageTypeId\":2,\"Action\":"
        #expect(try parse(relay: relay + "\"ChangeConfiguration\"}").requestedHeartbeatInterval == interval)
        #expect(try parse(relay: relay + "\"DataTransfer\"}").requestedHeartbeatInterval == nil)
        #expect(try parse(frame: "[3,\"1\",\(payload)]").requestedHeartbeatInterval == nil)
    }

    @Test func `Only the status accepted is accepted`() throws {
        #expect(try parse(frame: #"[3,"1",{"status":"Accepted"}]"#).isAccepted)
        for other in [
            #"[3,"1",{"status":"RebootRequired"}]"#, #"[3,"1",{"status":"Rejected"}]"#, #"[3,"1",{}]"#,
            #"[3,"1",null]"#,
            #"[3,"1",{"status":["Accepted"]}]"#, #"[4,"1","Accepted","",{"status":"Accepted"}]"#,
            #"[2,"1","A",{"status":"Accepted"}]"#,
        ] {
            #expect(try !parse(frame: other).isAccepted, "\(other)")
        }
    }

    private static let variable = #""component":{"name":"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"}"#

    @Test(
        arguments: [
            (#"{"setVariableData":[{"attributeValue":"300",\#(variable)}]}"#, 300),
            (#"{ "setVariableData" : [ {"attributeValue":"9"} , {\#(variable),"attributeValue" : "7"} ] }"#, 7),
            (#"{"setVariableData":[{"attributeType":"Actual","attributeValue":"3",\#(variable)}]}"#, 3),
            (#"{"setVariableData":[{"attributeType":"MaxSet","attributeValue":"3",\#(variable)}]}"#, nil),
            (#"{"setVariableData":[{"attributeValue":"3",\#(variable)},{"attributeValue":"4",\#(variable)}]}"#, 4),
            (
                #"{"setVariableData":[{"attributeValue":"3","component":{"name":"ocppcommctrlr"},"#
                    + #""variable":{"name":"\u0048EARTBEATINTERVAL"}}]}"#, 3
            ),
            (
                #"{"setVariableData":[{"attributeValue":"3","component":{"name":"OCPPCommCtrlr"},"#
                    + #""variable":{"name":"WebSocketPingInterval"}}]}"#, nil
            ),
            (
                #"{"setVariableData":[{"attributeValue":"3","component":{"name":"Other"},"#
                    + #""variable":{"name":"HeartbeatInterval"}}]}"#, nil
            ),
            (#"{"setVariableData":[{"attributeValue":"0",\#(variable)}]}"#, nil),
            (#"{"setVariableData":[{"attributeValue":"1.5",\#(variable)}]}"#, nil),
            (#"{"setVariableData":[{"attributeValue":3,\#(variable)}]}"#, nil),
            (#"{"setVariableData":[{\#(variable)}]}"#, nil), (#"{"setVariableData":[7,"a",[],null]}"#, nil),
            (#"{"setVariableData":[]}"#, nil), (#"{"setVariableData":{}}"#, nil), ("{}", nil), ("null", nil),
            (#"{"setVariableData":[{"component":"OCPPCommCtrlr","variable":7}]}"#, nil),
        ] as [(String, Double?)])
    func `The interval that a SetVariables of OCPPCommCtrlr.HeartbeatInterval asks for is read (OCPP 2.x)`(
        payload: String, interval: Double?
    ) throws {
        let relay = "{\"Payload\":\(payload),\"UniqueId\":\"1\",\"MessageTypeId\":2,\"Action\":"
        #expect(try parse(relay: relay + "\"SetVariables\"}").requestedHeartbeatInterval == interval)
        #expect(try parse(relay: relay + "\"GetVariables\"}").requestedHeartbeatInterval == nil)
    }

    @Test(
        arguments: [
            (#"{"setVariableResult":[{"attributeStatus":"Accepted",\#(variable)}]}"#, true),
            (#"{"setVariableResult":[{"attributeStatus":"Rejected",\#(variable)}]}"#, false),
            (#"{"setVariableResult":[{"attributeStatus":"RebootRequired",\#(variable)}]}"#, false),
            (
                #"{"setVariableResult":[{"attributeStatus":"Accepted"},{"attributeStatus":"Rejected",\#(variable)}]}"#,
                false
            ),
            (#"{"setVariableResult":[{"attributeType":"MinSet","attributeStatus":"Accepted",\#(variable)}]}"#, false),
            (#"{"status":"Accepted"}"#, false), ("{}", false), ("null", false),
        ])
    func `Only the result Accepted of that very variable is an acceptance`(payload: String, isAccepted: Bool) throws {
        #expect(try parse(frame: "[3,\"1\",\(payload)]").acceptsHeartbeatVariable == isAccepted)
        #expect(try !parse(frame: "[2,\"1\",\"SetVariables\",\(payload)]").acceptsHeartbeatVariable)
    }
}
