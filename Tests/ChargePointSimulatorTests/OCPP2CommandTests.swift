import NIOCore
import OCPPJ
import Testing

@testable import ChargePointSimulator

@Suite("Commands to a charge point in OCPP 2.0.1 and 2.1")
struct OCPP2CommandTests {
    private static let versions: [OCPPVersion] = [.v201, .v21]
    private static let token: JSONValue = ["idToken": "REMOTE", "type": "Central"]
    private static let start: JSONObject = ["remoteStartId": 17, "idToken": token, "evseId": 1]

    @Test(arguments: Self.versions)
    func `RequestStartTransaction is accepted, really starts, and its number comes back`(version: OCPPVersion) throws {
        var bench = try LifeBench.booted2(version, hasDrivers: false)
        #expect(try bench.result(of: "RequestStartTransaction", Self.start)["status"] == "Accepted")
        try bench.answerStatus2("Occupied")
        try bench.waitForCall("TransactionEvent")
        let event = try bench.answerEvent(LifeBench.accepted)
        #expect(event["triggerReason"] == "RemoteStart")
        #expect(event["idToken"] == Self.token)
        #expect(event["transactionInfo"]?.objectValue?["remoteStartId"] == 17)
        #expect(try bench.result(of: "RequestStartTransaction", Self.start)["status"] == "Rejected")
    }

    @Test(arguments: Self.versions)
    func `RequestStartTransaction authorizes first where AuthorizeRemoteStart is on`(version: OCPPVersion) throws {
        var bench = try LifeBench.booted2(version, hasDrivers: false)
        let set: JSONObject = [
            "setVariableData": [
                [
                    "component": ["name": "AuthCtrlr"], "variable": ["name": "AuthorizeRemoteStart"],
                    "attributeValue": "true",
                ]
            ]
        ]
        _ = try bench.result(of: "SetVariables", set)
        #expect(try bench.result(of: "RequestStartTransaction", Self.start)["status"] == "Accepted")
        #expect(try bench.takeCall("Authorize").payload["idToken"] == Self.token)
    }

    @Test(arguments: Self.versions)
    func `RequestStopTransaction stops its transaction, and no other`(version: OCPPVersion) throws {
        var bench = try LifeBench.charging2(version)
        #expect(try bench.result(of: "RequestStopTransaction", ["transactionId": "other"])["status"] == "Rejected")
        let stop: JSONObject = ["transactionId": bench.transactionID]
        #expect(try bench.result(of: "RequestStopTransaction", stop)["status"] == "Accepted")
        if version == .v21 { try bench.answer("ClosePeriodicEventStream") }
        let end = try bench.answerEvent()
        #expect(end["triggerReason"] == "RemoteStop")
        #expect(end["transactionInfo"]?.objectValue?["stoppedReason"] == "Remote")
    }

