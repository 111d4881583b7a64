import NIOCore
import OCPPJ

/// A small central system behind the relay topics, as a value without I/O: messages and time go in, what is to be
/// published comes out. It answers each charge point in the version that it speaks.
struct CentralSystem {
    /// A message to a charge point.
    struct Downstream: Equatable {
        var identity: String
        var message: SimulatorMessage
    }

    struct Settings: Sendable {
        /// In seconds, for the answer to BootNotification.
        var heartbeatInterval = 60
        /// Commands to each charge point, on average; 0: none.
        var commandsPerMinute = 2.0
        var seed: UInt64 = 1
    }

    /// Charge points that are remembered; others are answered all the same.
    static let maximumChargePoints = 100_000
    /// The gateway gives up a CALL after 30 s and says so; this is for when it does not.
    static let commandTimeout: TimeAmount = .seconds(60)

    let settings: Settings
    let clock: WallClock
    private(set) var records: [String: ChargePointRecord] = [:]
    private(set) var counts = CentralSystemSnapshot()
    var random: SplitMix64
    private var lastTransaction = 0
    /// How many commands were sent; numbers what a command asks for, too.
    private(set) var lastCommand = 0
    /// Sets the UniqueIds of this run apart from those of the last.
    private let run: String

    init(settings: Settings, clock: WallClock, run: String) {
        self.settings = settings
        self.clock = clock
        self.run = run
        random = SplitMix64(seed: settings.seed)
    }

    var snapshot: CentralSystemSnapshot {
        var snapshot = counts
        snapshot.chargePoints = records.count
        for record in records.values {
            snapshot.openTransactions += record.transactions.count
            for transaction in record.transactions { snapshot.add(energyOf: transaction) }
        }
        return snapshot
    }

    mutating func countBadMessage() {
        counts.badMessages += 1
    }

    mutating func countNotPublished() {
        counts.notPublished += 1
    }

    // MARK: From charge points

    /// A message that came up from a charge point.
    ///
    /// - Parameter version: as the message's user property says; nil: `MessageVersion` finds it.
    /// - Returns: the answer, when it was a CALL.
    mutating func received(
        _ bytes: ByteBuffer, from identity: String, version: OCPPVersion? = nil, at now: NIODeadline
    ) -> SimulatorMessage? {
        guard let message = try? SimulatorMessage(relay: bytes) else {
            countBadMessage()
            return nil
        }
        return received(message, from: identity, version: version, at: now)
    }

    mutating func received(
        _ message: SimulatorMessage, from identity: String, version: OCPPVersion? = nil, at now: NIODeadline
    ) -> SimulatorMessage? {
        var record = records[identity] ?? newRecord(at: now)
        let version = version ?? MessageVersion.of(message, spokenBefore: record.version)
        record.version = version
        record.lastSeen = now
        defer {
            if records[identity] != nil || records.count < Self.maximumChargePoints { records[identity] = record }
        }
        switch message {
        case .call(let id, let action, let payload):
            return answered(id, action, payload, in: version, record: &record, at: now)
        case .callResult(let id, _):
            guard record.command?.id == id else {
                countBadMessage()
                return nil
            }
            record.command = nil
            counts.commandsAnswered += 1
        case .callError(let id, _, _, let details):
            let isAnswer = record.command?.id == id
            if isAnswer { record.command = nil }
            if details["source"]?.stringValue == "gateway" {
                countGatewayError(details["reason"]?.stringValue ?? "unknown")
            } else if isAnswer {
                counts.commandErrors += 1
            } else {
                countBadMessage()
            }
        case .callResultError where version == .v21:
            counts.answersRefused += 1
        case .send(_, "NotifyPeriodicEventStream", let payload) where version == .v21:
            counts.streamedValues += payload["data"]?.arrayValue?.count ?? 0
        case .callResultError, .send:
            countBadMessage()
        }
        return nil
    }

    /// The answer to a CALL.
    private mutating func answered(
        _ id: String, _ action: String, _ payload: JSONObject, in version: OCPPVersion,
        record: inout ChargePointRecord, at now: NIODeadline
    ) -> SimulatorMessage {
        do {
            guard let answer = try answer(to: action, payload, in: version, record: &record, at: now) else {
                counts.callsRefused += 1
                return .callError(
                    id: id, code: "NotImplemented", description: "this central system does not know the action",
                    details: [:])
            }
            counts.callsAnswered += 1
            return .callResult(id: id, payload: answer)
        } catch {
            counts.callsRefused += 1
            return error.callError(id: id, version: version)
        }
    }

    private mutating func countGatewayError(_ reason: String) {
        // The contract names ten reasons; whoever publishes more shall not fill the memory.
        let isKnown = counts.gatewayErrors[reason] != nil || counts.gatewayErrors.count < 20
        counts.gatewayErrors[isKnown && reason.count <= 40 ? reason : "other", default: 0] += 1
    }

