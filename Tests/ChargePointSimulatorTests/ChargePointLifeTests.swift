import NIOCore
import Testing

@testable import ChargePointSimulator

@Suite("The life of a charge point")
struct ChargePointLifeTests {
    @Test
    func `boots first, then tells the status of connectors 0 and 1, one CALL at a time`() throws {
        var bench = LifeBench()
        bench.connect()
        #expect(bench.calls.map(\.action) == ["BootNotification"])
        try bench.answerBoot(status: "Accepted", interval: 300)
        #expect(bench.calls.map(\.action) == ["StatusNotification"])
        try bench.answerStatus(connector: 0, "Available")
        try bench.answerStatus(connector: 1, "Available")
        #expect(bench.calls.isEmpty)
        #expect(bench.life.station.heartbeatInterval == .seconds(300))
        #expect(bench.occurrences.contains(.booted))
    }

    @Test(
        arguments: ["Pending", "Rejected"])
    func `repeats the boot after the interval of a Pending or Rejected answer, and sends nothing else before`(
        status: String
    ) throws {
        var bench = LifeBench()
        bench.connect()
        try bench.answerBoot(status: status, interval: 20)
        bench.advance(by: .seconds(19))
        #expect(bench.calls.isEmpty)
        bench.advance(by: .seconds(1))
        #expect(bench.calls.map(\.action) == ["BootNotification"])
    }

