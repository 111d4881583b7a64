/// What the central system says in OCPP 1.6.
extension CentralSystem {
    /// The payload of the CALLRESULT; nil when this central system does not know the action.
    mutating func answer16(
        to action: String, _ payload: JSONObject, record: inout ChargePointRecord
    ) throws(PayloadFault) -> JSONObject? {
        switch action {
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
        guard OpenTransaction.plausibleMeter.contains(meterStart) else { throw .notAllowed(field: "meterStart") }
        let number = nextTransactionNumber()
        open(
            OpenTransaction(
                id: .number(number), connector: connector, meterStart: meterStart, meterLatest: meterStart),
            of: &record)
        return ["transactionId": .integer(number), "idTagInfo": ["status": "Accepted"]]
    }

    private func meterValues(_ payload: JSONObject, record: inout ChargePointRecord) throws(PayloadFault) {
        _ = try payload.integer("connectorId")
        guard let values = payload["meterValue"] else { throw .missing(field: "meterValue") }
        guard let values = values.arrayValue else { throw .wrongType(field: "meterValue") }
        guard let transactionID = try payload.optionalInteger("transactionId"),
            let index = record.transactions.firstIndex(where: { $0.id == .number(transactionID) })
        else { return }
        for sample in values.flatMap({ $0.objectValue?["sampledValue"]?.arrayValue ?? [] }) {
            guard let sample = sample.objectValue,
                // OCPP 1.6, 7.43: this measurand and Wh are the defaults.
                sample["measurand"]?.stringValue ?? "Energy.Active.Import.Register" == "Energy.Active.Import.Register",
                let value = sample["value"]?.stringValue.flatMap(Double.init)
            else { continue }
            let wattHours = sample["unit"]?.stringValue == "kWh" ? value * 1_000 : value
            if let meter = Int(exactly: wattHours.rounded()), OpenTransaction.plausibleMeter.contains(meter) {
                record.transactions[index].meterLatest = meter
            }
        }
    }

    private mutating func stopTransaction(
        _ payload: JSONObject, record: inout ChargePointRecord
    ) throws(PayloadFault) -> JSONObject {
        let id = try payload.integer("transactionId")
        let meterStop = try payload.integer("meterStop")
        guard OpenTransaction.plausibleMeter.contains(meterStop) else { throw .notAllowed(field: "meterStop") }
        close(.number(id), meterStop: meterStop, of: &record)
        return ["idTagInfo": ["status": "Accepted"]]
    }

    /// The next command to a charge point.
    mutating func command16(for record: ChargePointRecord) -> (String, JSONObject) {
        let chance = Int.random(in: 0..<10, using: &random)
        if chance < 5, record.status == "Available", record.transactions.isEmpty {
            return ("RemoteStartTransaction", ["connectorId": 1, "idTag": "REMOTE-APP-0001"])
        }
        if chance < 3, case .number(let id)? = record.transactions.first?.id {
            return ("RemoteStopTransaction", ["transactionId": .integer(id)])
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
