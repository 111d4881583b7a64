import NIOCore
import OCPPJ
import Testing

@testable import ChargePointSimulator

@Suite("Whole lives with the small central system, every message held to the schemas")
struct WholeLifeTests {
    private func isFault(_ occurrence: LifeOccurrence) -> Bool {
        switch occurrence {
        case .callFailed, .callTimedOut, .transactionMessageLost, .answerRefused, .badMessage: true
        default: false
        }
    }

    @Test(
        arguments: OCPPVersion.allCases, 1...2 as ClosedRange<UInt64>)
    func `a life of its version says what there is to say, and both sides only what its schemas allow`(
        version: OCPPVersion, seed: UInt64
    ) throws {
        var pair = try LifeAndCentralSystem(version, seed: seed, commandsPerMinute: 10)
        for pause in 1...3 as ClosedRange<Int64> {
            try pair.live(for: .minutes(4))
            try pair.loseConnection(for: .seconds(pause * 3))
        }
        try pair.live(for: .minutes(4))
        #expect(pair.occurrences.filter(isFault) == [])
        let missing = Self.expected[version, default: []].subtracting(pair.said.keys)
        #expect(missing == [])
        let snapshot = pair.centralSystem.snapshot
        #expect(snapshot.badMessages == 0)
        #expect(snapshot.commandErrors == 0)
        #expect(snapshot.commandsAnswered > 20)
        #expect(snapshot.transactions > 3)
        #expect(snapshot.wattHours > 0)
        #expect((snapshot.streamedValues > 0) == (version == .v21))
    }

    private static let expected2: Set<String> = [
        "BootNotification", "StatusNotification", "SecurityEventNotification", "NotifyReport", "Authorize",
        "TransactionEvent Started", "TransactionEvent Updated", "TransactionEvent Ended", "MeterValues", "Heartbeat",
    ]

    private static let expected: [OCPPVersion: Set<String>] = [
        .v16: [
            "BootNotification", "StatusNotification", "Authorize", "StartTransaction", "MeterValues", "StopTransaction",
            "Heartbeat",
        ],
        .v201: expected2,
        .v21: expected2.union([
            "OpenPeriodicEventStream", "NotifyPeriodicEventStream", "ClosePeriodicEventStream",
        ]),
    ]

    @Test(arguments: OCPPVersion.allCases)
    func `a life that is reset now and then boots again each time`(version: OCPPVersion) throws {
        var pair = try LifeAndCentralSystem(version, seed: 5, commandsPerMinute: 0)
        let types = version == .v16 ? ["Hard", "Soft"] : ["Immediate", "OnIdle"]
        for (number, type) in (types + types + types).enumerated() {
            try pair.live(for: .minutes(2))
            try pair.tell(.call(id: "reset-\(number)", action: "Reset", payload: ["type": .string(type)]))
        }
        try pair.live(for: .minutes(2))
        #expect(pair.occurrences.filter { $0 == .booted }.count == 7)
        // What was under way when the restart broke the line is said again, and nothing else goes wrong.
        #expect(pair.occurrences.filter(isFault) == [])
    }

    @Test(arguments: OCPPVersion.allCases)
    func `the schemas do find what is wrong with a message of either side`(version: OCPPVersion) throws {
        var judge = try MessageJudge(version)
        let boot = SimulatorMessage.call(id: "1", action: "BootNotification", payload: ["reason": "Boredom"])
        #expect(try judge.fault(in: boot, from: .chargePoint) != nil)
        #expect(try judge.fault(in: .callResult(id: "1", payload: ["status": "Perhaps"]), from: .centralSystem) != nil)
        #expect(try judge.fault(in: .callResult(id: "1", payload: [:]), from: .centralSystem) != nil)
        let stream = SimulatorMessage.send(id: "2", action: "NotifyPeriodicEventStream", payload: ["id": 1])
        #expect(try judge.fault(in: stream, from: .chargePoint) != nil)
    }
}
