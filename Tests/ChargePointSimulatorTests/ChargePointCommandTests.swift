import NIOCore
import Testing

@testable import ChargePointSimulator

@Suite("Commands to a charge point")
struct ChargePointCommandTests {
    @Test("RemoteStartTransaction is accepted and really starts")
    func remoteStart() throws {
        var bench = try LifeBench.booted()
        #expect(
            try bench.status(of: "RemoteStartTransaction", ["connectorId": 1, "idTag": "REMOTE"]) == "Accepted")
        try bench.answerStatus(connector: 1, "Preparing")
        try bench.waitForCall("StartTransaction")
        let start = try bench.takeCall("StartTransaction")
        #expect(start.payload["idTag"]?.stringValue == "REMOTE")
    }

    @Test("Without drivers of its own a charge point stays free until RemoteStartTransaction, however long that takes")
    func remoteStartOfAnIdleOne() throws {
        var bench = try LifeBench.booted(hasDrivers: false)
        for _ in 0..<3 {
            try bench.waitForCall("Heartbeat")
            try bench.answer("Heartbeat", ["currentTime": "2026-01-01T00:00:00Z"])
        }
        #expect(
            try bench.status(of: "RemoteStartTransaction", ["connectorId": 1, "idTag": "REMOTE"]) == "Accepted")
        try bench.answerStatus(connector: 1, "Preparing")
        try bench.waitForCall("StartTransaction")
    }

    @Test("RemoteStartTransaction authorizes first where AuthorizeRemoteTxRequests is on")
    func remoteStartAuthorizes() throws {
        var bench = try LifeBench.booted()
        let change: JSONObject = ["key": "AuthorizeRemoteTxRequests", "value": "true"]
        #expect(try bench.status(of: "ChangeConfiguration", change) == "Accepted")
        #expect(try bench.status(of: "RemoteStartTransaction", ["idTag": "REMOTE"]) == "Accepted")
        let authorize = try bench.takeCall("Authorize")
        #expect(authorize.payload["idTag"]?.stringValue == "REMOTE")
    }

    @Test("RemoteStartTransaction is rejected while a transaction runs, and for a connector that there is not")
    func remoteStartRejected() throws {
        var bench = try LifeBench.charging()
        #expect(try bench.status(of: "RemoteStartTransaction", ["idTag": "REMOTE"]) == "Rejected")
        var free = try LifeBench.booted()
        #expect(try free.status(of: "RemoteStartTransaction", ["idTag": "X", "connectorId": 2]) == "Rejected")
        #expect(free.calls.isEmpty)
    }

    @Test("RemoteStopTransaction stops its transaction, and no other")
    func remoteStop() throws {
        var bench = try LifeBench.charging()
        #expect(try bench.status(of: "RemoteStopTransaction", ["transactionId": 41]) == "Rejected")
        #expect(try bench.status(of: "RemoteStopTransaction", ["transactionId": 42]) == "Accepted")
        try bench.answerStatus(connector: 1, "Finishing")
        #expect(try bench.answer("StopTransaction")["reason"]?.stringValue == "Remote")
    }

    @Test(
        "Reset ends the transaction, waits until that is told, restarts and boots again",
        arguments: [("Soft", "SoftReset"), ("Hard", "HardReset")])
    func reset(type: String, reason: String) throws {
        var bench = try LifeBench.charging()
        #expect(try bench.status(of: "Reset", ["type": .string(type)]) == "Accepted")
        try bench.answerStatus(connector: 1, "Finishing")
        #expect(bench.restarts.isEmpty)
        #expect(try bench.answer("StopTransaction")["reason"]?.stringValue == reason)
        #expect(bench.restarts.count == 1)
        bench.disconnect()
        bench.connect()
        #expect(bench.calls.map(\.action) == ["BootNotification"])
    }

    @Test("Reset does not wait for ever for a central system that does not answer")
    func resetPatience() throws {
        var bench = try LifeBench.charging()
        #expect(try bench.status(of: "Reset", ["type": "Hard"]) == "Accepted")
        bench.advance(by: .seconds(5))
        #expect(bench.restarts.count == 1)
    }

    @Test("ChangeAvailability takes a free connector out of work and back")
    func changeAvailability() throws {
        var bench = try LifeBench.booted()
        #expect(try bench.status(of: "ChangeAvailability", ["connectorId": 0, "type": "Inoperative"]) == "Accepted")
        try bench.answerStatus(connector: 0, "Unavailable")
        try bench.answerStatus(connector: 1, "Unavailable")
        #expect(try bench.status(of: "RemoteStartTransaction", ["idTag": "X"]) == "Rejected")
        #expect(try bench.status(of: "ChangeAvailability", ["connectorId": 0, "type": "Operative"]) == "Accepted")
        try bench.answerStatus(connector: 0, "Available")
        try bench.answerStatus(connector: 1, "Available")
    }

    @Test("ChangeAvailability during a transaction is scheduled for its end")
    func changeAvailabilityScheduled() throws {
        var bench = try LifeBench.charging()
        #expect(try bench.status(of: "ChangeAvailability", ["connectorId": 1, "type": "Inoperative"]) == "Scheduled")
        #expect(try bench.status(of: "RemoteStopTransaction", ["transactionId": 42]) == "Accepted")
        try bench.answerStatus(connector: 1, "Finishing")
        try bench.answer("StopTransaction")
        bench.advance(by: .seconds(2))
        try bench.answerStatus(connector: 1, "Unavailable")
    }

    @Test("GetConfiguration answers with the known keys and names the unknown ones")
    func getConfiguration() throws {
        var bench = try LifeBench.booted()
        let answer = try bench.command("GetConfiguration", ["key": ["HeartbeatInterval", "Nonsense"]])
        let expected: JSONObject = [
            "configurationKey": [["key": "HeartbeatInterval", "readonly": false, "value": "300"]],
            "unknownKey": ["Nonsense"],
        ]
        #expect(answer == .callResult(id: answer.id, payload: expected))
        guard case .callResult(_, let all) = try bench.command("GetConfiguration", [:]) else {
            Issue.record("no CALLRESULT")
            return
        }
        #expect(try #require(all["configurationKey"]?.arrayValue).count > 10)
    }

    @Test(
        "ChangeConfiguration takes effect, and refuses what it must",
        arguments: [
            ("HeartbeatInterval", "17", "Accepted"), ("HeartbeatInterval", "soon", "Rejected"),
            ("HeartbeatInterval", "0", "Rejected"), ("NumberOfConnectors", "2", "Rejected"),
            ("Nonsense", "1", "NotSupported"),
        ])
    func changeConfiguration(key: String, value: String, status: String) throws {
        var bench = try LifeBench.booted()
        let payload: JSONObject = ["key": .string(key), "value": .string(value)]
        #expect(try bench.status(of: "ChangeConfiguration", payload) == status)
        #expect(bench.life.station.heartbeatInterval == (status == "Accepted" ? .seconds(17) : .seconds(300)))
    }

    @Test(
        "TriggerMessage is accepted and the message sent",
        arguments: [
            "BootNotification", "Heartbeat", "StatusNotification", "MeterValues", "DiagnosticsStatusNotification",
            "FirmwareStatusNotification",
        ])
    func triggerMessage(requested: String) throws {
        var bench = try LifeBench.booted()
        let payload: JSONObject = ["requestedMessage": .string(requested), "connectorId": 1]
        #expect(try bench.status(of: "TriggerMessage", payload) == "Accepted")
        try bench.takeCall(requested)
    }

    @Test("TriggerMessage for something else is not implemented; without end it is rejected")
    func triggerMessageRefused() throws {
        var bench = try LifeBench.booted()
        #expect(try bench.status(of: "TriggerMessage", ["requestedMessage": "StartTransaction"]) == "NotImplemented")
        var statuses: [String] = []
        for _ in 0..<200 {
            statuses.append(try bench.status(of: "TriggerMessage", ["requestedMessage": "Heartbeat"]))
        }
        #expect(statuses.first == "Accepted")
        #expect(statuses.last == "Rejected")
    }

    @Test("UnlockConnector unlocks the one connector, and ends its transaction")
    func unlockConnector() throws {
        var bench = try LifeBench.charging()
        #expect(try bench.status(of: "UnlockConnector", ["connectorId": 2]) == "NotSupported")
        #expect(try bench.status(of: "UnlockConnector", ["connectorId": 1]) == "Unlocked")
        try bench.answerStatus(connector: 1, "Finishing")
        #expect(try bench.answer("StopTransaction")["reason"]?.stringValue == "UnlockCommand")
    }

    @Test("ClearCache and DataTransfer are answered")
    func others() throws {
        var bench = try LifeBench.booted()
        #expect(try bench.status(of: "ClearCache", [:]) == "Accepted")
        #expect(try bench.status(of: "DataTransfer", ["vendorId": "Simulated"]) == "Accepted")
        #expect(try bench.status(of: "DataTransfer", ["vendorId": "Other"]) == "UnknownVendorId")
    }

    @Test("a command that it does not know gets a CALLERROR NotImplemented")
    func unknown() throws {
        var bench = try LifeBench.booted()
        guard case .callError(_, let code, _, _) = try bench.command("MakeCoffee", [:]) else {
            Issue.record("no CALLERROR")
            return
        }
        #expect(code == "NotImplemented")
    }

    @Test(
        "a command with a bad payload gets the CALLERROR of OCPP 1.6",
        arguments: [
            ("RemoteStartTransaction", [:], "OccurenceConstraintViolation"),
            ("RemoteStartTransaction", ["idTag": 7], "TypeConstraintViolation"),
            ("RemoteStartTransaction", ["idTag": "123456789012345678901"], "PropertyConstraintViolation"),
            ("RemoteStopTransaction", ["transactionId": 1.5], "TypeConstraintViolation"),
            ("Reset", ["type": "Gentle"], "PropertyConstraintViolation"),
            ("ChangeAvailability", ["connectorId": 1], "OccurenceConstraintViolation"),
            ("GetConfiguration", ["key": "HeartbeatInterval"], "TypeConstraintViolation"),
            ("TriggerMessage", [:], "OccurenceConstraintViolation"),
            ("UnlockConnector", ["connectorId": "1"], "TypeConstraintViolation"),
        ] as [(String, JSONValue, String)])
    func badPayload(action: String, payload: JSONValue, code: String) throws {
        var bench = try LifeBench.booted()
        guard case .callError(_, let actual, _, _) = try bench.command(action, try #require(payload.objectValue)) else {
            Issue.record("no CALLERROR")
            return
        }
        #expect(actual == code)
        #expect(bench.calls.isEmpty)
    }
}
