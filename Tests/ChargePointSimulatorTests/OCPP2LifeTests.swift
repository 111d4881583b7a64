import NIOCore
import OCPPJ
import Testing

@testable import ChargePointSimulator

@Suite("A life in OCPP 2.0.1 and 2.1")
struct OCPP2LifeTests {
    private static let versions: [OCPPVersion] = [.v201, .v21]

    @Test(arguments: Self.versions)
    func `boots with its reason, then tells status, what started it and what it is`(version: OCPPVersion) throws {
        var bench = LifeBench(version)
        bench.connect()
        let boot = try bench.takeCall("BootNotification")
        #expect(boot.payload["reason"] == "PowerUp")
        bench.receive(
            .callResult(
                id: boot.id, payload: ["status": "Accepted", "interval": 90, "currentTime": "2026-01-01T00:00:00Z"]))
        try bench.answerStatus2("Available")
        #expect(try bench.answer("SecurityEventNotification")["type"] == "StartupOfTheDevice")
        let report = try bench.answer("NotifyReport")
        #expect(report["tbc"] == false)
        #expect(report["seqNo"] == 0)
        #expect(bench.calls.isEmpty)
        #expect(bench.life.station.heartbeatInterval == .seconds(90))
    }

    @Test(arguments: Self.versions)
    func `a transaction is Started, Updated and Ended under one name, its events numbered`(version: OCPPVersion) throws
    {
        var bench = try LifeBench.charging2(version)
        let id = bench.transactionID
        var last: JSONObject = [:]
        var number = 2
        repeat {
            bench.advance(by: .milliseconds(100))
            guard let call = bench.calls.first else { continue }
            guard call.action == "TransactionEvent" else {
                try bench.answer(call.action)
                continue
            }
            last = try bench.answerEvent()
            #expect(last["seqNo"]?.integerValue == number)
            #expect(last["transactionInfo"]?.objectValue?["transactionId"] == id)
            number += 1
        } while last["eventType"] != "Ended"
        #expect(number > 4, "a newcomer sees a few meter values")
        #expect(last["transactionInfo"]?.objectValue?["stoppedReason"] != nil)
        while bench.calls.first?.action == "ClosePeriodicEventStream" { try bench.answer("ClosePeriodicEventStream") }
        bench.advance(by: .seconds(2))
        try bench.answerStatus2("Available")
    }

    @Test(arguments: Self.versions)
    func `a token that the Started event's answer calls invalid ends the transaction`(version: OCPPVersion) throws {
        var bench = try LifeBench.booted2(version)
        try bench.waitForCall("Authorize")
        try bench.answer("Authorize", LifeBench.accepted)
        try bench.answerStatus2("Occupied")
        try bench.waitForCall("TransactionEvent")
        try bench.answerEvent(["idTokenInfo": ["status": "Blocked"]])
        let end = try bench.answerEvent()
        #expect(end["eventType"] == "Ended")
        #expect(end["triggerReason"] == "Deauthorized")
    }

    @Test(arguments: Self.versions)
    func `what happens without a connection is told later, and says so`(version: OCPPVersion) throws {
        var bench = try LifeBench.charging2(version)
        bench.disconnect()
        bench.advance(by: .minutes(2))
        #expect(bench.calls.isEmpty)
        bench.connect()
        while let call = bench.calls.first, call.action != "TransactionEvent" { try bench.answer(call.action) }
        let end = try bench.answerEvent()
        #expect(end["eventType"] == "Ended")
        #expect(end["offline"] == true)
    }

    @Test
    func `2.1 opens a stream when a car charges, tells its values in SENDs, and closes it in the end`() throws {
        var bench = try LifeBench.charging2(.v21)
        bench.advance(by: .seconds(5))
        let first = try #require(bench.sends.first)
        #expect(first["id"] == 1)
        #expect(first["data"]?.arrayValue?.count == 4)
        var judge = try MessageJudge(.v21)
        for message in bench.sent {
            if case .send = message { #expect(try judge.fault(in: message, from: .chargePoint) == nil) }
        }
        while bench.calls.first?.action != "ClosePeriodicEventStream" {
            if let call = bench.calls.first { try bench.answer(call.action) }
            bench.advance(by: .milliseconds(100))
        }
        #expect(try bench.answer("ClosePeriodicEventStream") == ["id": 1])
        let told = bench.sends.count
        bench.advance(by: .seconds(5))
        #expect(bench.sends.count == told)
    }

    @Test
    func `a stream that the central system rejects sends nothing`() throws {
        var bench = try LifeBench.booted2(.v21)
        try bench.waitForCall("Authorize")
        try bench.answer("Authorize", LifeBench.accepted)
        try bench.answerStatus2("Occupied")
        try bench.waitForCall("TransactionEvent")
        try bench.answerEvent(LifeBench.accepted)
        try bench.answerEvent()
        try bench.answer("OpenPeriodicEventStream", ["status": "Rejected"])
        bench.advance(by: .minutes(2))
        #expect(bench.sends.isEmpty)
    }

    @Test
    func `2.0.1 knows no streams`() throws {
        var bench = try LifeBench.charging2(.v201)
        bench.advance(by: .minutes(1))
        #expect(bench.sends.isEmpty)
        #expect(!bench.sent.contains { if case .call(_, "OpenPeriodicEventStream", _) = $0 { true } else { false } })
    }

    @Test(arguments: OCPPVersion.allCases)
    func `an answer that 2.1 cannot use gets a CALLRESULTERROR; the others have none`(version: OCPPVersion) throws {
        var bench = LifeBench(version)
        bench.connect()
        let boot = try bench.takeCall("BootNotification")
        bench.receive(.callResult(id: boot.id, payload: ["status": "Accepted"]))
        #expect(bench.occurrences.last == .callFailed(code: "unusable answer"))
        let refusals = bench.sent.filter { if case .callResultError = $0 { true } else { false } }
        let expected = SimulatorMessage.callResultError(
            id: boot.id, code: "OccurrenceConstraintViolation", description: "/interval is missing", details: [:])
        #expect(refusals == (version == .v21 ? [expected] : []))
    }

    @Test(arguments: OCPPVersion.allCases)
    func `a CALLRESULTERROR is counted in 2.1, and a bad message elsewhere`(version: OCPPVersion) {
        var bench = LifeBench(version)
        bench.connect()
        bench.receive(.callResultError(id: "9", code: "FormatViolation", description: "", details: [:]))
        #expect(bench.occurrences.last == (version == .v21 ? .answerRefused(code: "FormatViolation") : .badMessage))
        bench.receive(.send(id: "9", action: "NotifyPeriodicEventStream", payload: [:]))
        #expect(bench.occurrences.last == .badMessage)
    }
}
