import NIOCore
import OCPPJ
import OutsideNames

/// A life in OCPP 2.0.1 or 2.1: what it says, and what the answers mean. What 2.1 adds is a periodic event stream.
struct OCPP2Life: ChargePointLife {
    let version: OCPPVersion
    var station: Station
    /// How many TransactionEvents of the present transaction were said: the next one's `seqNo`.
    private var transactionEvents = 0
    /// OCPP 2.1 only.
    var stream: EventStream?
    /// How many streams were opened.
    var streams = 0

    init(version: OCPPVersion, station: Station) {
        self.version = version
        self.station = station
    }

    /// The one connector (OCPP 2.0.1, EVSEType).
    static let evse: JSONValue = ["id": 1, "connectorId": 1]

    func bootNotification(_ reason: Station.BootReason) -> CallQueue.Call {
        CallQueue.Call(
            action: .bootNotification,
            payload: [
                "reason": .string(reason.rawValue),
                "chargingStation": [
                    "vendorName": .string(DeviceModel.vendor), "model": .string(DeviceModel.model),
                    "serialNumber": .string(String(station.identity.suffix(25))),
                    "firmwareVersion": .string(DeviceModel.firmware),
                ],
            ])
    }

    /// OCPP 2.0.1, ConnectorStatusEnumType: what a driver does in front of a connector is one word.
    func status(of phase: ConnectorPhase) -> String {
        switch phase {
        case .available, .authorizing: "Available"
        case .preparing, .starting, .charging, .finishing: "Occupied"
        case .unavailable: "Unavailable"
        }
    }

    /// The charging station as a whole has no StatusNotification.
    func statusNotification(ofConnector connector: Int, _ status: String, at now: NIODeadline) -> CallQueue.Call? {
        guard connector > 0 else { return nil }
        return CallQueue.Call(
            action: .statusNotification,
            payload: [
                "evseId": 1, "connectorId": .integer(connector), "connectorStatus": .string(status),
                "timestamp": timestamp(now),
            ])
    }

    func authorization(of driver: Driver) -> CallQueue.Call {
        CallQueue.Call(action: .authorize, payload: ["idToken": Self.token(of: driver)])
    }

    /// OCPP 2.0.1, A04: what starts the device is a critical security event; and, unasked, a first look at what it is,
    /// for a back end that never asks for a report.
    mutating func booted(because reason: Station.BootReason, at now: NIODeadline) {
        let event = reason == .powerUp ? "StartupOfTheDevice" : "ResetOrReboot"
        station.calls.append(
            CallQueue.Call(
                action: .securityEventNotification, payload: ["type": .string(event), "timestamp": timestamp(now)]))
        report(DeviceModel.variables(of: .summary), requestID: 0, at: now)
    }

    func timestamp(_ now: NIODeadline) -> JSONValue {
        .string(station.clock.timestamp(at: now))
    }

    private static func token(of driver: Driver) -> JSONValue {
        ["idToken": .string(driver.idTag), "type": .string(driver.tokenType)]
    }

    // MARK: Transactions

    /// In the form of a UUID.
    mutating func transactionID() -> TransactionID? {
        let digits = (0..<2).map { _ in
            let half = String(station.random.next(), radix: 16)
            return String(repeating: "0", count: 16 - half.count) + half
        }.joined()
        var rest = digits[...]
        let groups = [8, 4, 4, 4, 12].map { length in
            defer { rest = rest.dropFirst(length) }
            return rest.prefix(length)
        }
        return .text(OutsideName(groups.joined(separator: "-")))
    }

    mutating func transactionBegin(
        _ id: TransactionID?, _ driver: Driver, _ reading: MeterReading, at now: NIODeadline
    ) -> CallQueue.Call {
        transactionEvents = 0
        var info: JSONObject = ["transactionId": id?.json ?? .null, "chargingState": "EVConnected"]
        if let remoteStart = driver.remoteStartID { info["remoteStartId"] = .integer(remoteStart) }
        var call = transactionEvent(
            "Started", driver.remoteStartID == nil ? "CablePluggedIn" : "RemoteStart", info, reading, at: now)
        call.payload["idToken"] = Self.token(of: driver)
        call.importance = .transactionBegin
        return call
    }

    mutating func chargingBegan(_ transaction: ChargingTransaction, at now: NIODeadline) {
        let info: JSONObject = ["transactionId": transaction.id.json, "chargingState": "Charging"]
        station.calls.append(transactionEvent("Updated", "ChargingStateChanged", info, nil, at: now))
        if version == .v21 { openStream() }
    }

