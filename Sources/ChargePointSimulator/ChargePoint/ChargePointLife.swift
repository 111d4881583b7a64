import NIOCore
import OCPPJ

/// The life of one charge point with one connector, as a value without I/O: what happens to it goes in (connected, a
/// message, time), what it does comes out.
///
/// What happens when is the same in all versions of OCPP and stands in the extensions of this protocol; what is said
/// then, and what the central system's words mean, is what each version's life brings.
protocol ChargePointLife: Sendable {
    var version: OCPPVersion { get }
    var station: Station { get set }

    // MARK: What it says

    func bootNotification(_ reason: Station.BootReason) -> CallQueue.Call
    /// What StatusNotification calls a phase.
    func status(of phase: ConnectorPhase) -> String
    /// - Parameter connector: 0 is the charge point itself.
    /// - Returns: nil where the version has no status for it.
    func statusNotification(ofConnector connector: Int, _ status: String, at now: NIODeadline) -> CallQueue.Call?
    func authorization(of driver: Driver) -> CallQueue.Call
    func meterValues(_ reading: MeterReading, at now: NIODeadline) -> CallQueue.Call
    mutating func transactionBegin(
        _ id: TransactionID?, _ driver: Driver, _ reading: MeterReading, at now: NIODeadline
    ) -> CallQueue.Call
    mutating func transactionSample(
        _ transaction: ChargingTransaction, _ reading: MeterReading, at now: NIODeadline
    ) -> CallQueue.Call
    mutating func transactionEnd(
        _ transaction: ChargingTransaction, _ reason: StopReason, _ reading: MeterReading, at now: NIODeadline
    ) -> CallQueue.Call

    // MARK: What it hears

    /// The answer to a CALL of its own.
    mutating func accept(_ payload: JSONObject, for call: CallQueue.Call, at now: NIODeadline) throws(PayloadFault)
    /// A command of the central system, which it answers.
    ///
    /// - Throws: what is wrong with the payload, when it has not answered.
    mutating func answer(
        id: String, action: String, payload: JSONObject, at now: NIODeadline
    ) throws(PayloadFault)

    // MARK: What else it does

    /// The name of a transaction that begins; nil where the central system numbers it.
    mutating func transactionID() -> TransactionID?
    /// Its boot was accepted.
    mutating func booted(because reason: Station.BootReason, at now: NIODeadline)
    mutating func chargingBegan(_ transaction: ChargingTransaction, at now: NIODeadline)
    /// A CALL that is not repeated got no usable answer.
    mutating func gaveUp(_ call: CallQueue.Call, at now: NIODeadline)
    mutating func connectionLost()
    /// When it has something to do of which the other versions know nothing, while it is connected.
    var ownDeadline: NIODeadline? { get }
    mutating func ownMoment(at now: NIODeadline)
}

extension ChargePointLife {
    mutating func transactionID() -> TransactionID? { nil }
    mutating func booted(because reason: Station.BootReason, at now: NIODeadline) {}
    mutating func chargingBegan(_ transaction: ChargingTransaction, at now: NIODeadline) {}
    mutating func gaveUp(_ call: CallQueue.Call, at now: NIODeadline) {}
    mutating func connectionLost() {}
    var ownDeadline: NIODeadline? { nil }
    mutating func ownMoment(at now: NIODeadline) {}
}

extension OCPPVersion {
    /// The life of a charge point that speaks this version.
    func life(of station: Station) -> any ChargePointLife {
        switch self {
        case .v16: OCPP16Life(station: station)
        case .v201, .v21: OCPP2Life(version: self, station: station)
        }
    }
}

// MARK: What happens

extension ChargePointLife {
    /// The WebSocket is open.
    mutating func connected(at now: NIODeadline) -> [LifeAction] {
        station.isConnected = true
        station.lastCall = now
        if station.registration == .accepted {
            // Drivers who came in vain have left: else all of a fleet's would come in the first instant.
            if case .available = station.phase { station.waitForDriver(at: now) }
            // Not a boot: only the line was lost. The central system hears what it may have missed.
            notifyStatus(ofConnector: 0, at: now)
            notifyStatus(ofConnector: 1, at: now)
        } else {
            station.registration = .unregistered(retry: now)
        }
        return advance(to: now)
    }

    /// The WebSocket is gone.
    mutating func disconnected(at now: NIODeadline) -> [LifeAction] {
        station.isConnected = false
        station.toldStatus = nil
        station.calls.connectionLost()
        connectionLost()
        if station.registration == .booting { station.registration = .unregistered(retry: now) }
        if station.resetDeadline != nil {
            // The connection did not wait for the restart; it boots with the next one.
            station.resetDeadline = nil
            station.registration = .unregistered(retry: now)
        }
        // The authorization is gone with the connection, and so is the driver.
        if case .authorizing = station.phase { station.waitForDriver(at: now) }
        return advance(to: now)
    }

    /// A text from the central system.
    mutating func received(_ bytes: ByteBuffer, at now: NIODeadline) -> [LifeAction] {
        guard let message = try? SimulatorMessage(ocppJ: bytes) else {
            station.report(.badMessage)
            return advance(to: now)
        }
        switch message {
        case .call(let id, let action, let payload):
            do {
                try answer(id: id, action: action, payload: payload, at: now)
            } catch {
                station.send(error.callError(id: id, version: version))
            }
            station.report(.commandAnswered)
        case .callResult(let id, let payload):
            answered(id: id, payload, at: now)
        case .callError(let id, let code, _, _):
            if let call = station.calls.close(id: id) {
                station.report(.callFailed(code: code))
                failed(call, at: now)
            } else {
                station.report(.badMessage)
            }
        case .callResultError(_, let code, _, _) where version == .v21:
            station.report(.answerRefused(code: code))
        case .callResultError, .send:
            station.report(.badMessage)
        }
        return advance(to: now)
    }

