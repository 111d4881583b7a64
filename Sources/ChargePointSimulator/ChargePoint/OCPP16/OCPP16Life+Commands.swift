import NIOCore

/// What a charge point answers to the central system's commands (OCPP 1.6, chapter 5).
extension OCPP16Life {
    /// Our own vendor id, for DataTransfer.
    static let vendor = "Simulated"

    mutating func answer(
        id: String, action: String, payload: JSONObject, at now: NIODeadline
    ) throws(PayloadFault) {
        switch action {
        case "RemoteStartTransaction": try remoteStart(id, payload, at: now)
        case "RemoteStopTransaction": try remoteStop(id, payload, at: now)
        case "Reset": try reset(id, payload, at: now)
        case "ChangeAvailability": try changeAvailability(id, payload, at: now)
        case "GetConfiguration": try getConfiguration(id, payload)
        case "ChangeConfiguration": try changeConfiguration(id, payload)
        case "TriggerMessage": try triggerMessage(id, payload, at: now)
        case "UnlockConnector": try unlockConnector(id, payload, at: now)
        case "ClearCache": reply(id, status: "Accepted")
        case "DataTransfer":
            let isOurs = try payload.text("vendorId", limit: 255) == Self.vendor
            reply(id, status: isOurs ? "Accepted" : "UnknownVendorId")
        default:
            notImplemented(id)
        }
    }

    private mutating func remoteStart(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let driver = Driver(idTag: try payload.text("idTag", limit: 20))
        let connector = try payload.optionalInteger("connectorId") ?? 1
        let isStarted = connector == 1 && startRemotely(driver, at: now)
        reply(id, status: isStarted ? "Accepted" : "Rejected")
    }

    private mutating func remoteStop(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let transactionID = TransactionID.number(try payload.integer("transactionId"))
        guard let transaction = station.transaction, transaction.id == transactionID else {
            return reply(id, status: "Rejected")
        }
        reply(id, status: "Accepted")
        stop(transaction, because: .remote, at: now)
    }

    private mutating func reset(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let type = try payload.text("type", limit: 10)
        guard type == "Hard" || type == "Soft" else { throw .notAllowed(field: "type") }
        reply(id, status: "Accepted")
        resetNow(type == "Hard" ? .hardReset : .softReset, at: now)
    }

    private mutating func changeAvailability(
        _ id: String, _ payload: JSONObject, at now: NIODeadline
    ) throws(PayloadFault) {
        let connector = try payload.integer("connectorId")
        let type = try payload.text("type", limit: 20)
        guard type == "Operative" || type == "Inoperative" else { throw .notAllowed(field: "type") }
        guard (0...1).contains(connector) else { return reply(id, status: "Rejected") }
        let waits = setOperative(type == "Operative", connector: connector, at: now)
        reply(id, status: waits ? "Scheduled" : "Accepted")
    }

    private mutating func getConfiguration(_ id: String, _ payload: JSONObject) throws(PayloadFault) {
        var asked: [String] = []
        if let list = payload["key"] {
            guard let list = list.arrayValue else { throw .wrongType(field: "key") }
            guard list.count <= ConfigurationKeys.maximumKeysPerRequest else { throw .notAllowed(field: "key") }
            for key in list {
                guard let key = key.stringValue else { throw .wrongType(field: "key") }
                guard key.unicodeScalars.count <= 50 else { throw .notAllowed(field: "key") }
                asked.append(key)
            }
        }
        station.send(.callResult(id: id, payload: ConfigurationKeys.answer(keys: asked, in: station.settings)))
    }

    private mutating func changeConfiguration(_ id: String, _ payload: JSONObject) throws(PayloadFault) {
        let key = try payload.text("key", limit: 50)
        let value = try payload.text("value", limit: 500)
        reply(id, status: ConfigurationKeys.change(key, to: value, in: &station.settings).rawValue)
    }

    private mutating func triggerMessage(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault)
    {
        let connector = try payload.optionalInteger("connectorId")
        let requested = try payload.text("requestedMessage", limit: 50)
        guard let action = CallQueue.Action(rawValue: requested), Self.triggerable.contains(action) else {
            return reply(id, status: "NotImplemented")
        }
        guard connector.map((0...1).contains) ?? true, !station.calls.isFull else {
            return reply(id, status: "Rejected")
        }
        reply(id, status: "Accepted")
        switch action {
        case .bootNotification:
            station.calls.append(bootNotification(.triggered))
        case .statusNotification:
            if connector != 1 { notifyStatus(ofConnector: 0, at: now) }
            if connector != 0 { notifyStatus(ofConnector: 1, at: now) }
        case .meterValues:
            sample(.trigger, at: now)
        case .diagnosticsStatusNotification, .firmwareStatusNotification:
            station.calls.append(CallQueue.Call(action: action, payload: ["status": "Idle"]))
        default:
            station.calls.append(CallQueue.Call(action: action, payload: [:]))
        }
    }

    private static let triggerable: Set<CallQueue.Action> = [
        .bootNotification, .heartbeat, .statusNotification, .meterValues, .diagnosticsStatusNotification,
        .firmwareStatusNotification,
    ]

    private mutating func unlockConnector(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault)
    {
        guard try payload.integer("connectorId") == 1 else { return reply(id, status: "NotSupported") }
        reply(id, status: "Unlocked")
        // OCPP 1.6, 5.18: unlocking ends the transaction.
        if let transaction = station.transaction { stop(transaction, because: .unlockCommand, at: now) }
    }
}