    mutating func transactionSample(
        _ transaction: ChargingTransaction, _ reading: MeterReading, at now: NIODeadline
    ) -> CallQueue.Call {
        let info: JSONObject = ["transactionId": transaction.id.json, "chargingState": "Charging"]
        let trigger = reading.context == .trigger ? "Trigger" : "MeterValuePeriodic"
        return transactionEvent("Updated", trigger, info, reading, at: now)
    }

    mutating func transactionEnd(
        _ transaction: ChargingTransaction, _ reason: StopReason, _ reading: MeterReading, at now: NIODeadline
    ) -> CallQueue.Call {
        closeStream(at: now)
        let (stopped, trigger) = Self.texts(of: reason)
        let seconds = Int(station.pace.seconds(now - transaction.began))
        let info: JSONObject = [
            "transactionId": transaction.id.json, "stoppedReason": .string(stopped),
            "chargingState": reason == .evDisconnected ? "Idle" : "EVConnected", "timeSpentCharging": .integer(seconds),
        ]
        var call = transactionEvent("Ended", trigger, info, reading, at: now)
        // Who ended it shows a token for it.
        if reason == .local { call.payload["idToken"] = Self.token(of: transaction.driver) }
        call.importance = .transactionEnd
        return call
    }

    /// ReasonEnumType and TriggerReasonEnumType.
    private static func texts(of reason: StopReason) -> (stopped: String, trigger: String) {
        switch reason {
        case .local: ("Local", "StopAuthorized")
        case .evDisconnected: ("EVDisconnected", "EVCommunicationLost")
        case .remote: ("Remote", "RemoteStop")
        case .deauthorized: ("DeAuthorized", "Deauthorized")
        case .unlockCommand: ("Other", "UnlockCommand")
        case .hardReset, .softReset: ("ImmediateReset", "ResetCommand")
        }
    }

    private mutating func transactionEvent(
        _ type: String, _ trigger: String, _ info: JSONObject, _ reading: MeterReading?, at now: NIODeadline
    ) -> CallQueue.Call {
        var payload: JSONObject = [
            "eventType": .string(type), "triggerReason": .string(trigger), "seqNo": .integer(transactionEvents),
            "timestamp": timestamp(now), "transactionInfo": .object(info), "evse": Self.evse,
        ]
        transactionEvents += 1
        if !station.isConnected { payload["offline"] = true }
        if let reading { payload["meterValue"] = [meterValue(reading, at: now)] }
        return CallQueue.Call(action: .transactionEvent, payload: payload, importance: .transaction)
    }

    func meterValues(_ reading: MeterReading, at now: NIODeadline) -> CallQueue.Call {
        CallQueue.Call(action: .meterValues, payload: ["evseId": 1, "meterValue": [meterValue(reading, at: now)]])
    }

    private func meterValue(_ reading: MeterReading, at now: NIODeadline) -> JSONValue {
        let context = JSONValue.string(reading.context.rawValue)
        return [
            "timestamp": timestamp(now),
            "sampledValue": [
                [
                    "value": .integer(reading.wattHours), "context": context,
                    "measurand": "Energy.Active.Import.Register", "unitOfMeasure": ["unit": "Wh"],
                ],
                [
                    "value": .integer(reading.watts), "context": context, "measurand": "Power.Active.Import",
                    "unitOfMeasure": ["unit": "W"],
                ],
            ],
        ]
    }

    // MARK: Answers

    mutating func accept(_ payload: JSONObject, for call: CallQueue.Call, at now: NIODeadline) throws(PayloadFault) {
        switch call.action {
        case .bootNotification:
            try acceptBoot(payload, at: now)
        case .authorize:
            authorized(try Self.isAccepted(payload.object("idTokenInfo")), at: now)
        case .transactionEvent where call.importance == .transactionBegin:
            // Without a word about the token it stays authorized.
            let isAccepted = try payload.optionalObject("idTokenInfo").map(Self.isAccepted) ?? true
            if case .starting(_, _, let id?) = station.phase { started(id, isAccepted: isAccepted, at: now) }
        case .openPeriodicEventStream:
            streamAnswered(isAccepted: try payload.text("status", limit: 20) == "Accepted", at: now)
        default:
            break
        }
    }

    private static func isAccepted(_ idTokenInfo: JSONObject) throws(PayloadFault) -> Bool {
        try idTokenInfo.text("status", limit: 20) == "Accepted"
    }
}
