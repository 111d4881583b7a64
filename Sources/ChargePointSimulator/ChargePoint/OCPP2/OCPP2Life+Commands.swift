import NIOCore
import OutsideNames

/// What a charging station answers to the central system's commands.
extension OCPP2Life {
    mutating func answer(
        id: String, action: String, payload: JSONObject, at now: NIODeadline
    ) throws(PayloadFault) {
        switch action {
        case "RequestStartTransaction": try requestStart(id, payload, at: now)
        case "RequestStopTransaction": try requestStop(id, payload, at: now)
        case "GetTransactionStatus": try getTransactionStatus(id, payload)
        case "Reset": try reset(id, payload, at: now)
        case "ChangeAvailability": try changeAvailability(id, payload, at: now)
        case "UnlockConnector": try unlockConnector(id, payload)
        case "TriggerMessage": try triggerMessage(id, payload, at: now)
        case "GetVariables": try getVariables(id, payload)
        case "SetVariables": try setVariables(id, payload)
        case "GetBaseReport": try getBaseReport(id, payload, at: now)
        case "GetReport": try getReport(id, payload, at: now)
        case "GetLocalListVersion":
            // There is no list.
            station.send(.callResult(id: id, payload: ["versionNumber": 0]))
        case "ClearCache": reply(id, status: "Accepted")
        case "DataTransfer":
            let isOurs = try payload.text("vendorId", limit: 255) == DeviceModel.vendor
            reply(id, status: isOurs ? "Accepted" : "UnknownVendorId")
        case "AdjustPeriodicEventStream" where version == .v21: try adjustStream(id, payload)
        case "GetPeriodicEventStream" where version == .v21: getStreams(id)
        default:
            notImplemented(id)
        }
    }

    // MARK: Transactions

    private mutating func requestStart(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let token = try payload.object("idToken")
        let driver = Driver(
            idTag: try token.text("idToken", limit: version == .v21 ? 255 : 36),
            tokenType: try tokenType(token.text("type", limit: 20)),
            remoteStartID: try payload.integer("remoteStartId"))
        let evse = try payload.optionalInteger("evseId") ?? 1
        let isStarted = evse == 1 && startRemotely(driver, at: now)
        reply(id, status: isStarted ? "Accepted" : "Rejected")
    }

    /// IdTokenEnumType, which OCPP 2.1 leaves open.
    private func tokenType(_ text: String) throws(PayloadFault) -> String {
        let known = [
            "Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "NoAuthorization",
        ]
        guard version == .v21 || known.contains(where: text.hasSameBytes) else { throw .notAllowed(field: "type") }
        return text
    }

    private mutating func requestStop(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let asked = try transactionID(payload.text("transactionId", limit: 36))
        guard let transaction = station.transaction, transaction.id == asked else {
            return reply(id, status: "Rejected")
        }
        reply(id, status: "Accepted")
        stop(transaction, because: .remote, at: now)
    }

    private mutating func getTransactionStatus(_ id: String, _ payload: JSONObject) throws(PayloadFault) {
        var answer: JSONObject = ["messagesInQueue": .bool(station.calls.hasTransactionMessages)]
        if let asked = try payload.optionalText("transactionId", limit: 36) {
            let present: TransactionID? =
                switch station.phase {
                case .starting(_, _, let id): id
                case .charging(let transaction): transaction.id
                default: nil
                }
            answer["ongoingIndicator"] = .bool(present == transactionID(asked))
        }
        station.send(.callResult(id: id, payload: answer))
    }

    private func transactionID(_ text: String) -> TransactionID {
        .text(OutsideName(text))
    }

    // MARK: The station

    private mutating func reset(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let type = try payload.text("type", limit: 20)
        // The one EVSE is not reset apart from the rest.
        guard try payload.optionalInteger("evseId") ?? 0 == 0 else { return reply(id, status: "Rejected") }
        switch type {
        case "Immediate":
            reply(id, status: "Accepted")
            resetNow(.hardReset, at: now)
        case "OnIdle" where station.isBusy:
            reply(id, status: "Scheduled")
            station.resetsWhenFree = true
        case "OnIdle":
            reply(id, status: "Accepted")
            resetNow(.softReset, at: now)
        case "ImmediateAndResume" where version == .v21:
            // A transaction does not outlive a restart of this station.
            reply(id, status: "Rejected")
        default:
            throw .notAllowed(field: "type")
        }
    }

    private mutating func changeAvailability(
        _ id: String, _ payload: JSONObject, at now: NIODeadline
    ) throws(PayloadFault) {
        let status = try payload.text("operationalStatus", limit: 20)
        guard status == "Operative" || status == "Inoperative" else { throw .notAllowed(field: "operationalStatus") }
        guard let place = try place(in: payload) else { return reply(id, status: "Rejected") }
        let waits = setOperative(status == "Operative", connector: place, at: now)
        reply(id, status: waits ? "Scheduled" : "Accepted")
    }

    /// The place that `evse` names: 0 is the station, 1 its one connector; nil: there is no such place.
    private func place(in payload: JSONObject) throws(PayloadFault) -> Int? {
        guard let evse = try payload.optionalObject("evse") else { return 0 }
        let id = try evse.integer("id")
        let connector = try evse.optionalInteger("connectorId") ?? 1
        return id == 1 && connector == 1 ? 1 : nil
    }

    private mutating func unlockConnector(_ id: String, _ payload: JSONObject) throws(PayloadFault) {
        guard try payload.integer("evseId") == 1, try payload.integer("connectorId") == 1 else {
            return reply(id, status: "UnknownConnector")
        }
        // OCPP 2.0.1, F05: not under an authorized transaction.
        reply(id, status: station.hasTransaction ? "OngoingAuthorizedTransaction" : "Unlocked")
    }

    // MARK: TriggerMessage

    private mutating func triggerMessage(_ id: String, _ payload: JSONObject, at now: NIODeadline) throws(PayloadFault)
    {
        let requested = try payload.text("requestedMessage", limit: 50)
        guard let action = CallQueue.Action(rawValue: requested), Self.triggerable.contains(action) else {
            return reply(id, status: "NotImplemented")
        }
        guard try place(in: payload) != nil, !station.calls.isFull, canSay(action) else {
            return reply(id, status: "Rejected")
        }
        reply(id, status: "Accepted")
        switch action {
        case .bootNotification:
            station.registration = .booting
            station.calls.append(bootNotification(.triggered))
        case .statusNotification:
            notifyStatus(ofConnector: 1, at: now)
        case .meterValues:
            station.calls.append(meterValues(station.meterReading(.trigger, at: now), at: now))
        case .transactionEvent:
            sample(.trigger, at: now)
        case .firmwareStatusNotification, .logStatusNotification:
            station.calls.append(CallQueue.Call(action: action, payload: ["status": "Idle"]))
        default:
            station.calls.append(CallQueue.Call(action: action, payload: [:]))
        }
    }

    private func canSay(_ action: CallQueue.Action) -> Bool {
        switch action {
        // OCPP 2.0.1, F06: not again once it was accepted.
        case .bootNotification: if case .unregistered = station.registration { true } else { false }
        case .transactionEvent: station.transaction != nil
        default: true
        }
    }

    private static let triggerable: Set<CallQueue.Action> = [
        .bootNotification, .heartbeat, .statusNotification, .meterValues, .transactionEvent,
        .firmwareStatusNotification, .logStatusNotification,
    ]
}