    @Test(
        arguments: Self.versions)
    func `GetTransactionStatus tells whether a transaction goes on, and what is still to be said`(version: OCPPVersion)
        throws
    {
        var bench = try LifeBench.charging2(version)
        let id = bench.transactionID
        #expect(
            try bench.result(of: "GetTransactionStatus", ["transactionId": id])
                == ["ongoingIndicator": true, "messagesInQueue": false])
        #expect(
            try bench.result(of: "GetTransactionStatus", ["transactionId": "other"])
                == ["ongoingIndicator": false, "messagesInQueue": false])
        _ = try bench.result(of: "RequestStopTransaction", ["transactionId": id])
        #expect(try bench.result(of: "GetTransactionStatus", [:]) == ["messagesInQueue": true])
    }

    @Test(arguments: Self.versions)
    func `Reset Immediate ends the transaction and boots again with its reason`(version: OCPPVersion) throws {
        var bench = try LifeBench.charging2(version)
        #expect(try bench.result(of: "Reset", ["type": "Immediate"])["status"] == "Accepted")
        if version == .v21 { try bench.answer("ClosePeriodicEventStream") }
        let end = try bench.answerEvent()
        #expect(end["triggerReason"] == "ResetCommand")
        #expect(bench.restarts.count == 1)
        bench.disconnect()
        bench.connect()
        #expect(try bench.takeCall("BootNotification").payload["reason"] == "RemoteReset")
    }

    @Test(arguments: Self.versions)
    func `Reset OnIdle waits for the end of the transaction`(version: OCPPVersion) throws {
        var bench = try LifeBench.charging2(version)
        #expect(try bench.result(of: "Reset", ["type": "OnIdle"])["status"] == "Scheduled")
        #expect(bench.restarts.isEmpty)
        while bench.restarts.isEmpty {
            if let call = bench.calls.first { try bench.answer(call.action) }
            bench.advance(by: .milliseconds(100))
        }
        #expect(
            bench.sent.contains {
                if case .call(_, "TransactionEvent", let event) = $0 { event["eventType"] == "Ended" } else { false }
            })
        bench.disconnect()
        bench.connect()
        #expect(try bench.takeCall("BootNotification").payload["reason"] == "ScheduledReset")
    }

    @Test(
        arguments: Self.versions)
    func `ChangeAvailability takes the connector out of work and back, or waits for a driver`(version: OCPPVersion)
        throws
    {
        var bench = try LifeBench.booted2(version)
        let evse: JSONValue = ["id": 1]
        let off: JSONObject = ["operationalStatus": "Inoperative", "evse": evse]
        #expect(try bench.result(of: "ChangeAvailability", off)["status"] == "Accepted")
        try bench.answerStatus2("Unavailable")
        #expect(try bench.result(of: "RequestStartTransaction", Self.start)["status"] == "Rejected")
        let on: JSONObject = ["operationalStatus": "Operative", "evse": evse]
        #expect(try bench.result(of: "ChangeAvailability", on)["status"] == "Accepted")
        try bench.answerStatus2("Available")
        let elsewhere: JSONObject = ["operationalStatus": "Operative", "evse": ["id": 2]]
        #expect(try bench.result(of: "ChangeAvailability", elsewhere)["status"] == "Rejected")
        var busy = try LifeBench.charging2(version)
        let all: JSONObject = ["operationalStatus": "Inoperative"]
        #expect(try busy.result(of: "ChangeAvailability", all)["status"] == "Scheduled")
    }

    @Test(arguments: Self.versions)
    func `GetVariables and SetVariables know the device model, whatever the case of names`(version: OCPPVersion) throws
    {
        var bench = try LifeBench.booted2(version)
        func data(_ component: JSONObject, _ variable: String, _ more: JSONObject = [:]) -> JSONValue {
            var data = more
            data["component"] = .object(component)
            data["variable"] = ["name": .string(variable)]
            return .object(data)
        }
        let asked: JSONValue = [
            data(["name": "OCPPCommCtrlr"], "HeartbeatInterval"),
            data(["name": "ocppcommctrlr"], "heartbeatinterval", ["attributeType": "Actual"]),
            data(["name": "Connector", "evse": ["id": 1, "connectorId": 1]], "AvailabilityState"),
            data(["name": "OCPPCommCtrlr"], "HeartbeatInterval", ["attributeType": "MaxSet"]),
            data(["name": "OCPPCommCtrlr"], "Nonsense"), data(["name": "Toaster"], "HeartbeatInterval"),
        ]
        let got = try bench.result(of: "GetVariables", ["getVariableData": asked])["getVariableResult"]?.arrayValue
        #expect(
            got?.map { $0.objectValue?["attributeStatus"]?.stringValue } == [
                "Accepted", "Accepted", "Accepted", "NotSupportedAttributeType", "UnknownVariable", "UnknownComponent",
            ])
        #expect(
            got?.map { $0.objectValue?["attributeValue"]?.stringValue } == ["300", "300", "Available", nil, nil, nil])
        let wanted: JSONValue = [
            data(["name": "OCPPCommCtrlr"], "HeartbeatInterval", ["attributeValue": "17"]),
            data(["name": "SampledDataCtrlr"], "TxUpdatedInterval", ["attributeValue": "soon"]),
            data(["name": "ChargingStation"], "Model", ["attributeValue": "Other"]),
            data(["name": "Toaster"], "Heat", ["attributeValue": "3"]),
        ]
        let set = try bench.result(of: "SetVariables", ["setVariableData": wanted])["setVariableResult"]?.arrayValue
        #expect(
            set?.map { $0.objectValue?["attributeStatus"]?.stringValue } == [
                "Accepted", "Rejected", "Rejected", "UnknownComponent",
            ])
        #expect(bench.life.station.heartbeatInterval == .seconds(17))
    }

    @Test(
        arguments: Self.versions,
        ["FullInventory", "ConfigurationInventory", "SummaryInventory"])
    func `GetBaseReport is accepted, and the report comes in parts`(version: OCPPVersion, base: String) throws {
        var bench = try LifeBench.booted2(version)
        let request: JSONObject = ["requestId": 8, "reportBase": .string(base)]
        #expect(try bench.result(of: "GetBaseReport", request)["status"] == "Accepted")
        var judge = try MessageJudge(version)
        var variables = 0
        var number = 0
        while true {
            let part = try bench.takeCall("NotifyReport")
            let message = SimulatorMessage.call(id: part.id, action: part.action, payload: part.payload)
            #expect(try judge.fault(in: message, from: .chargePoint) == nil)
            #expect(part.payload["requestId"] == 8)
            #expect(part.payload["seqNo"]?.integerValue == number)
            number += 1
            variables += part.payload["reportData"]?.arrayValue?.count ?? 0
            bench.receive(.callResult(id: part.id, payload: [:]))
            if part.payload["tbc"] == false { break }
        }
        let base = try #require(DeviceModel.ReportBase(rawValue: base))
        #expect(variables == DeviceModel.variables(of: base).count)
        #expect(bench.calls.isEmpty)
    }

    @Test(arguments: Self.versions)
    func `GetReport reports what it names, and says when there is nothing`(version: OCPPVersion) throws {
        var bench = try LifeBench.booted2(version)
        let known: JSONObject = ["requestId": 3, "componentVariable": [["component": ["name": "TxCtrlr"]]]]
        #expect(try bench.result(of: "GetReport", known)["status"] == "Accepted")
        #expect(try bench.answer("NotifyReport")["reportData"]?.arrayValue?.count == 4)
        let unknown: JSONObject = ["requestId": 4, "componentVariable": [["component": ["name": "Toaster"]]]]
        #expect(try bench.result(of: "GetReport", unknown)["status"] == "EmptyResultSet")
        let criteria: JSONObject = ["requestId": 5, "componentCriteria": ["Problem"]]
        #expect(try bench.result(of: "GetReport", criteria)["status"] == "NotSupported")
        #expect(bench.calls.isEmpty)
    }

    @Test(
        arguments: Self.versions,
        ["Heartbeat", "StatusNotification", "MeterValues", "FirmwareStatusNotification", "LogStatusNotification"])
    func `TriggerMessage is accepted and the message sent`(version: OCPPVersion, requested: String) throws {
        var bench = try LifeBench.booted2(version)
        let request: JSONObject = ["requestedMessage": .string(requested), "evse": ["id": 1, "connectorId": 1]]
        #expect(try bench.result(of: "TriggerMessage", request)["status"] == "Accepted")
        let call = try bench.takeCall(requested)
        var judge = try MessageJudge(version)
        let message = SimulatorMessage.call(id: call.id, action: call.action, payload: call.payload)
        #expect(try judge.fault(in: message, from: .chargePoint) == nil)
    }

    @Test(arguments: Self.versions)
    func `TriggerMessage is refused for what is not there, or not to be said now`(version: OCPPVersion) throws {
        var bench = try LifeBench.booted2(version)
        for (requested, status) in [
            ("BootNotification", "Rejected"), ("TransactionEvent", "Rejected"),
            ("SignV2GCertificate", "NotImplemented"),
        ] {
            let request: JSONObject = ["requestedMessage": .string(requested)]
            #expect(try bench.result(of: "TriggerMessage", request)["status"]?.stringValue == status)
        }
        let elsewhere: JSONObject = ["requestedMessage": "StatusNotification", "evse": ["id": 2, "connectorId": 1]]
        #expect(try bench.result(of: "TriggerMessage", elsewhere)["status"] == "Rejected")
        #expect(bench.calls.isEmpty)
        var charging = try LifeBench.charging2(version)
        let event: JSONObject = ["requestedMessage": "TransactionEvent"]
        #expect(try charging.result(of: "TriggerMessage", event)["status"] == "Accepted")
        #expect(try charging.answerEvent()["triggerReason"] == "Trigger")
    }

    @Test(arguments: Self.versions)
    func `a boot that is Pending is said again when it is triggered`(version: OCPPVersion) throws {
        var bench = LifeBench(version)
        bench.connect()
        try bench.answerBoot(status: "Pending", interval: 100)
        #expect(
            try bench.result(of: "TriggerMessage", ["requestedMessage": "BootNotification"])["status"] == "Accepted")
        #expect(try bench.takeCall("BootNotification").payload["reason"] == "Triggered")
    }

    @Test(arguments: Self.versions)
    func `UnlockConnector, ClearCache, GetLocalListVersion and DataTransfer are answered`(version: OCPPVersion) throws {
        var bench = try LifeBench.booted2(version)
        let connector: JSONObject = ["evseId": 1, "connectorId": 1]
        #expect(try bench.result(of: "UnlockConnector", connector)["status"] == "Unlocked")
        #expect(
            try bench.result(of: "UnlockConnector", ["evseId": 1, "connectorId": 2])["status"] == "UnknownConnector")
        #expect(try bench.result(of: "ClearCache", [:])["status"] == "Accepted")
        #expect(try bench.result(of: "GetLocalListVersion", [:]) == ["versionNumber": 0])
        #expect(try bench.result(of: "DataTransfer", ["vendorId": "Simulated"])["status"] == "Accepted")
        #expect(try bench.result(of: "DataTransfer", ["vendorId": "Other"])["status"] == "UnknownVendorId")
        var busy = try LifeBench.charging2(version)
        #expect(try busy.result(of: "UnlockConnector", connector)["status"] == "OngoingAuthorizedTransaction")
    }

    @Test
    func `2.1 tells its stream, and adjusts it`() throws {
        var bench = try LifeBench.charging2(.v21)
        let adjust: JSONObject = ["id": 1, "params": ["interval": 60, "values": 2]]
        #expect(try bench.result(of: "AdjustPeriodicEventStream", adjust)["status"] == "Accepted")
        let other: JSONObject = ["id": 7, "params": ["values": 2]]
        #expect(try bench.result(of: "AdjustPeriodicEventStream", other)["status"] == "Rejected")
        let told = try bench.result(of: "GetPeriodicEventStream", [:])["constantStreamData"]?.arrayValue
        #expect(told?.first?.objectValue?["params"] == ["interval": 60, "values": 2])
        bench.advance(by: .seconds(3))
        #expect(bench.sends.first?["data"]?.arrayValue?.count == 2)
        var quiet = try LifeBench.booted2(.v21)
        #expect(try quiet.result(of: "GetPeriodicEventStream", [:]) == [:])
    }

    @Test(
        arguments: [
            (.v201, "MakeCoffee"), (.v201, "GetPeriodicEventStream"), (.v201, "RemoteStartTransaction"),
            (.v21, "MakeCoffee"), (.v21, "GetConfiguration"), (.v16, "RequestStartTransaction"),
        ] as [(OCPPVersion, String)])
    func `what it does not know, and what only another version has, is NotImplemented`(
        version: OCPPVersion, action: String
    ) throws {
        var bench = LifeBench(version)
        bench.connect()
        guard case .callError(_, let code, _, _) = try bench.command(action, [:]) else {
            Issue.record("no CALLERROR")
            return
        }
        #expect(code == "NotImplemented")
    }

    @Test(
        arguments: Self.versions,
        [
            ("RequestStartTransaction", [:], "OccurrenceConstraintViolation"),
            (
                "RequestStartTransaction", ["remoteStartId": 1, "idToken": ["idToken": 5, "type": "Central"]],
                "TypeConstraintViolation"
            ),
            ("RequestStopTransaction", ["transactionId": 5], "TypeConstraintViolation"),
            ("Reset", ["type": "Hard"], "PropertyConstraintViolation"),
            ("ChangeAvailability", ["operationalStatus": "Off"], "PropertyConstraintViolation"),
            ("ChangeAvailability", ["operationalStatus": "Operative", "evse": [:]], "OccurrenceConstraintViolation"),
            ("GetVariables", ["getVariableData": []], "PropertyConstraintViolation"),
            ("GetVariables", ["getVariableData": [5]], "TypeConstraintViolation"),
            ("SetVariables", ["setVariableData": [[:]]], "OccurrenceConstraintViolation"),
            ("GetBaseReport", ["requestId": 1, "reportBase": "All"], "PropertyConstraintViolation"),
            ("UnlockConnector", ["evseId": "1", "connectorId": 1], "TypeConstraintViolation"),
        ] as [(action: String, payload: JSONValue, code: String)])
    func `a command with a bad payload gets the CALLERROR of OCPP 2.0.1`(
        version: OCPPVersion, command: (action: String, payload: JSONValue, code: String)
    ) throws {
        var bench = try LifeBench.booted2(version)
        let payload = try #require(command.payload.objectValue)
        guard case .callError(_, let code, _, _) = try bench.command(command.action, payload) else {
            Issue.record("no CALLERROR")
            return
        }
        #expect(code == command.code)
        #expect(bench.calls.isEmpty)
    }
}
