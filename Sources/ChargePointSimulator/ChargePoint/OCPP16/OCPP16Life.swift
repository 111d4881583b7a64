import NIOCore
import OCPPJ

/// A life in OCPP 1.6: what it says, and what the answers mean.
struct OCPP16Life: ChargePointLife {
    let version = OCPPVersion.v16
    var station: Station

    func bootNotification(_ reason: Station.BootReason) -> CallQueue.Call {
        CallQueue.Call(
            action: .bootNotification,
            payload: [
                "chargePointVendor": "Simulated", "chargePointModel": "SIM-22",
                "chargePointSerialNumber": .string(String(station.identity.suffix(25))), "firmwareVersion": "1.0.0",
                "meterType": "SIM-METER",
            ])
    }

    /// OCPP 1.6, 7.7.
    func status(of phase: ConnectorPhase) -> String {
        switch phase {
        case .available, .authorizing: "Available"
        case .preparing, .starting: "Preparing"
        case .charging: "Charging"
        case .finishing: "Finishing"
        case .unavailable: "Unavailable"
        }
    }

    func statusNotification(ofConnector connector: Int, _ status: String, at now: NIODeadline) -> CallQueue.Call? {
        CallQueue.Call(
            action: .statusNotification,
            payload: [
                "connectorId": .integer(connector), "errorCode": "NoError", "status": .string(status),
                "timestamp": .string(station.clock.timestamp(at: now)),
            ])
    }

    func authorization(of driver: Driver) -> CallQueue.Call {
        CallQueue.Call(action: .authorize, payload: ["idTag": .string(driver.idTag)])
    }

    // MARK: Transactions

    func transactionBegin(
        _ id: TransactionID?, _ driver: Driver, _ reading: MeterReading, at now: NIODeadline
    ) -> CallQueue.Call {
        CallQueue.Call(
            action: .startTransaction,
            payload: [
                "connectorId": 1, "idTag": .string(driver.idTag), "meterStart": .integer(reading.wattHours),
                "timestamp": .string(station.clock.timestamp(at: now)),
            ],
            importance: .transactionBegin)
    }

    func transactionSample(
        _ transaction: ChargingTransaction, _ reading: MeterReading, at now: NIODeadline
    ) -> CallQueue.Call {
        var call = meterValues(reading, at: now)
        call.payload["transactionId"] = transaction.id.json
        call.importance = .transaction
        return call
    }

    func transactionEnd(
        _ transaction: ChargingTransaction, _ reason: StopReason, _ reading: MeterReading, at now: NIODeadline
    ) -> CallQueue.Call {
        CallQueue.Call(
            action: .stopTransaction,
            payload: [
                "transactionId": transaction.id.json, "idTag": .string(transaction.driver.idTag),
                "meterStop": .integer(reading.wattHours), "timestamp": .string(station.clock.timestamp(at: now)),
                "reason": .string(Self.text(of: reason)),
            ],
            importance: .transactionEnd)
    }

    /// OCPP 1.6, 7.36.
    private static func text(of reason: StopReason) -> String {
        switch reason {
        case .local: "Local"
        case .evDisconnected: "EVDisconnected"
        case .remote: "Remote"
        case .deauthorized: "DeAuthorized"
        case .unlockCommand: "UnlockCommand"
        case .hardReset: "HardReset"
        case .softReset: "SoftReset"
        }
    }

    func meterValues(_ reading: MeterReading, at now: NIODeadline) -> CallQueue.Call {
        let context = JSONValue.string(reading.context.rawValue)
        return CallQueue.Call(
            action: .meterValues,
            payload: [
                "connectorId": 1,
                "meterValue": [
                    [
                        "timestamp": .string(station.clock.timestamp(at: now)),
                        "sampledValue": [
                            [
                                "value": .string(String(reading.wattHours)), "context": context,
                                "measurand": "Energy.Active.Import.Register", "unit": "Wh",
                            ],
                            [
                                "value": .string(String(reading.watts)), "context": context,
                                "measurand": "Power.Active.Import", "unit": "W",
                            ],
                        ],
                    ]
                ],
            ])
    }

    // MARK: Answers

    mutating func accept(_ payload: JSONObject, for call: CallQueue.Call, at now: NIODeadline) throws(PayloadFault) {
        switch call.action {
        case .bootNotification:
            try acceptBoot(payload, at: now)
        case .authorize:
            authorized(try Self.isAccepted(payload), at: now)
        case .startTransaction:
            let id = TransactionID.number(try payload.integer("transactionId"))
            started(id, isAccepted: try Self.isAccepted(payload), at: now)
        default:
            break
        }
    }

    private static func isAccepted(_ payload: JSONObject) throws(PayloadFault) -> Bool {
        try payload.object("idTagInfo").text("status", limit: 20) == "Accepted"
    }
}
