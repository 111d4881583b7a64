import NIOCore
import Testing

@testable import ChargePointSimulator

@Suite("The small central system")
struct CentralSystemTests {
    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func make(commandsPerMinute: Double = 0, heartbeatInterval: Int = 60) -> CentralSystem {
        CentralSystem(
            settings: CentralSystem.Settings(
                heartbeatInterval: heartbeatInterval, commandsPerMinute: commandsPerMinute, seed: 1),
            clock: WallClock(date: .init(timeIntervalSince1970: 1_700_000_000), at: now), run: "cs")
    }

    private func result(
        _ system: inout CentralSystem, _ action: String, _ payload: JSONObject = [:], from identity: String = "CP0001"
    ) throws -> JSONObject {
        let call = SimulatorMessage.call(id: "1", action: action, payload: payload)
        guard case .callResult("1", let result) = system.received(call.relay(), from: identity, at: now) else {
            Issue.record("\(action) got no CALLRESULT")
            return [:]
        }
        return result
    }

    @Test
    func `accepts a boot with the time in UTC and the heartbeat interval`() throws {
        var system = make(heartbeatInterval: 90)
        let answer = try result(
            &system, "BootNotification", ["chargePointVendor": "V", "chargePointModel": "M"])
        #expect(answer["status"] == "Accepted")
        #expect(answer["interval"] == 90)
        #expect(answer["currentTime"] == "2023-11-14T22:13:20.000Z")
        #expect(system.snapshot.chargePoints == 1)
    }

    @Test(
        arguments: [
            ("Heartbeat", [:]), ("Authorize", ["idTag": "A"]),
            ("StatusNotification", ["connectorId": 1, "status": "Available", "errorCode": "NoError"]),
            ("DataTransfer", ["vendorId": "V"]), ("FirmwareStatusNotification", ["status": "Idle"]),
            ("DiagnosticsStatusNotification", ["status": "Idle"]), ("LogStatusNotification", ["status": "Idle"]),
            ("SecurityEventNotification", ["type": "T", "timestamp": "2026-01-01T00:00:00Z"]),
            ("SignedFirmwareStatusNotification", ["status": "Idle"]),
        ] as [(String, JSONValue)])
    func `answers each CALL that it knows`(action: String, payload: JSONValue) throws {
        var system = make()
        _ = try result(&system, action, try #require(payload.objectValue))
        #expect(system.snapshot.callsAnswered == 1)
    }

    @Test
    func `numbers transactions one after the other and sums their energy`() throws {
        var system = make()
        func start(_ identity: String) throws -> Int {
            let payload: JSONObject = ["connectorId": 1, "idTag": "A", "meterStart": 1_000, "timestamp": "t"]
            return try #require(
                try result(&system, "StartTransaction", payload, from: identity)["transactionId"]?.integerValue)
        }
        let first = try start("CP0001")
        let second = try start("CP0002")
        #expect(second == first + 1)
        #expect(system.snapshot.openTransactions == 2)
        let sample: JSONValue = ["timestamp": "t", "sampledValue": [["value": "1500"]]]
        _ = try result(
            &system, "MeterValues", ["connectorId": 1, "transactionId": .integer(first), "meterValue": [sample]])
        #expect(system.snapshot.wattHours == 500)
        _ = try result(
            &system, "StopTransaction",
            ["transactionId": .integer(first), "meterStop": 3_000, "timestamp": "t"])
        #expect(system.snapshot.wattHours == 2_000)
        #expect(system.snapshot.openTransactions == 1)
    }

    @Test
    func `a CALL that it does not know gets a CALLERROR NotImplemented`() {
        var system = make()
        let call = SimulatorMessage.call(id: "7", action: "SignCertificate", payload: [:])
        guard case .callError("7", "NotImplemented", _, _) = system.received(call.relay(), from: "CP", at: now) else {
            Issue.record("no CALLERROR")
            return
        }
        #expect(system.snapshot.callsRefused == 1)
    }