    private mutating func newRecord(at now: NIODeadline) -> ChargePointRecord {
        ChargePointRecord(nextCommand: now + commandPause(), lastSeen: now)
    }

    /// The payload of the CALLRESULT; nil when the version has no such action, or this central system does not know it.
    private mutating func answer(
        to action: String, _ payload: JSONObject, in version: OCPPVersion, record: inout ChargePointRecord,
        at now: NIODeadline
    ) throws(PayloadFault) -> JSONObject? {
        switch (version, action) {
        case (_, "BootNotification"):
            try boot(payload, in: version, record: &record)
            return [
                "status": "Accepted", "currentTime": .string(clock.timestamp(at: now)),
                "interval": .integer(settings.heartbeatInterval),
            ]
        case (_, "Heartbeat"):
            return ["currentTime": .string(clock.timestamp(at: now))]
        case (_, "DataTransfer"):
            _ = try payload.text("vendorId", limit: 255)
            return ["status": "Accepted"]
        case (.v16, _):
            return try answer16(to: action, payload, record: &record)
        case (.v201, _) where version.actions.sender(of: action) == nil:
            return nil
        case (.v201, _), (.v21, _):
            return try answer2(to: action, payload, in: version, record: &record)
        }
    }

    private func boot(
        _ payload: JSONObject, in version: OCPPVersion, record: inout ChargePointRecord
    ) throws(PayloadFault) {
        if version == .v16 {
            _ = try payload.text("chargePointVendor", limit: 20)
            _ = try payload.text("chargePointModel", limit: 20)
        } else {
            let station = try payload.object("chargingStation")
            _ = try station.text("vendorName", limit: 50)
            _ = try station.text("model", limit: 20)
            _ = try payload.text("reason", limit: 20)
            record.wantsReport = true
        }
        record.status = ""
    }

    // MARK: Transactions

    /// A transaction begins. One that is still open on its connector has lost its end.
    mutating func open(_ transaction: OpenTransaction, of record: inout ChargePointRecord) {
        let isRepeated = record.transactions.contains { $0.id == transaction.id }
        if !isRepeated { counts.transactions += 1 }
        record.transactions.removeAll { open in
            guard open.connector == transaction.connector else { return false }
            if !isRepeated { counts.add(energyOf: open) }
            return true
        }
        if record.transactions.count < ChargePointRecord.maximumTransactions {
            record.transactions.append(transaction)
        }
    }

    /// A transaction ends; one that is not known ends in silence.
    mutating func close(_ id: TransactionID, meterStop: Int?, of record: inout ChargePointRecord) {
        guard let index = record.transactions.firstIndex(where: { $0.id == id }) else { return }
        var transaction = record.transactions.remove(at: index)
        if let meterStop { transaction.meterLatest = meterStop }
        counts.add(energyOf: transaction)
    }

    mutating func nextTransactionNumber() -> Int {
        lastTransaction += 1
        return lastTransaction
    }

    // MARK: Commands

    private mutating func commandPause() -> TimeAmount {
        guard settings.commandsPerMinute > 0 else { return .hours(24) }
        let mean = 60e9 / settings.commandsPerMinute
        return .nanoseconds(Int64(min(Double.random(in: 0.5...1.5, using: &random) * mean, 86_400e9)))
    }

    /// The commands that are due now. One is open to a charge point at a time.
    mutating func commands(at now: NIODeadline) -> [Downstream] {
        var commands: [Downstream] = []
        // In the order of identities, so that a seed repeats a run.
        let due = records.filter { record in
            record.value.nextCommand <= now || record.value.command.map { $0.deadline <= now } ?? false
        }
        for identity in due.keys.sorted() {
            guard var record = records[identity] else { continue }
            if let open = record.command, open.deadline <= now {
                record.command = nil
                counts.commandsTimedOut += 1
            }
            // Two heartbeats missed: it is gone, and nobody would answer.
            let isHere = record.lastSeen + .seconds(Int64(settings.heartbeatInterval) * 2) >= now
            if record.command == nil, isHere, record.nextCommand <= now, settings.commandsPerMinute > 0 {
                lastCommand += 1
                let (action, payload) = chooseCommand(for: &record)
                let id = "\(run)-\(lastCommand)"
                record.command = ChargePointRecord.OpenCommand(
                    id: id, action: action, deadline: now + Self.commandTimeout)
                counts.commandsSent += 1
                commands.append(
                    Downstream(identity: identity, message: .call(id: id, action: action, payload: payload)))
            }
            if record.nextCommand <= now { record.nextCommand = now + commandPause() }
            records[identity] = record
        }
        return commands
    }
    private mutating func chooseCommand(for record: inout ChargePointRecord) -> (String, JSONObject) {
        switch record.version {
        case nil, .v16: command16(for: record)
        case .v201, .v21: command2(for: &record)
        }
    }
}