    @Test
    func `a whole cycle: authorize, prepare, start, charge with growing energy, finish, stop, available`() throws {
        var bench = try LifeBench.charging()
        #expect(bench.occurrences.contains(.chargingBegan))
        var last = -1
        var samples = 0
        while true {
            bench.advance(by: .milliseconds(100))
            guard let call = bench.calls.first else { continue }
            guard call.action == "MeterValues" else { break }
            #expect(call.payload["transactionId"]?.integerValue == 42)
            let energy = try #require(energyRegister(call.payload))
            #expect(energy > last)
            last = energy
            samples += 1
            try bench.answer("MeterValues")
        }
        #expect(samples >= 2, "a newcomer sees a few meter values")
        try bench.answerStatus(connector: 1, "Finishing")
        let stop = try bench.answer("StopTransaction", ["idTagInfo": ["status": "Accepted"]])
        #expect(stop["transactionId"]?.integerValue == 42)
        #expect(try #require(stop["meterStop"]?.integerValue) >= last)
        bench.advance(by: .seconds(2))
        try bench.answerStatus(connector: 1, "Available")
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `with the default pace a transaction is over within a minute`(seed: UInt64) throws {
        var bench = try LifeBench.charging(seed: seed)
        let begin = bench.now
        while !bench.calls.contains(where: { $0.action == "StatusNotification" }) {
            if !bench.calls.isEmpty { try bench.answer("MeterValues") }
            bench.advance(by: .milliseconds(100))
            try #require(bench.now - begin < .seconds(60))
        }
    }

    @Test
    func `the same seed lives the same life`() throws {
        var first = try LifeBench.booted(seed: 3)
        var second = try LifeBench.booted(seed: 3)
        try first.waitForCall("Authorize")
        try second.waitForCall("Authorize")
        #expect(first.now == second.now)
        #expect(first.calls.first?.payload == second.calls.first?.payload)
    }

    @Test
    func `sends a Heartbeat after the interval in silence`() throws {
        var bench = try LifeBench.booted()
        // Out of work, so that no driver breaks the silence.
        #expect(try bench.status(of: "ChangeAvailability", ["connectorId": 1, "type": "Inoperative"]) == "Accepted")
        try bench.answerStatus(connector: 1, "Unavailable")
        bench.advance(by: .seconds(299))
        #expect(bench.calls.isEmpty)
        bench.advance(by: .seconds(1))
        try bench.answer("Heartbeat", ["currentTime": "2026-01-01T00:00:00Z"])
    }

    @Test
    func `gives up an answer after 30 s, and the next CALL goes out`() throws {
        var bench = LifeBench()
        bench.connect()
        try bench.answerBoot(status: "Accepted", interval: 300)
        let first = try bench.takeCall("StatusNotification")
        bench.advance(by: .milliseconds(29_999))
        #expect(bench.calls.isEmpty)
        bench.advance(by: .milliseconds(1))
        #expect(bench.occurrences.contains(.callTimedOut))
        let second = try bench.takeCall("StatusNotification")
        #expect(first.id != second.id)
        // The late answer is an answer to nothing.
        bench.receive(.callResult(id: first.id, payload: [:]))
        #expect(bench.occurrences.last == .badMessage)
    }

    @Test
    func `repeats StartTransaction after a CALLERROR with a new UniqueId, each time later, and gives up after three`()
        throws
    {
        var bench = try LifeBench.booted()
        try bench.waitForCall("Authorize")
        try bench.answer("Authorize", ["idTagInfo": ["status": "Accepted"]])
        try bench.answerStatus(connector: 1, "Preparing")
        try bench.waitForCall("StartTransaction")
        var ids: Set<String> = []
        for pause in [10, 20] {
            let call = try bench.takeCall("StartTransaction")
            ids.insert(call.id)
            bench.receive(.callError(id: call.id, code: "InternalError", description: "", details: [:]))
            bench.advance(by: .seconds(Int64(pause)) - .milliseconds(1))
            #expect(bench.calls.isEmpty)
            bench.advance(by: .milliseconds(1))
        }
        let last = try bench.takeCall("StartTransaction")
        ids.insert(last.id)
        #expect(ids.count == 3)
        bench.receive(.callError(id: last.id, code: "InternalError", description: "", details: [:]))
        #expect(bench.occurrences.contains(.transactionMessageLost))
        try bench.answerStatus(connector: 1, "Finishing")
    }

    @Test
    func `a StopTransaction that was unanswered when the line was lost is sent again, without another boot`() throws {
        var bench = try LifeBench.charging()
        #expect(try bench.status(of: "RemoteStopTransaction", ["transactionId": 42]) == "Accepted")
        try bench.answerStatus(connector: 1, "Finishing")
        try bench.takeCall("StopTransaction")
        bench.disconnect()
        bench.advance(by: .seconds(10))
        #expect(bench.calls.isEmpty, "nothing is sent without a connection")
        bench.connect()
        var actions: [String] = []
        while let call = bench.calls.first {
            actions.append(call.action)
            try bench.answer(call.action)
        }
        #expect(actions.sorted() == ["StatusNotification", "StatusNotification", "StopTransaction"])
    }

    @Test
    func `goes on charging without a connection, and delivers the end of it later`() throws {
        var bench = try LifeBench.charging()
        bench.disconnect()
        bench.advance(by: .minutes(2))
        #expect(bench.calls.isEmpty)
        #expect(bench.connectorStatus == "Available")
        bench.connect()
        try bench.waitForCall("StopTransaction")
    }

    @Test
    func `a tag that is not accepted does not charge`() throws {
        var bench = try LifeBench.booted()
        try bench.waitForCall("Authorize")
        try bench.answer("Authorize", ["idTagInfo": ["status": "Blocked"]])
        #expect(bench.calls.isEmpty)
        #expect(bench.connectorStatus == "Available")
    }

    @Test
    func `a transaction whose tag turns out invalid ends at once`() throws {
        var bench = try LifeBench.booted()
        try bench.waitForCall("Authorize")
        try bench.answer("Authorize", ["idTagInfo": ["status": "Accepted"]])
        try bench.answerStatus(connector: 1, "Preparing")
        try bench.waitForCall("StartTransaction")
        try bench.answer("StartTransaction", ["transactionId": 5, "idTagInfo": ["status": "Invalid"]])
        try bench.answerStatus(connector: 1, "Finishing")
        let stop = try bench.answer("StopTransaction")
        #expect(stop["reason"]?.stringValue == "DeAuthorized")
    }

    @Test(
        arguments: [
            [:], ["transactionId": "x", "idTagInfo": ["status": "Accepted"]], ["transactionId": 1, "idTagInfo": 7],
            ["transactionId": 1.5, "idTagInfo": ["status": "Accepted"]],
        ] as [JSONValue])
    func `an answer that cannot be used counts as a failure`(payload: JSONValue) throws {
        var bench = try LifeBench.booted()
        try bench.waitForCall("Authorize")
        try bench.answer("Authorize", ["idTagInfo": ["status": "Accepted"]])
        try bench.answerStatus(connector: 1, "Preparing")
        try bench.waitForCall("StartTransaction")
        try bench.answer("StartTransaction", try #require(payload.objectValue))
        #expect(bench.occurrences.last == .callFailed(code: "unusable answer"))
        try bench.waitForCall("StartTransaction")
    }

    @Test(
        arguments: [
            "", "{}", "[]", "nonsense", "[2]", "[3,\"1\"]", "[9,\"1\",{}]", "[2,1,\"Reset\",{}]",
            "[2,\"\",\"Reset\",{}]",
            "[3,\"unknown\",{}]", "[4,\"unknown\",\"GenericError\",\"\",{}]", "[2,\"a\",\"Reset\",[]]",
            "[2,\"a\",\"Reset\",{}",
            String(repeating: "[", count: 60_000), "\"" + String(repeating: "a", count: 70_000) + "\"",
        ])
    func `bad texts are counted and change nothing`(text: String) throws {
        var bench = try LifeBench.booted()
        let before = bench.life.station.phase
        bench.receive(text: text)
        #expect(bench.occurrences.last == .badMessage)
        #expect(bench.answers.isEmpty)
        #expect(bench.calls.isEmpty)
        #expect(bench.life.station.phase == before)
    }

    private func energyRegister(_ payload: JSONObject) -> Int? {
        payload["meterValue"]?.arrayValue?.first?.objectValue?["sampledValue"]?.arrayValue?.first?
            .objectValue?["value"]?.stringValue.flatMap { Int($0) }
    }
}
