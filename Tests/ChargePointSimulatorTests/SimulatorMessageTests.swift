import ClientEndpoints
import NIOCore
import OCPPJ
import Testing

@testable import ChargePointSimulator

@Suite("Messages and addresses of the simulator")
struct SimulatorMessageTests {
    @Test(
        arguments: [
            SimulatorMessage.call(id: "1", action: "Heartbeat", payload: [:]),
            .callResult(id: "a-1", payload: ["text": "\"\\\u{1}\n/é🔌", "list": [1, 2.5, true, .null, [:]]]),
            .callError(id: "2", code: "NotImplemented", description: "no", details: ["a": "b"]),
            .callResultError(id: "3", code: "FormatViolation", description: "no", details: [:]),
            .send(id: "4", action: "NotifyPeriodicEventStream", payload: ["id": 1]),
        ])
    func `what is written is read back, as OCPP-J and as relay message`(message: SimulatorMessage) throws {
        #expect(try SimulatorMessage(ocppJ: message.ocppJ()) == message)
        #expect(try SimulatorMessage(relay: message.relay()) == message)
    }

    @Test
    func `is written as the standard and the relay format say`() {
        let call = SimulatorMessage.call(id: "1", action: "Authorize", payload: ["idTag": "A"])
        #expect(String(buffer: call.ocppJ()) == #"[2,"1","Authorize",{"idTag":"A"}]"#)
        #expect(
            String(buffer: call.relay())
                == #"{"Action":"Authorize","MessageTypeId":2,"Payload":{"idTag":"A"},"UniqueId":"1"}"#)
        let send = SimulatorMessage.send(id: "2", action: "NotifyPeriodicEventStream", payload: [:])
        #expect(String(buffer: send.ocppJ()) == #"[6,"2","NotifyPeriodicEventStream",{}]"#)
    }

    @Test
    func `a payload may be null where it has no fields, and error details may be missing`() throws {
        let text = ByteBuffer(string: #"[3,"1",null]"#)
        #expect(try SimulatorMessage(ocppJ: text) == .callResult(id: "1", payload: [:]))
        let error = ByteBuffer(string: #"{"MessageTypeId":4,"UniqueId":"1","ErrorCode":"GenericError"}"#)
        #expect(
            try SimulatorMessage(relay: error)
                == .callError(id: "1", code: "GenericError", description: "", details: [:]))
    }

    @Test(
        arguments: [
            "", "[]", "{}", #"[2,"1","Authorize"]"#, #"[2,"","Authorize",{}]"#, #"[7,"1","Authorize",{}]"#,
            #"[4,"1","GenericError","",[]]"#, #"[4,"1","\#(String(repeating: "e", count: 51))","",{}]"#,
            #"[3,"1",{"a":1e400}]"#, #"[3,"1",{"a":"\ud800"}]"#,
            #"[3,"1",{"a":\#(String(repeating: "[", count: 70))\#(String(repeating: "]", count: 70))}]"#,
            #"[3,"1",{"a":"\#(String(repeating: "a", count: 65_536))"}]"#,
        ])
    func `what is no message, or too much of one, is refused`(text: String) {
        #expect(throws: OCPPMessageProblem.self) { try SimulatorMessage(ocppJ: ByteBuffer(string: text)) }
    }

    @Test
    func `numbers are whole when they are written so and fit`() throws {
        let text = ByteBuffer(string: #"[3,"1",{"a":-7,"b":7.0,"c":0.5e1,"d":9223372036854775808}]"#)
        guard case .callResult(_, let payload) = try SimulatorMessage(ocppJ: text) else {
            Issue.record("no CALLRESULT")
            return
        }
        #expect(payload == ["a": -7, "b": 7.0, "c": 5.0, "d": 9_223_372_036_854_775_808.0])
        #expect(payload["b"]?.integerValue == 7)
        #expect(payload["d"]?.integerValue == nil)
    }

    @Test
    func `a URL becomes host, port and path, with and without an IPv6 address`() throws {
        let plain = try CentralSystemEndpoint(url: "ws://127.0.0.1:33033/ocpp/")
        #expect(plain.host == "127.0.0.1")
        #expect(plain.port == 33033)
        #expect(plain.path == "/ocpp")
        let six = try CentralSystemEndpoint(url: "ws://[::1]:33033/ocpp")
        #expect(six.host == "::1")
        #expect(six.authority == "[::1]:33033")
    }

    @Test(
        arguments: [
            "http://127.0.0.1/ocpp", "mqtts://127.0.0.1/ocpp", "ws://", "ws://user:secret@127.0.0.1/ocpp",
            "127.0.0.1:33033",
            "",
        ])
    func `a URL that is not WebSocket, or that carries a password, is refused`(url: String) {
        #expect(throws: URLRefusal.self) { try CentralSystemEndpoint(url: url) }
    }

    @Test
    func `a broker's URL becomes address and user; a password in it is refused and not repeated`() throws {
        let broker = try BrokerAddress(url: "mqtt://csms@broker.example")
        #expect(broker.host == "broker.example")
        #expect(broker.port == 1883)
        #expect(broker.username == "csms")
        #expect(try BrokerAddress(url: "mqtts://[::1]").port == 8883)
        let refusal = #expect(throws: URLRefusal.self) { try BrokerAddress(url: "mqtt://csms:secret@broker.example") }
        #expect(refusal?.description.contains("secret") == false)
        #expect(throws: URLRefusal.self) { try BrokerAddress(url: "http://broker.example") }
    }

    @Test
    func `the versions of a command line are one, several with commas, or all`() throws {
        #expect(try OCPPVersion.list("2.0.1") == [.v201])
        #expect(try OCPPVersion.list("1.6,2.1") == [.v16, .v21])
        #expect(try OCPPVersion.list("mixed") == [.v16, .v201, .v21])
        for text in ["", "2.0", "ocpp1.6", "1.6,", "1.6, 2.1"] {
            #expect(throws: OCPPVersion.ListRefusal.self) { try OCPPVersion.list(text) }
        }
    }

    @Test
    func `the live line tells what the fleet does`() {
        let snapshot = FleetSnapshot(
            chargePoints: 20, connected: 20, charging: 7, callsSent: 512, callsAnswered: 510, commands: 14)
        #expect(
            snapshot.line
                == "charge points 20/20 connected · charging 7 · calls 512 sent, 510 answered, 0 errors · commands 14")
    }
}
