import NIOCore
import OCPPJ
import Testing

@testable import ChargePointSimulator

/// A charge point's life with a clock that the test moves, and the test as its central system.
struct LifeBench {
    struct Sent {
        var id: String
        var action: String
        var payload: JSONObject
    }

    var life: any ChargePointLife
    private(set) var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    /// The CALLs that the charge point sent and that the test has not taken yet.
    private(set) var calls: [Sent] = []
    /// Everything that it sent, in order.
    private(set) var sent: [SimulatorMessage] = []
    /// Its answers to commands.
    private(set) var answers: [SimulatorMessage] = []
    private(set) var occurrences: [LifeOccurrence] = []
    private(set) var restarts: [TimeAmount] = []
    private var lastCommand = 0

    init(_ version: OCPPVersion = .v16, seed: UInt64 = 7, timeScale: Double = 60, hasDrivers: Bool = true) {
        life = version.life(
            of: Station(
                identity: "CP0001", pace: LifePace(timeScale: timeScale, hasDrivers: hasDrivers), seed: seed,
                clock: WallClock(date: .init(timeIntervalSince1970: 1_700_000_000), at: now), now: now))
    }

    /// What StatusNotification calls the connector's phase.
    var connectorStatus: String { life.status(of: life.station.phase) }

    /// A life that has connected, booted, and told its status.
    static func booted(seed: UInt64 = 7, hasDrivers: Bool = true) throws -> LifeBench {
        var bench = LifeBench(seed: seed, hasDrivers: hasDrivers)
        bench.connect()
        try bench.answerBoot(status: "Accepted", interval: 300)
        try bench.answerStatus(connector: 0, "Available")
        try bench.answerStatus(connector: 1, "Available")
        return bench
    }

    /// A life in the middle of transaction 42.
    static func charging(seed: UInt64 = 7) throws -> LifeBench {
        var bench = try LifeBench.booted(seed: seed)
        try bench.waitForCall("Authorize")
        try bench.answer("Authorize", ["idTagInfo": ["status": "Accepted"]])
        try bench.answerStatus(connector: 1, "Preparing")
        try bench.waitForCall("StartTransaction")
        try bench.answer("StartTransaction", ["transactionId": 42, "idTagInfo": ["status": "Accepted"]])
        try bench.answerStatus(connector: 1, "Charging")
        return bench
    }

    private mutating func take(_ actions: [LifeAction]) {
        for action in actions {
            if case .send(let message) = action { sent.append(message) }
            switch action {
            case .send(.send): break
            case .send(.call(let id, let action, let payload)):
                calls.append(Sent(id: id, action: action, payload: payload))
            case .send(let answer): answers.append(answer)
            case .report(let occurrence): occurrences.append(occurrence)
            case .restart(let pause): restarts.append(pause)
            }
        }
    }

    mutating func connect() { take(life.connected(at: now)) }

    mutating func disconnect() { take(life.disconnected(at: now)) }

    mutating func receive(_ message: SimulatorMessage) { take(life.received(message.ocppJ(), at: now)) }

    mutating func receive(text: String) { take(life.received(ByteBuffer(string: text), at: now)) }

    /// Sends a command and returns the answer to it.
    mutating func command(_ action: String, _ payload: JSONObject) throws -> SimulatorMessage {
        lastCommand += 1
        let before = answers.count
        receive(.call(id: "command-\(lastCommand)", action: action, payload: payload))
        #expect(answers.count == before + 1, "a command gets exactly one answer")
        let answer = try #require(answers.last)
        #expect(answer.id == "command-\(lastCommand)")
        return answer
    }

    /// The status of the answer to a command.
    mutating func status(of action: String, _ payload: JSONObject) throws -> String {
        guard case .callResult(_, let result) = try command(action, payload) else {
            Issue.record("\(action) was answered with a CALLERROR")
            return ""
        }
        return try #require(result["status"]?.stringValue)
    }

    /// Moves the clock through everything that is due.
    mutating func advance(by time: TimeAmount) {
        let end = now + time
        var steps = 0
        while let next = life.nextWake, next <= end {
            now = max(now, next)
            take(life.wake(at: now))
            steps += 1
            guard steps < 10_000 else {
                Issue.record("the life asks to be woken without end")
                return
            }
        }
        now = end
    }

    /// Moves the clock from one due moment to the next, until this CALL is out.
    mutating func waitForCall(_ action: String) throws {
        for _ in 0..<100 where !calls.contains(where: { $0.action == action }) {
            let next = try #require(life.nextWake, "nothing more is due, and no \(action) was sent")
            now = max(now, next)
            take(life.wake(at: now))
        }
        try #require(calls.contains { $0.action == action }, "no \(action) was sent")
    }

    /// The oldest CALL that the test has not taken; there is only one unanswered at any time.
    @discardableResult
    mutating func takeCall(_ action: String) throws -> Sent {
        try #require(!calls.isEmpty, "no \(action) was sent")
        let call = calls.removeFirst()
        try #require(call.action == action)
        return call
    }

    @discardableResult
    mutating func answer(_ action: String, _ payload: JSONObject = [:]) throws -> JSONObject {
        let call = try takeCall(action)
        receive(.callResult(id: call.id, payload: payload))
        return call.payload
    }

    mutating func answerBoot(status: String, interval: Int) throws {
        try answer(
            "BootNotification",
            ["status": .string(status), "interval": .integer(interval), "currentTime": "2026-01-01T00:00:00Z"])
    }

    mutating func answerStatus(connector: Int, _ status: String) throws {
        let payload = try answer("StatusNotification")
        #expect(payload["connectorId"]?.integerValue == connector)
        #expect(payload["status"]?.stringValue == status)
    }
}
