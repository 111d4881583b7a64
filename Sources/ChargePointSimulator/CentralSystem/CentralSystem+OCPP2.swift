import Glibc
import OCPPJ
import OutsideNames

/// What the central system says in OCPP 2.0.1 and 2.1.
extension CentralSystem {
    /// The payload of the CALLRESULT; nil when this central system does not know the action. What is here of 2.1 alone
    /// has been refused to 2.0.1 already.
    mutating func answer2(
        to action: String, _ payload: JSONObject, in version: OCPPVersion, record: inout ChargePointRecord
    ) throws(PayloadFault) -> JSONObject? {
        switch action {
        case "StatusNotification":
            let status = try payload.text("connectorStatus", limit: 20)
            let connector = try payload.integer("connectorId")
            if try payload.integer("evseId") == 1, connector == 1 { record.status = status }
            return [:]
        case "Authorize":
            _ = try payload.object("idToken").text("idToken", limit: version == .v21 ? 255 : 36)
            return ["idTokenInfo": ["status": "Accepted"]]
        case "TransactionEvent":
            return try transactionEvent(payload, record: &record)
        case "MeterValues":
            _ = try payload.integer("evseId")
            _ = try Self.energy(in: payload)
            return [:]
        case "OpenPeriodicEventStream":
            _ = try payload.object("constantStreamData").integer("id")
            return ["status": "Accepted"]
        case "ClosePeriodicEventStream":
            _ = try payload.integer("id")
            return [:]
        case "NotifyReport":
            _ = try payload.integer("requestId")
            return [:]
        case "SecurityEventNotification":
            _ = try payload.text("type", limit: 50)
            return [:]
        case "FirmwareStatusNotification", "LogStatusNotification", "ClearedChargingLimit", "NotifyChargingLimit",
            "NotifyCustomerInformation", "NotifyDisplayMessages", "NotifyEvent", "NotifyMonitoringReport",
            "PublishFirmwareStatusNotification", "ReportChargingProfiles", "ReservationStatusUpdate", "NotifyDERAlarm",
            "NotifyDERStartStop", "NotifyPriorityCharging", "ReportDERControl":
            return [:]
        default:
            return nil
        }
    }

    private mutating func transactionEvent(
        _ payload: JSONObject, record: inout ChargePointRecord
    ) throws(PayloadFault) -> JSONObject {
        let type = try payload.text("eventType", limit: 20)
        let name = try payload.object("transactionInfo").text("transactionId", limit: 36)
        let id = TransactionID.text(OutsideName(name))
        let evse = try payload.optionalObject("evse")?.integer("id") ?? 1
        let energy = try Self.energy(in: payload)
        switch type {
        case "Started":
            let meter = energy ?? 0
            open(OpenTransaction(id: id, connector: evse, meterStart: meter, meterLatest: meter), of: &record)
        case "Updated":
            if let energy, let index = record.transactions.firstIndex(where: { $0.id == id }) {
                record.transactions[index].meterLatest = energy
            }
        case "Ended":
            close(id, meterStop: energy, of: &record)
        default:
            throw .notAllowed(field: "eventType")
        }
        // OCPP 2.0.1, E01: a token that is shown is judged.
        return payload["idToken"] == nil ? [:] : ["idTokenInfo": ["status": "Accepted"]]
    }

    /// The last plausible reading of the energy register, in Wh.
    private static func energy(in payload: JSONObject) throws(PayloadFault) -> Int? {
        guard payload["meterValue"] != nil else { return nil }
        var latest: Int?
        for value in try payload.objects("meterValue", limit: 1_000) {
            for sample in try value.objects("sampledValue", limit: 1_000) {
                guard let reading = sample["value"]?.numberValue else { throw .wrongType(field: "value") }
                // OCPP 2.0.1, SampledValueType: this measurand, and Wh, are the defaults.
                let measurand = sample["measurand"]?.stringValue ?? "Energy.Active.Import.Register"
                guard measurand == "Energy.Active.Import.Register" else { continue }
                let unit = sample["unitOfMeasure"]?.objectValue
                let multiplier = unit?["multiplier"]?.integerValue ?? 0
                guard (-12...12).contains(multiplier) else { continue }
                let exponent = multiplier + (unit?["unit"]?.stringValue == "kWh" ? 3 : 0)
                let wattHours = (reading * pow(10, Double(exponent))).rounded()
                if let meter = Int(exactly: wattHours), OpenTransaction.plausibleMeter.contains(meter) {
                    latest = meter
                }
            }
        }
        return latest
    }

    /// The next command to a charge point. After a boot that is the question what it is.
    mutating func command2(for record: inout ChargePointRecord) -> (String, JSONObject) {
        let place: JSONValue = ["id": 1, "connectorId": 1]
        if record.wantsReport {
            record.wantsReport = false
            return ("GetBaseReport", ["requestId": .integer(lastCommand), "reportBase": "FullInventory"])
        }
        let chance = Int.random(in: 0..<10, using: &random)
        if chance < 5, record.status == "Available", record.transactions.isEmpty {
            let token: JSONValue = ["idToken": "REMOTE-APP-0001", "type": "Central"]
            return ("RequestStartTransaction", ["evseId": 1, "idToken": token, "remoteStartId": .integer(lastCommand)])
        }
        if let transaction = record.transactions.first {
            if chance < 3 { return ("RequestStopTransaction", ["transactionId": transaction.id.json]) }
            if chance == 3 { return ("GetTransactionStatus", ["transactionId": transaction.id.json]) }
            if chance == 4 { return ("TriggerMessage", ["requestedMessage": "TransactionEvent", "evse": place]) }
        }
        switch chance {
        case 5: return ("TriggerMessage", ["requestedMessage": "MeterValues", "evse": place])
        case 6: return ("TriggerMessage", ["requestedMessage": "StatusNotification", "evse": place])
        case 7: return ("TriggerMessage", ["requestedMessage": "Heartbeat"])
        case 8 where record.version == .v21: return ("GetPeriodicEventStream", [:])
        case 9: return ("GetLocalListVersion", [:])
        default:
            let asked = [("OCPPCommCtrlr", "HeartbeatInterval"), ("SampledDataCtrlr", "TxUpdatedInterval")]
            let variables = asked.map { component, variable -> JSONValue in
                ["component": ["name": .string(component)], "variable": ["name": .string(variable)]]
            }
            return ("GetVariables", ["getVariableData": .array(variables)])
        }
    }
}
