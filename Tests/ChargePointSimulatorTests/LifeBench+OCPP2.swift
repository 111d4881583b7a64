import NIOCore
import OCPPJ
import Testing

@testable import ChargePointSimulator

extension LifeBench {
    static let accepted: JSONObject = ["idTokenInfo": ["status": "Accepted"]]

    /// A life in OCPP 2.0.1 or 2.1 that has connected, booted, and told what it is.
    static func booted2(_ version: OCPPVersion, hasDrivers: Bool = true) throws -> LifeBench {
        var bench = LifeBench(version, hasDrivers: hasDrivers)
        bench.connect()
        try bench.answerBoot(status: "Accepted", interval: 300)
        try bench.answerStatus2("Available")
        try bench.answer("SecurityEventNotification")
        try bench.answer("NotifyReport")
        return bench
    }

    /// A life in the middle of a transaction; the stream of OCPP 2.1 is open.
    static func charging2(_ version: OCPPVersion) throws -> LifeBench {
        var bench = try LifeBench.booted2(version)
        try bench.waitForCall("Authorize")
        try bench.answer("Authorize", accepted)
        try bench.answerStatus2("Occupied")
        try bench.waitForCall("TransactionEvent")
        #expect(try bench.answerEvent(accepted)["eventType"] == "Started")
        #expect(try bench.answerEvent()["triggerReason"] == "ChargingStateChanged")
        if version == .v21 { try bench.answer("OpenPeriodicEventStream", ["status": "Accepted"]) }
        return bench
    }

    @discardableResult
    mutating func answerEvent(_ payload: JSONObject = [:]) throws -> JSONObject {
        try answer("TransactionEvent", payload)
    }

    mutating func answerStatus2(_ status: String) throws {
        let payload = try answer("StatusNotification")
        #expect(payload["evseId"] == 1)
        #expect(payload["connectorId"] == 1)
        #expect(payload["connectorStatus"]?.stringValue == status)
    }

    /// The name of the transaction that is under way.
    var transactionID: JSONValue { life.station.transaction?.id.json ?? .null }

    /// The SENDs so far.
    var sends: [JSONObject] {
        sent.compactMap { if case .send(_, "NotifyPeriodicEventStream", let payload) = $0 { payload } else { nil } }
    }

    /// The payload of the CALLRESULT to a command, which both must be as the schemas want them.
    mutating func result(of action: String, _ payload: JSONObject) throws -> JSONObject {
        var judge = try MessageJudge(life.version)
        let command = SimulatorMessage.call(id: "judged", action: action, payload: payload)
        #expect(try judge.fault(in: command, from: .centralSystem) == nil)
        guard case .callResult(_, let result) = try self.command(action, payload) else {
            Issue.record("\(action) was answered with a CALLERROR")
            return [:]
        }
        let answer = SimulatorMessage.callResult(id: "judged", payload: result)
        #expect(try judge.fault(in: answer, from: .chargePoint) == nil)
        return result
    }
}