    @Test(
        arguments: [
            ("StartTransaction", ["connectorId": 1, "idTag": "A", "meterStart": -1]),
            ("StartTransaction", ["connectorId": 1, "idTag": "A", "meterStart": 9_000_000_000_000_000_000]),
            ("StartTransaction", [:]), ("StopTransaction", ["transactionId": 1, "meterStop": "x"]),
            ("MeterValues", ["connectorId": 1, "meterValue": 3]), ("Authorize", ["idTag": ""]),
        ] as [(String, JSONValue)])
    func `a bad payload gets a CALLERROR, and its numbers count for nothing`(action: String, payload: JSONValue) throws
    {
        var system = make()
        let call = SimulatorMessage.call(id: "7", action: action, payload: try #require(payload.objectValue))
        guard case .callError("7", _, _, _) = system.received(call.relay(), from: "CP", at: now) else {
            Issue.record("no CALLERROR")
            return
        }
        #expect(system.snapshot.wattHours == 0)
        #expect(system.snapshot.transactions == 0)
    }

    @Test(
        arguments: [
            "", "nonsense", "[]", "{}", #"{"MessageTypeId":2,"UniqueId":"1","Payload":{}}"#,
            #"{"MessageTypeId":9,"UniqueId":"1","Payload":{}}"#, #"{"MessageTypeId":3,"UniqueId":"1","Payload":7}"#,
            #"{"MessageTypeId":3,"UniqueId":"nobody asked","Payload":{}}"#,
        ])
    func `bad messages are counted and not answered`(text: String) {
        var system = make()
        #expect(system.received(ByteBuffer(string: text), from: "CP", at: now) == nil)
        #expect(system.snapshot.badMessages == 1)
    }

    @Test
    func `commands go out now and then, one at a time to each charge point, and their replies are matched`() throws {
        var system = make(commandsPerMinute: 2)
        _ = try result(&system, "Heartbeat")
        #expect(system.commands(at: now).isEmpty)
        let sent = system.commands(at: now + .seconds(45))
        #expect(sent.count == 1)
        #expect(sent.first?.identity == "CP0001")
        #expect(system.commands(at: now + .seconds(90)).isEmpty, "the first is still open")
        let id = try #require(sent.first?.message.id)
        let reply = SimulatorMessage.callResult(id: id, payload: ["status": "Accepted"])
        #expect(system.received(reply.relay(), from: "CP0001", at: now + .seconds(91)) == nil)
        #expect(system.snapshot.commandsSent == 1)
        #expect(system.snapshot.commandsAnswered == 1)
        #expect(system.commands(at: now + .seconds(180)).count == 1)
    }

    @Test
    func `with an open transaction and a free connector it finds every kind of command`() throws {
        var system = make(commandsPerMinute: 60)
        let status: JSONObject = ["connectorId": 1, "status": "Available", "errorCode": "NoError"]
        _ = try result(&system, "StatusNotification", status, from: "FREE")
        _ = try result(&system, "StartTransaction", ["connectorId": 1, "idTag": "A", "meterStart": 0], from: "BUSY")
        var actions: Set<String> = []
        for second in 1...50 {
            let moment = now + .seconds(Int64(second * 2))
            for command in system.commands(at: moment) {
                guard case .call(let id, let action, let payload) = command.message else { continue }
                actions.insert(action)
                if action == "RemoteStartTransaction" { #expect(command.identity == "FREE") }
                if action == "RemoteStopTransaction" {
                    #expect(command.identity == "BUSY")
                    #expect(payload["transactionId"] == 1)
                }
                let reply = SimulatorMessage.callResult(id: id, payload: [:])
                _ = system.received(reply, from: command.identity, at: moment)
            }
        }
        #expect(
            actions == ["RemoteStartTransaction", "RemoteStopTransaction", "TriggerMessage", "GetConfiguration"])
    }

    @Test
    func `errors that the gateway reports are counted by reason, and close the command`() throws {
        var system = make(commandsPerMinute: 2)
        _ = try result(&system, "Heartbeat")
        let id = try #require(system.commands(at: now + .seconds(45)).first?.message.id)
        let error = SimulatorMessage.callError(
            id: id, code: "GenericError", description: "", details: ["source": "gateway", "reason": "call_timeout"])
        #expect(system.received(error.relay(), from: "CP0001", at: now + .seconds(75)) == nil)
        #expect(system.snapshot.gatewayErrors == ["call_timeout": 1])
        #expect(system.snapshot.commandErrors == 0)
        #expect(system.records["CP0001"]?.command == nil)
    }

    @Test
    func `a CALLERROR of the charge point itself is another count`() throws {
        var system = make(commandsPerMinute: 2)
        _ = try result(&system, "Heartbeat")
        let id = try #require(system.commands(at: now + .seconds(45)).first?.message.id)
        let error = SimulatorMessage.callError(id: id, code: "NotSupported", description: "", details: [:])
        _ = system.received(error, from: "CP0001", at: now + .seconds(46))
        #expect(system.snapshot.commandErrors == 1)
        #expect(system.snapshot.gatewayErrors.isEmpty)
    }

    @Test
    func `a command that nobody answers is given up after a minute`() throws {
        var system = make(commandsPerMinute: 2)
        _ = try result(&system, "Heartbeat")
        #expect(system.commands(at: now + .seconds(45)).count == 1)
        _ = system.commands(at: now + .seconds(106))
        #expect(system.snapshot.commandsTimedOut == 1)
    }

    @Test
    func `however much energy charge points claim, the sum stays a number`() {
        var snapshot = CentralSystemSnapshot()
        snapshot.wattHours = .max - 10
        snapshot.add(energyOf: OpenTransaction(id: .number(1), connector: 1, meterStart: 0, meterLatest: 1_000))
        #expect(snapshot.wattHours == .max - 10)
        #expect(snapshot.line.contains("kWh"))
    }

    @Test
    func `a charge point that has missed two heartbeats gets no more commands`() throws {
        var system = make(commandsPerMinute: 2)
        _ = try result(&system, "Heartbeat")
        #expect(system.commands(at: now + .seconds(121)).isEmpty)
        let beat = SimulatorMessage.call(id: "2", action: "Heartbeat", payload: [:])
        _ = system.received(beat, from: "CP0001", at: now + .seconds(122))
        #expect(system.commands(at: now + .seconds(180)).count == 1)
    }

    @Test
    func `finds the identity in upstream topics, and in no others`() {
        let tree = RelayTopicTree(mountpoint: "ocpp/")
        #expect(tree.identity(inUpstream: "ocpp/cp/CP 1") == "CP 1")
        #expect(tree.identity(inUpstream: "ocpp/cp/CP1/Reply") == "CP1")
        #expect(tree.identity(inUpstream: "ocpp/cs/CP1") == nil)
        #expect(tree.identity(inUpstream: "ocpp/cp/") == nil)
        #expect(tree.identity(inUpstream: "ocpp/cp/CP1/Other") == nil)
        #expect(tree.downstream("CP1") == "ocpp/cs/CP1")
    }
}
