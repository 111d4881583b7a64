import NIOCore

/// What a charge point answers to the central system's commands (OCPP 1.6, chapter 5).
extension ChargePointLife {
    /// Our own vendor id, for DataTransfer.
    static let vendor = "Simulated"

    mutating func answer(id: String, action: String, payload: JSONObject, at now: NIODeadline) {
        do {
            switch action {
            case "RemoteStartTransaction": try remoteStart(id, payload, at: now)
            case "RemoteStopTransaction": try remoteStop(id, payload, at: now)
            case "Reset": try reset(id, payload, at: now)
            case "ChangeAvailability": try changeAvailability(id, payload, at: now)
            case "GetConfiguration": try getConfiguration(id, payload)
            case "ChangeConfiguration":
                let key = try payload.text("key", limit: 50)
                reply(id, status: keys.change(key, to: try payload.text("value", limit: 500)).rawValue)
            case "TriggerMessage": try triggerMessage(id, payload, at: now)
            case "UnlockConnector": try unlockConnector(id, payload, at: now)
            case "ClearCache": reply(id, status: "Accepted")
            case "DataTransfer":
                let isOurs = try payload.text("vendorId", limit: 255) == Self.vendor
                reply(id, status: isOurs ? "Accepted" : "UnknownVendorId")
            default:
                send(
                    .callError(
                        id: id, code: "NotImplemented", description: "this charge point does not know the action",
                        details: [:]))
            }
        } catch {
            send(error.callError(id: id))
        }
        report(.commandAnswered)
    }

    private mutating func reply(_ id: String, status: String) {
        send(.callResult(id: id, payload: ["status": .string(status)]))
    }

    private mutating func remoteStart(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let driver = Driver(idTag: try payload.text("idTag", limit: 20))
        let connector = try payload.optionalInteger("connectorId") ?? 1
        guard connector == 1, registration == .accepted, resetDeadline == nil, case .available = phase else {
            return reply(id, status: "Rejected")
        }
        reply(id, status: "Accepted")
        if keys.boolean("AuthorizeRemoteTxRequests") {
            authorize(driver, at: now)
        } else {
            prepare(driver, at: now)
        }
    }

    private mutating func remoteStop(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let transactionID = try payload.integer("transactionId")
        guard case .charging(let transaction) = phase, transaction.id == transactionID else {
            return reply(id, status: "Rejected")
        }
        reply(id, status: "Accepted")
        stop(transaction, reason: "Remote", at: now)
    }

    private mutating func reset(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let type = try payload.text("type", limit: 10)
        guard type == "Hard" || type == "Soft" else { throw .notAllowed(field: "type") }
        reply(id, status: "Accepted")
        guard resetDeadline == nil else { return }
        switch phase {
        case .charging(let transaction):
            stop(transaction, reason: type == "Hard" ? "HardReset" : "SoftReset", at: now)
        case .authorizing, .preparing:
            waitForDriver(at: now)
        case .available, .starting, .finishing, .unavailable:
            break
        }
        resetDeadline = now + Self.resetPatience
    }

    private mutating func changeAvailability(
        _ id: String, _ payload: JSONObject, at now: NIODeadline
    ) throws(PayloadFault) {
        let connector = try payload.integer("connectorId")
        let type = try payload.text("type", limit: 20)
        guard type == "Operative" || type == "Inoperative" else { throw .notAllowed(field: "type") }
        guard (0...1).contains(connector) else { return reply(id, status: "Rejected") }
        let before = inoperative
        if type == "Inoperative" {
            inoperative.insert(connector)
        } else {
            inoperative.remove(connector)
        }
        let isBusy =
            switch phase {
            case .available, .unavailable: false
            case .authorizing, .preparing, .starting, .charging, .finishing: true
            }
        // OCPP 1.6, 5.2: a transaction is finished first.
        reply(id, status: isBusy && type == "Inoperative" ? "Scheduled" : "Accepted")
        guard inoperative != before else { return }
        if connector == 0 { notifyStatus(ofConnector: 0, at: now) }
        let wasUnavailable = phase == .unavailable
        if !isBusy, wasUnavailable == inoperative.isEmpty {
            waitForDriver(at: now)
            notifyStatus(ofConnector: 1, at: now)
        }
    }

    private mutating func getConfiguration(_ id: String, _ payload: JSONObject) throws(PayloadFault) {
        var asked: [String] = []
        if let list = payload["key"] {
            guard let list = list.arrayValue else { throw .wrongType(field: "key") }
            guard list.count <= ConfigurationKeys.maximumKeysPerRequest else { throw .notAllowed(field: "key") }
            for key in list {
                guard let key = key.stringValue else { throw .wrongType(field: "key") }
                guard key.count <= 50 else { throw .notAllowed(field: "key") }
                asked.append(key)
            }
        }
        send(.callResult(id: id, payload: keys.answer(keys: asked)))
    }

    private mutating func triggerMessage(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault)
    {
        let connector = try payload.optionalInteger("connectorId")
        let requested = try payload.text("requestedMessage", limit: 50)
        guard let action = CallQueue.Action(rawValue: requested), Self.triggerable.contains(action) else {
            return reply(id, status: "NotImplemented")
        }
        guard connector.map((0...1).contains) ?? true, !calls.isFull else { return reply(id, status: "Rejected") }
        reply(id, status: "Accepted")
        switch action {
        case .bootNotification:
            calls.append(bootNotification)
        case .statusNotification:
            if connector != 1 { notifyStatus(ofConnector: 0, at: now) }
            if connector != 0 { notifyStatus(ofConnector: 1, at: now) }
        case .meterValues:
            if case .charging(let transaction) = phase {
                sample(transaction, context: "Trigger", at: now)
            } else {
                sample(nil, context: "Trigger", at: now)
            }
        case .diagnosticsStatusNotification, .firmwareStatusNotification:
            calls.append(CallQueue.Call(action: action, payload: ["status": "Idle"], isTransactionRelated: false))
        case .heartbeat, .authorize, .startTransaction, .stopTransaction:
            calls.append(CallQueue.Call(action: action, payload: [:], isTransactionRelated: false))
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
        if case .charging(let transaction) = phase {
            stop(transaction, reason: "UnlockCommand", at: now)
        }
    }
}
