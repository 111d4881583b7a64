import NIOCore

/// A small OCPP 1.6 central system behind the relay topics, as a value without I/O: messages and time go in, what is
/// to be published comes out.
struct CentralSystem {
    /// A message to a charge point.
    struct Downstream: Equatable {
        var identity: String
        var message: OCPPMessage
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
    private var random: SplitMix64
    private var lastTransaction = 0
    private var lastCommand = 0
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
    /// - Returns: the answer, when it was a CALL.
    mutating func received(_ bytes: ByteBuffer, from identity: String, at now: NIODeadline) -> OCPPMessage? {
        guard let message = try? OCPPMessage(relay: bytes) else {
            countBadMessage()
            return nil
        }
        return received(message, from: identity, at: now)
    }

    mutating func received(_ message: OCPPMessage, from identity: String, at now: NIODeadline) -> OCPPMessage? {
        var record = records[identity] ?? newRecord(at: now)
        record.lastSeen = now
        defer {
            if records[identity] != nil || records.count < Self.maximumChargePoints { records[identity] = record }
        }
        switch message {
        case .call(let id, let action, let payload):
            do {
                guard let answer = try answer(to: action, payload, record: &record, at: now) else {
                    counts.callsRefused += 1
                    return .callError(
                        id: id, code: "NotImplemented", description: "this central system does not know the action",
                        details: [:])
                }
                counts.callsAnswered += 1
                return .callResult(id: id, payload: answer)
            } catch {
                counts.callsRefused += 1
                return error.callError(id: id)
            }
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
        }
        return nil
    }

    private mutating func countGatewayError(_ reason: String) {
        // The contract names ten reasons; whoever publishes more shall not fill the memory.
        let isKnown = counts.gatewayErrors[reason] != nil || counts.gatewayErrors.count < 20
        counts.gatewayErrors[isKnown && reason.count <= 40 ? reason : "other", default: 0] += 1
    }

    private mutating func newRecord(at now: NIODeadline) -> ChargePointRecord {
        ChargePointRecord(nextCommand: now + commandPause(), lastSeen: now)
    }

    /// The payload of the CALLRESULT; nil when this central system does not know the action.
    private mutating func answer(
        to action: String, _ payload: JSONObject, record: inout ChargePointRecord, at now: NIODeadline
    ) throws(PayloadFault) -> JSONObject? {
        switch action {
        case "BootNotification":
            _ = try payload.text("chargePointVendor", limit: 20)
            _ = try payload.text("chargePointModel", limit: 20)
            record.status = ""
            return [
                "status": "Accepted", "currentTime": .string(clock.timestamp(at: now)),
                "interval": .integer(settings.heartbeatInterval),
            ]
        case "Heartbeat":
            return ["currentTime": .string(clock.timestamp(at: now))]
        case "StatusNotification":
            let status = try payload.text("status", limit: 20)
            if try payload.integer("connectorId") == 1 { record.status = status }
            return [:]
        case "Authorize":
            _ = try payload.text("idTag", limit: 20)
            return ["idTagInfo": ["status": "Accepted"]]
        case "StartTransaction":
            return try startTransaction(payload, record: &record)
        case "MeterValues":
            try meterValues(payload, record: &record)
            return [:]
        case "StopTransaction":
            return try stopTransaction(payload, record: &record)
        case "DataTransfer":
            _ = try payload.text("vendorId", limit: 255)
            return ["status": "Accepted"]
        case "FirmwareStatusNotification", "DiagnosticsStatusNotification", "LogStatusNotification",
            "SecurityEventNotification", "SignedFirmwareStatusNotification":
            return [:]
        default:
            return nil
        }
    }

    private mutating func startTransaction(
        _ payload: JSONObject, record: inout ChargePointRecord
    ) throws(PayloadFault) -> JSONObject {
        let connector = try payload.integer("connectorId")
        let meterStart = try payload.integer("meterStart")
        _ = try payload.text("idTag", limit: 20)
        guard Self.plausibleMeter.contains(meterStart) else { throw .notAllowed(field: "meterStart") }
        lastTransaction += 1
        counts.transactions += 1
        // A transaction that is still open on this connector has lost its end.
        record.transactions.removeAll { transaction in
            guard transaction.connector == connector else { return false }
            counts.add(energyOf: transaction)
            return true
        }
        if record.transactions.count < ChargePointRecord.maximumTransactions {
            record.transactions.append(
                OpenTransaction(
                    id: lastTransaction, connector: connector, meterStart: meterStart, meterLatest: meterStart))
        }
        return ["transactionId": .integer(lastTransaction), "idTagInfo": ["status": "Accepted"]]
    }

    /// In Wh.
    private static let plausibleMeter = 0...1_000_000_000_000

    private mutating func meterValues(_ payload: JSONObject, record: inout ChargePointRecord) throws(PayloadFault) {
        _ = try payload.integer("connectorId")
        guard let values = payload["meterValue"] else { throw .missing(field: "meterValue") }
        guard let values = values.arrayValue else { throw .wrongType(field: "meterValue") }
        guard let transactionID = try payload.optionalInteger("transactionId"),
            let index = record.transactions.firstIndex(where: { $0.id == transactionID })
        else { return }
        for sample in values.flatMap({ $0.objectValue?["sampledValue"]?.arrayValue ?? [] }) {
            guard let sample = sample.objectValue,
                // OCPP 1.6, 7.43: this measurand and Wh are the defaults.
                sample["measurand"]?.stringValue ?? "Energy.Active.Import.Register" == "Energy.Active.Import.Register",
                let value = sample["value"]?.stringValue.flatMap(Double.init)
            else { continue }
            let wattHours = sample["unit"]?.stringValue == "kWh" ? value * 1_000 : value
            if let meter = Int(exactly: wattHours.rounded()), Self.plausibleMeter.contains(meter) {
                record.transactions[index].meterLatest = meter
            }
        }
    }

    private mutating func stopTransaction(
        _ payload: JSONObject, record: inout ChargePointRecord
    ) throws(PayloadFault) -> JSONObject {
        let id = try payload.integer("transactionId")
        let meterStop = try payload.integer("meterStop")
        guard Self.plausibleMeter.contains(meterStop) else { throw .notAllowed(field: "meterStop") }
        if let index = record.transactions.firstIndex(where: { $0.id == id }) {
            var transaction = record.transactions.remove(at: index)
            transaction.meterLatest = meterStop
            counts.add(energyOf: transaction)
        }
        return ["idTagInfo": ["status": "Accepted"]]
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
                let (action, payload) = chooseCommand(for: record)
                lastCommand += 1
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

    private mutating func chooseCommand(for record: ChargePointRecord) -> (String, JSONObject) {
        let chance = Int.random(in: 0..<10, using: &random)
        if chance < 5, record.status == "Available", record.transactions.isEmpty {
            return ("RemoteStartTransaction", ["connectorId": 1, "idTag": "REMOTE-APP-0001"])
        }
        if chance < 3, let transaction = record.transactions.first {
            return ("RemoteStopTransaction", ["transactionId": .integer(transaction.id)])
        }
        switch chance {
        case 3...5: return ("TriggerMessage", ["requestedMessage": "MeterValues", "connectorId": 1])
        case 6: return ("TriggerMessage", ["requestedMessage": "StatusNotification", "connectorId": 1])
        case 7: return ("TriggerMessage", ["requestedMessage": "Heartbeat"])
        case 8: return ("GetConfiguration", [:])
        default: return ("GetConfiguration", ["key": ["HeartbeatInterval", "MeterValueSampleInterval"]])
        }
    }
}
