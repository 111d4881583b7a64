import NIOCore
import OCPPJ
import Testing

@testable import ChargePointSimulator

@Suite("The small central system in OCPP 2.0.1 and 2.1")
struct CentralSystemVersionTests {
    private static let versions: [OCPPVersion] = [.v201, .v21]
    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func make(commandsPerMinute: Double = 0) -> CentralSystem {
        CentralSystem(
            settings: CentralSystem.Settings(commandsPerMinute: commandsPerMinute, seed: 1),
            clock: WallClock(date: .init(timeIntervalSince1970: 1_700_000_000), at: now), run: "cs")
    }

    /// The payload of the CALLRESULT to a CALL, which both must be as the schemas want them.
    private func result(
        _ system: inout CentralSystem, _ version: OCPPVersion, _ action: String, _ payload: JSONObject
    ) throws -> JSONObject {
        var judge = try MessageJudge(version)
        let call = SimulatorMessage.call(id: "1", action: action, payload: payload)
        #expect(try judge.fault(in: call, from: .chargePoint) == nil)
        let received = system.received(call.relay(), from: "CP0001", version: version, at: now)
        let answer = try #require(received)
        #expect(try judge.fault(in: answer, from: .centralSystem) == nil)
        guard case .callResult("1", let result) = answer else { return [:] }
        return result
    }

    private static let time: JSONValue = "2026-01-01T00:00:00Z"
    private static let boot: JSONObject = [
        "reason": "PowerUp", "chargingStation": ["vendorName": "V", "model": "M"],
    ]

    private func event(_ type: String, _ number: Int, meter: JSONValue, unit: JSONValue = [:]) -> JSONObject {
        [
            "eventType": .string(type), "timestamp": Self.time, "triggerReason": "Trigger", "seqNo": .integer(number),
            "transactionInfo": ["transactionId": "T-1"], "evse": ["id": 1],
            "meterValue": [["timestamp": Self.time, "sampledValue": [["value": meter, "unitOfMeasure": unit]]]],
        ]
    }

