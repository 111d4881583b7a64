import NIOCore
import Testing

@testable import ChargePointSimulator

@Suite("Commands to a charge point")
struct ChargePointCommandTests {
    @Test
    func `RemoteStartTransaction is accepted and really starts`() throws {
        var bench = try LifeBench.booted()
        #expect(
            try bench.status(of: "RemoteStartTransaction", ["connectorId": 1, "idTag": "REMOTE"]) == "Accepted")
        try bench.answerStatus(connector: 1, "Preparing")
        try bench.waitForCall("StartTransaction")
        let start = try bench.takeCall("StartTransaction")
        #expect(start.payload["idTag"]?.stringValue == "REMOTE")
    }

    @Test
    func `Without drivers of its own a charge point stays free until RemoteStartTransaction, however long that takes`()
        throws
    {
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

    @Test
    func `RemoteStartTransaction authorizes first where AuthorizeRemoteTxRequests is on`() throws {
        var bench = try LifeBench.booted()
        let change: JSONObject = ["key": "AuthorizeRemoteTxRequests", "value": "true"]
        #expect(try bench.status(of: "ChangeConfiguration", change) == "Accepted")
        #expect(try bench.status(of: "RemoteStartTransaction", ["idTag": "REMOTE"]) == "Accepted")
        let authorize = try bench.takeCall("Authorize")
        #expect(authorize.payload["idTag"]?.stringValue == "REMOTE")
    }

    @Test
    func `RemoteStartTransaction is rejected while a transaction runs, and for a connector that there is not`() throws {
        var bench = try LifeBench.charging()
        #expect(try bench.status(of: "RemoteStartTransaction", ["idTag": "REMOTE"]) == "Rejected")
        var free = try LifeBench.booted()
        #expect(try free.status(of: "RemoteStartTransaction", ["idTag": "X", "connectorId": 2]) == "Rejected")
        #expect(free.calls.isEmpty)
    }

    @Test
    func `RemoteStopTransaction stops its transaction, and no other`() throws {
        var bench = try LifeBench.charging()
        #expect(try bench.status(of: "RemoteStopTransaction", ["transactionId": 41]) == "Rejected")
        #expect(try bench.status(of: "RemoteStopTransaction", ["transactionId": 42]) == "Accepted")
        try bench.answerStatus(connector: 1, "Finishing")
        #expect(try bench.answer("StopTransaction")["reason"]?.stringValue == "Remote")
    }

    @Test(
        arguments: [("Soft", "SoftReset"), ("Hard", "HardReset")])
    func `Reset ends the transaction, waits until that is told, restarts and boots again`(type: String, reason: String)
        throws
    {
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

    @Test
    func `Reset does not wait for ever for a central system that does not answer`() throws {
        var bench = try LifeBench.charging()
        #expect(try bench.status(of: "Reset", ["type": "Hard"]) == "Accepted")
        bench.advance(by: .seconds(5))
        #expect(bench.restarts.count == 1)
    }

    @Test
    func `ChangeAvailability takes a free connector out of work and back`() throws {
        var bench = try LifeBench.booted()
        #expect(try bench.status(of: "ChangeAvailability", ["connectorId": 0, "type": "Inoperative"]) == "Accepted")
        try bench.answerStatus(connector: 0, "Unavailable")
        try bench.answerStatus(connector: 1, "Unavailable")
        #expect(try bench.status(of: "RemoteStartTransaction", ["idTag": "X"]) == "Rejected")
        #expect(try bench.status(of: "ChangeAvailability", ["connectorId": 0, "type": "Operative"]) == "Accepted")
        try bench.answerStatus(connector: 0, "Available")
        try bench.answerStatus(connector: 1, "Available")
    }

    @Test
    func `ChangeAvailability during a transaction is scheduled for its end`() throws {
        var bench = try LifeBench.charging()
        #expect(try bench.status(of: "ChangeAvailability", ["connectorId": 1, "type": "Inoperative"]) == "Scheduled")
        #expect(try bench.status(of: "RemoteStopTransaction", ["transactionId": 42]) == "Accepted")
        try bench.answerStatus(connector: 1, "Finishing")
        try bench.answer("StopTransaction")
        bench.advance(by: .seconds(2))
        try bench.answerStatus(connector: 1, "Unavailable")
    }

    @Test
    func `GetConfiguration answers with the known keys and names the unknown ones`() throws {
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
        arguments: [
            ("HeartbeatInterval", "17", "Accepted"), ("HeartbeatInterval", "soon", "Rejected"),
            ("HeartbeatInterval", "0", "Rejected"), ("NumberOfConnectors", "2", "Rejected"),
            ("Nonsense", "1", "NotSupported"),
        ])
    func `ChangeConfiguration takes effect, and refuses what it must`(key: String, value: String, status: String) throws
    {
        var bench = try LifeBench.booted()
        let payload: JSONObject = ["key": .string(key), "value": .string(value)]
        #expect(try bench.status(of: "ChangeConfiguration", payload) == status)
        #expect(bench.life.station.heartbeatInterval == (status == "Accepted" ? .seconds(17) : .seconds(300)))
    }

    @Test(
        arguments: [
            "BootNotification", "Heartbeat", "StatusNotification", "MeterValues", "DiagnosticsStatusNotification",
            "FirmwareStatusNotification",
        ])
    func `TriggerMessage is accepted and the message sent`(requested: String) throws {
        var bench = try LifeBench.booted()
        let payload: JSONObject = ["requestedMessage": .string(requested), "connectorId": 1]
        #expect(try bench.status(of: "TriggerMessage", payload) == "Accepted")
        try bench.takeCall(requested)
    }

    @Test
    func `TriggerMessage for something else is not implemented; without end it is rejected`() throws {
        var bench = try LifeBench.booted()
        #expect(try bench.status(of: "TriggerMessage", ["requestedMessage": "StartTransaction"]) == "NotImplemented")
        var statuses: [String] = []
        for _ in 0..<200 {
            statuses.append(try bench.status(of: "TriggerMessage", ["requestedMessage": "Heartbeat"]))
        }
        #expect(statuses.first == "Accepted")
        #expect(statuses.last == "Rejected")
    }

    @Test
    func `UnlockConnector unlocks the one connector, and ends its transaction`() throws {
        var bench = try LifeBench.charging()
        #expect(try bench.status(of: "UnlockConnector", ["connectorId": 2]) == "NotSupported")
        #expect(try bench.status(of: "UnlockConnector", ["connectorId": 1]) == "Unlocked")
        try bench.answerStatus(connector: 1, "Finishing")
        #expect(try bench.answer("StopTransaction")["reason"]?.stringValue == "UnlockCommand")
    }

    @Test
    func `ClearCache and DataTransfer are answered`() throws {
        var bench = try LifeBench.booted()
        #expect(try bench.status(of: "ClearCache", [:]) == "Accepted")
        #expect(try bench.status(of: "DataTransfer", ["vendorId": "Simulated"]) == "Accepted")
        #expect(try bench.status(of: "DataTransfer", ["vendorId": "Other"]) == "UnknownVendorId")
    }

    @Test
    func `a command that it does not know gets a CALLERROR NotImplemented`() throws {
        var bench = try LifeBench.booted()
        guard case .callError(_, let code, _, _) = try bench.command("MakeCoffee", [:]) else {
            Issue.record("no CALLERROR")
            return
        }
        #expect(code == "NotImplemented")
    }

    @Test(
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
    func `a command with a bad payload gets the CALLERROR of OCPP 1.6`(action: String, payload: JSONValue, code: String)
        throws
    {
        var bench = try LifeBench.booted()
        guard case .callError(_, let actual, _, _) = try bench.command(action, try #require(payload.objectValue)) else {
            Issue.record("no CALLERROR")
            return
        }
        #expect(actual == code)
        #expect(bench.calls.isEmpty)
    }
}
