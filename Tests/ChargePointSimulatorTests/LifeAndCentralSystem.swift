import NIOCore
import OCPPJ
import Testing

@testable import ChargePointSimulator

/// A life and the small central system as values that talk to each other, on a clock of their own.
struct LifeAndCentralSystem {
    private(set) var life: any ChargePointLife
    private(set) var centralSystem: CentralSystem
    private var judge: MessageJudge
    private(set) var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private(set) var occurrences: [LifeOccurrence] = []
    /// How often which action was said, and which answer to a command was given (`Reset Accepted`).
    private(set) var said: [String: Int] = [:]
    private(set) var answers: Set<String> = []
    private var asked: [String: String] = [:]
    private var reconnects: NIODeadline?

    init(_ version: OCPPVersion, seed: UInt64, commandsPerMinute: Double) throws {
        let clock = WallClock(date: .init(timeIntervalSince1970: 1_700_000_000), at: now)
        judge = try MessageJudge(version)
        life = version.life(of: Station(identity: "CP0001", pace: LifePace(), seed: seed, clock: clock, now: now))
        centralSystem = CentralSystem(
            settings: CentralSystem.Settings(
                heartbeatInterval: 60, commandsPerMinute: commandsPerMinute, seed: seed), clock: clock, run: "cs")
    }

    /// Lets some time pass.
    mutating func live(for time: TimeAmount) throws {
        let end = now + time
        if !life.station.isConnected, reconnects == nil { try take(life.connected(at: now)) }
        while now < end {
            now = min(max(now, life.nextWake ?? end), now + .seconds(1))
            if let moment = reconnects, moment <= now {
                reconnects = nil
                try take(life.connected(at: now))
            }
            try take(life.wake(at: now))
            guard life.station.isConnected else { continue }
            for command in centralSystem.commands(at: now) { try tell(command.message) }
        }
    }

    mutating func loseConnection(for pause: TimeAmount) throws {
        judge.connectionLost()
        reconnects = now + pause
        try take(life.disconnected(at: now))
    }

    /// A message of the central system reaches the life.
    mutating func tell(_ message: SimulatorMessage) throws {
        if let fault = try judge.fault(in: message, from: .centralSystem) { Issue.record("\(fault)") }
        if case .call(let id, let action, _) = message { asked[id] = action }
        try take(life.received(message.ocppJ(), at: now))
    }

    private mutating func take(_ actions: [LifeAction]) throws {
        for action in actions {
            switch action {
            case .report(let occurrence): occurrences.append(occurrence)
            case .restart(let pause): try loseConnection(for: pause)
            case .send(let message):
                if let fault = try judge.fault(in: message, from: .chargePoint) { Issue.record("\(fault)") }
                note(message)
                let answer = centralSystem.received(message, from: "CP0001", version: life.version, at: now)
                if let answer { try tell(answer) }
            }
        }
    }

    private mutating func note(_ message: SimulatorMessage) {
        switch message {
        case .call(_, "TransactionEvent", let payload):
            said["TransactionEvent \(payload["eventType"]?.stringValue ?? "")", default: 0] += 1
        case .call(_, let action, _), .send(_, let action, _):
            said[action, default: 0] += 1
        case .callResult(let id, let payload):
            answers.insert("\(asked[id] ?? "") \(payload["status"]?.stringValue ?? "")")
        case .callError, .callResultError: break
        }
    }
}