    /// A moment that `nextWake` named has come.
    mutating func wake(at now: NIODeadline) -> [LifeAction] {
        advance(to: now)
    }

    /// When something is due next, if nothing happens before.
    var nextWake: NIODeadline? {
        let station = station
        var moments: [NIODeadline?] = [station.calls.open?.deadline, station.resetDeadline, station.phaseDeadline]
        if station.isConnected {
            moments.append(station.calls.nextRetry(isRegistered: station.registration == .accepted))
            moments.append(ownDeadline)
            if case .unregistered(let retry) = station.registration { moments.append(retry) }
            if station.registration == .accepted && station.calls.isIdle { moments.append(station.nextHeartbeat) }
        }
        return moments.compactMap(\.self).min()
    }

    /// Does everything that is due, and sends the next CALL if the line is free.
    private mutating func advance(to now: NIODeadline) -> [LifeAction] {
        if let call = station.calls.expire(at: now) {
            station.report(.callTimedOut)
            failed(call, at: now)
        }
        if case .unregistered(let retry) = station.registration, station.isConnected, retry <= now {
            station.registration = .booting
            station.calls.append(bootNotification(station.bootReason))
        }
        if let deadline = station.phaseDeadline, deadline <= now {
            advancePhase(at: now)
        }
        if station.isConnected, let deadline = ownDeadline, deadline <= now {
            ownMoment(at: now)
        }
        let isRegistered = station.registration == .accepted
        if isRegistered, station.isConnected, station.calls.isIdle, station.nextHeartbeat <= now {
            station.calls.append(CallQueue.Call(action: .heartbeat, payload: [:]))
        }
        if station.isConnected, let open = station.calls.next(at: now, isRegistered: isRegistered) {
            station.lastCall = now
            station.report(.callSent)
            station.send(.call(id: open.id, action: open.call.action.rawValue, payload: open.call.payload))
        }
        if let deadline = station.resetDeadline, station.calls.isIdle || deadline <= now {
            station.registration = .unregistered(retry: now)
            station.restart()
        }
        return station.takeActions()
    }

    // MARK: Answers to its own CALLs

    private mutating func answered(id: String, _ payload: JSONObject, at now: NIODeadline) {
        guard let call = station.calls.close(id: id) else { return station.report(.badMessage) }
        do {
            try accept(payload, for: call, at: now)
            station.report(.callAnswered)
        } catch {
            if version == .v21 { station.send(error.callResultError(id: id)) }
            station.report(.callFailed(code: "unusable answer"))
            failed(call, at: now)
        }
    }

    /// The BootNotification was answered; the answer's fields are those of all versions.
    mutating func acceptBoot(_ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let status = try payload.text("status", limit: 20)
        let interval = try payload.integer("interval")
        guard status == "Accepted" else {
            // OCPP 1.6, 4.2; OCPP 2.0.1, B02: 0 leaves the pause to the charge point.
            let pause = interval > 0 ? min(interval, 86_400) : 10
            station.registration = .unregistered(retry: now + .seconds(Int64(pause)))
            return
        }
        // A boot that the central system asked for (TriggerMessage) is none.
        let isBoot = station.registration != .accepted
        if isBoot, case .available = station.phase { station.waitForDriver(at: now) }
        station.registration = .accepted
        if interval > 0 { station.settings.heartbeatInterval = min(interval, 86_400) }
        station.report(.booted)
        notifyStatus(ofConnector: 0, at: now)
        notifyStatus(ofConnector: 1, at: now)
        if isBoot { booted(because: station.bootReason, at: now) }
    }

    /// A CALL got a CALLERROR, an unusable answer, or none.
    private mutating func failed(_ call: CallQueue.Call, at now: NIODeadline) {
        if call.action == .bootNotification {
            station.registration = .unregistered(retry: now + .seconds(10))
        } else if call.isTransactionRelated {
            // OCPP 1.6, 3.7; OCPP 2.0.1, E13: each repetition waits longer by the interval.
            if call.attempts < station.settings.transactionAttempts {
                let pause = Int64(station.settings.transactionRetryInterval * call.attempts)
                station.calls.retry(call, at: now + .seconds(pause))
            } else {
                station.report(.transactionMessageLost)
                if call.importance == .transactionBegin { abandonStart(at: now) }
            }
        } else if case .authorizing = station.phase, call.action == .authorize {
            station.waitForDriver(at: now)
        } else {
            gaveUp(call, at: now)
        }
    }

    // MARK: Notifications

    /// Tells the status of a connector. While there is no connection nothing, since the next one tells it.
    mutating func notifyStatus(ofConnector connector: Int, at now: NIODeadline) {
        guard station.isConnected else { return }
        let isStation = connector == 0
        let status =
            isStation ? (station.inoperative.contains(0) ? "Unavailable" : "Available") : status(of: station.phase)
        guard let call = statusNotification(ofConnector: connector, status, at: now) else { return }
        if !isStation { station.toldStatus = status }
        station.calls.append(call)
    }

    /// Tells the status of the connector if it has another one than the central system was told.
    mutating func notifyNewStatus(at now: NIODeadline) {
        if status(of: station.phase) != station.toldStatus { notifyStatus(ofConnector: 1, at: now) }
    }
}