    @Test(
        arguments: Self.versions,
        [
            ("BootNotification", .object(Self.boot)), ("Heartbeat", [:]),
            ("Authorize", ["idToken": ["idToken": "A", "type": "Central"]]),
            (
                "StatusNotification",
                ["timestamp": Self.time, "connectorStatus": "Available", "evseId": 1, "connectorId": 1]
            ),
            (
                "MeterValues",
                ["evseId": 1, "meterValue": [["timestamp": Self.time, "sampledValue": [["value": 1.5]]]]]
            ),
            ("NotifyReport", ["requestId": 1, "generatedAt": Self.time, "seqNo": 0]),
            ("SecurityEventNotification", ["type": "T", "timestamp": Self.time]),
            ("FirmwareStatusNotification", ["status": "Idle"]), ("LogStatusNotification", ["status": "Idle"]),
            ("DataTransfer", ["vendorId": "V"]), ("ClearedChargingLimit", ["chargingLimitSource": "EMS"]),
            ("NotifyDisplayMessages", ["requestId": 1]),
            ("NotifyMonitoringReport", ["requestId": 1, "seqNo": 0, "generatedAt": Self.time]),
            ("PublishFirmwareStatusNotification", ["status": "Idle"]),
            ("ReservationStatusUpdate", ["reservationId": 1, "reservationUpdateStatus": "Expired"]),
        ] as [(action: String, payload: JSONValue)])
    func `answers each CALL that it knows as the schemas want it`(
        version: OCPPVersion, call: (action: String, payload: JSONValue)
    ) throws {
        var system = make()
        _ = try result(&system, version, call.action, try #require(call.payload.objectValue))
        #expect(system.snapshot.callsAnswered == 1)
    }

    @Test
    func `answers the CALLs of 2.1 in 2.1, and refuses them to 2.0.1`() throws {
        let stream: JSONObject = ["constantStreamData": ["id": 1, "variableMonitoringId": 1, "params": [:]]]
        var system = make()
        #expect(try result(&system, .v21, "OpenPeriodicEventStream", stream)["status"] == "Accepted")
        #expect(try result(&system, .v21, "ClosePeriodicEventStream", ["id": 1]) == [:])
        #expect(system.snapshot.callsAnswered == 2)
        let call = SimulatorMessage.call(id: "1", action: "OpenPeriodicEventStream", payload: stream)
        guard case .callError(_, "NotImplemented", _, _) = system.received(call, from: "CP", version: .v201, at: now)
        else {
            Issue.record("no CALLERROR")
            return
        }
    }

    @Test(arguments: Self.versions)
    func `the energy of a transaction is counted by its events, repeated ones once`(version: OCPPVersion) throws {
        var system = make()
        _ = try result(&system, version, "TransactionEvent", event("Started", 0, meter: 1_000))
        _ = try result(&system, version, "TransactionEvent", event("Started", 0, meter: 1_000))
        #expect(system.snapshot.transactions == 1)
        #expect(system.snapshot.openTransactions == 1)
        _ = try result(&system, version, "TransactionEvent", event("Updated", 1, meter: 1.5, unit: ["unit": "kWh"]))
        #expect(system.snapshot.wattHours == 500)
        _ = try result(&system, version, "TransactionEvent", event("Ended", 2, meter: 30, unit: ["multiplier": 2]))
        #expect(system.snapshot.wattHours == 2_000)
        #expect(system.snapshot.openTransactions == 0)
    }

    @Test(arguments: [-1, 1e300, 1e-300] as [JSONValue])
    func `numbers that no meter shows count for nothing`(meter: JSONValue) throws {
        var system = make()
        _ = try result(&system, .v201, "TransactionEvent", event("Started", 0, meter: 0))
        for exponent in [0, 12, -12, .max, .min] as [Int] {
            let unit: JSONValue = ["unit": "kWh", "multiplier": .integer(exponent)]
            _ = try result(&system, .v201, "TransactionEvent", event("Updated", 1, meter: meter, unit: unit))
        }
        #expect(system.snapshot.wattHours == 0)
    }

    @Test
    func `a SEND is never answered; its values are counted in 2.1 alone`() {
        var system = make()
        let send = SimulatorMessage.send(
            id: "1", action: "NotifyPeriodicEventStream", payload: ["data": [["t": 0, "v": "1"], ["t": 1, "v": "2"]]])
        #expect(system.received(send.relay(), from: "CP", version: .v21, at: now) == nil)
        #expect(system.snapshot.streamedValues == 2)
        #expect(system.received(send.relay(), from: "CP", version: .v201, at: now) == nil)
        let other = SimulatorMessage.send(id: "2", action: "Heartbeat", payload: [:])
        #expect(system.received(other.relay(), from: "CP", version: .v21, at: now) == nil)
        #expect(system.snapshot.streamedValues == 2)
        #expect(system.snapshot.badMessages == 2)
    }

    @Test
    func `a CALLRESULTERROR is counted, and not answered`() {
        var system = make()
        let error = SimulatorMessage.callResultError(id: "1", code: "FormatViolation", description: "", details: [:])
        #expect(system.received(error.relay(), from: "CP", at: now) == nil)
        #expect(system.snapshot.answersRefused == 1)
        #expect(system.snapshot.badMessages == 0)
    }

    @Test(arguments: OCPPVersion.allCases)
    func `its codes are spelt as the version does`(version: OCPPVersion) {
        var system = make()
        let call = SimulatorMessage.call(id: "1", action: "Authorize", payload: [:])
        let answer = system.received(call, from: "CP", version: version, at: now)
        guard case .callError(_, let code, _, _) = answer else {
            Issue.record("no CALLERROR")
            return
        }
        #expect(code == (version == .v16 ? "OccurenceConstraintViolation" : "OccurrenceConstraintViolation"))
    }

    @Test(arguments: Self.versions)
    func `a charge point that has booted is asked what it is, before anything else`(version: OCPPVersion) throws {
        var system = make(commandsPerMinute: 2)
        _ = try result(&system, version, "BootNotification", Self.boot)
        let command = try #require(system.commands(at: now + .seconds(45)).first)
        guard case .call(_, "GetBaseReport", _) = command.message else {
            Issue.record("\(command.message)")
            return
        }
        var judge = try MessageJudge(version)
        #expect(try judge.fault(in: command.message, from: .centralSystem) == nil)
    }

    @Test(
        arguments: [
            (.call(id: "1", action: "StartTransaction", payload: [:]), .v21, .v16),
            (.call(id: "1", action: "BootNotification", payload: ["chargePointVendor": "V"]), .v21, .v16),
            (.call(id: "1", action: "BootNotification", payload: Self.boot), nil, .v201),
            (.call(id: "1", action: "BootNotification", payload: Self.boot), .v16, .v201),
            (.call(id: "1", action: "BootNotification", payload: Self.boot), .v21, .v21),
            (.call(id: "1", action: "Authorize", payload: ["idToken": [:]]), nil, .v201),
            (.call(id: "1", action: "TransactionEvent", payload: [:]), .v16, .v201),
            (.call(id: "1", action: "OpenPeriodicEventStream", payload: [:]), .v201, .v21),
            (.call(id: "1", action: "Heartbeat", payload: [:]), nil, .v16),
            (.call(id: "1", action: "Heartbeat", payload: [:]), .v201, .v201),
            (.send(id: "1", action: "NotifyPeriodicEventStream", payload: [:]), .v201, .v21),
            (.callResultError(id: "1", code: "c", description: "", details: [:]), nil, .v21),
            (.callResult(id: "1", payload: [:]), .v201, .v201), (.callResult(id: "1", payload: [:]), nil, .v16),
        ] as [(SimulatorMessage, OCPPVersion?, OCPPVersion)])
    func `finds the version of a message that does not say it`(
        message: SimulatorMessage, known: OCPPVersion?, version: OCPPVersion
    ) {
        #expect(MessageVersion.of(message, spokenBefore: known) == version)
    }

    @Test
    func `what the message says of its version counts, and a charge point may come back with another`() {
        var system = make()
        for version in [OCPPVersion.v16, .v201, .v16, .v21] {
            let beat = SimulatorMessage.call(id: "1", action: "Heartbeat", payload: [:])
            _ = system.received(beat.relay(), from: "CP", version: version, at: now)
            #expect(system.records["CP"]?.version == version)
        }
    }

    @Test(
        arguments: [("1.6", .v16), ("2.0.1", .v201), ("2.1", .v21), ("2.0", nil), ("", nil), (nil, nil)]
            as [(String?, OCPPVersion?)])
    func `knows the user property's versions, by their bytes`(text: String?, version: OCPPVersion?) {
        #expect(OCPPVersion(property: text) == version)
    }
}
