import NIOCore

/// The life of one OCPP 1.6 charge point with one connector, as a value without I/O: what happens to it goes in
/// (connected, a message, time), what it does comes out.
struct ChargePointLife {
    /// What the charge point does.
    enum Action: Equatable {
        case send(OCPPMessage)
        case report(Occurrence)
        /// Close with 1001 and connect again after this time, as a restarting charge point does.
        case restart(after: TimeAmount)
    }

    /// What is worth counting.
    enum Occurrence: Equatable {
        case booted
        case callSent
        case callAnswered
        /// A CALLERROR, or an answer that cannot be used.
        case callFailed(code: String)
        case callTimedOut
        /// A transaction message was tried as often as allowed, and is given up.
        case transactionMessageLost
        case commandAnswered
        case chargingBegan
        case chargingEnded(wattHours: Int)
        /// Not an OCPP message, or an answer to nothing.
        case badMessage
    }

    enum Registration: Equatable {
        /// Turned on, and the BootNotification not accepted yet; it is sent (again) at this moment.
        case unregistered(retry: NIODeadline)
        case booting
        case accepted
    }

    static let idTags = [
        "04A1B2C3D4E5F6", "04C7D21A9B6380", "0452FE8A3C7190", "04E96B40D2A815", "DE-ABC-C12345678", "NL-TNM-C00122045",
        "FR-SIM-C98765432", "CARD-0007", "CARD-0042", "FLEET-VAN-11",
    ]
    /// How long a reset waits for the messages that are still to be sent.
    static let resetPatience: TimeAmount = .seconds(5)

    let identity: String
    let pace: LifePace
    let clock: WallClock
    var random: SplitMix64
    var calls = CallQueue()
    var keys = ConfigurationKeys()
    var phase: ConnectorPhase
    var registration: Registration = .unregistered(retry: .uptimeNanoseconds(0))
    var isConnected = false
    /// The connectors (0 is the charge point itself) that the central system has set inoperative.
    var inoperative: Set<Int> = []
    /// The energy register, in Wh, as of `meterRead`.
    var meter: Double
    var meterRead: NIODeadline
    /// When a reset that was accepted goes ahead even if messages wait.
    var resetDeadline: NIODeadline?
    private var lastCall: NIODeadline
    private var actions: [Action] = []

    init(identity: String, pace: LifePace, seed: UInt64, clock: WallClock, now: NIODeadline) {
        self.identity = identity
        self.pace = pace
        self.clock = clock
        random = SplitMix64(seed: seed)
        meter = Double.random(in: 10_000...9_000_000, using: &random).rounded()
        meterRead = now
        lastCall = now
        phase = .available(until: now + pace.real(LifePace.idle, using: &random))
    }

    // MARK: What happens

    /// The WebSocket is open.
    mutating func connected(at now: NIODeadline) -> [Action] {
        isConnected = true
        lastCall = now
        if registration == .accepted {
            // Drivers who came in vain have left: else all of a fleet's would come in the first instant.
            if case .available = phase { waitForDriver(at: now) }
            // Not a boot: only the line was lost. The central system hears what it may have missed.
            notifyStatus(ofConnector: 0, at: now)
            notifyStatus(ofConnector: 1, at: now)
        } else {
            registration = .unregistered(retry: now)
        }
        return advance(to: now)
    }

    /// The WebSocket is gone.
    mutating func disconnected(at now: NIODeadline) -> [Action] {
        isConnected = false
        calls.connectionLost()
        if registration == .booting { registration = .unregistered(retry: now) }
        if resetDeadline != nil {
            // The connection did not wait for the restart; it boots with the next one.
            resetDeadline = nil
            registration = .unregistered(retry: now)
        }
        // The Authorize.req is gone with the connection, and so is the driver.
        if case .authorizing = phase { waitForDriver(at: now) }
        return advance(to: now)
    }

    /// A text from the central system.
    mutating func received(_ bytes: ByteBuffer, at now: NIODeadline) -> [Action] {
        guard let message = try? OCPPMessage(ocppJ: bytes) else {
            report(.badMessage)
            return advance(to: now)
        }
        switch message {
        case .call(let id, let action, let payload):
            answer(id: id, action: action, payload: payload, at: now)
        case .callResult(let id, let payload):
            if let call = calls.close(id: id) {
                accept(payload, for: call, at: now)
            } else {
                report(.badMessage)
            }
        case .callError(let id, let code, _, _):
            if let call = calls.close(id: id) {
                report(.callFailed(code: code))
                failed(call, at: now)
            } else {
                report(.badMessage)
            }
        }
        return advance(to: now)
    }

    /// A moment that `nextWake` named has come.
    mutating func wake(at now: NIODeadline) -> [Action] {
        advance(to: now)
    }

    /// When something is due next, if nothing happens before.
    var nextWake: NIODeadline? {
        var moments: [NIODeadline?] = [calls.open?.deadline, resetDeadline, phaseDeadline]
        if isConnected {
            moments.append(calls.nextRetry(isRegistered: registration == .accepted))
            if case .unregistered(let retry) = registration { moments.append(retry) }
            if registration == .accepted && calls.isIdle { moments.append(nextHeartbeat) }
        }
        return moments.compactMap(\.self).min()
    }

    // MARK: What it does

    mutating func send(_ message: OCPPMessage) {
        actions.append(.send(message))
    }

    mutating func report(_ occurrence: Occurrence) {
        actions.append(.report(occurrence))
    }

    var heartbeatInterval: TimeAmount {
        .seconds(Int64(keys.integer("HeartbeatInterval")))
    }

    private var nextHeartbeat: NIODeadline {
        lastCall + heartbeatInterval
    }

    /// Does everything that is due, and sends the next CALL if the line is free.
    private mutating func advance(to now: NIODeadline) -> [Action] {
        if let call = calls.expire(at: now) {
            report(.callTimedOut)
            failed(call, at: now)
        }
        if case .unregistered(let retry) = registration, isConnected, retry <= now {
            registration = .booting
            calls.append(bootNotification)
        }
        if let deadline = phaseDeadline, deadline <= now {
            advancePhase(at: now)
        }
        if registration == .accepted, isConnected, calls.isIdle, nextHeartbeat <= now {
            calls.append(CallQueue.Call(action: .heartbeat, payload: [:], isTransactionRelated: false))
        }
        if isConnected, let open = calls.next(at: now, isRegistered: registration == .accepted) {
            lastCall = now
            report(.callSent)
            send(.call(id: open.id, action: open.call.action.rawValue, payload: open.call.payload))
        }
        restartIfDue(at: now)
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    private mutating func restartIfDue(at now: NIODeadline) {
        guard let deadline = resetDeadline, calls.isIdle || deadline <= now else { return }
        resetDeadline = nil
        registration = .unregistered(retry: now)
        actions.append(.restart(after: pace.real(LifePace.restart, using: &random)))
    }

    // MARK: Answers to its own CALLs

    private mutating func accept(_ payload: JSONObject, for call: CallQueue.Call, at now: NIODeadline) {
        do {
            switch call.action {
            case .bootNotification:
                try booted(payload, at: now)
            case .authorize:
                authorized(try Self.idTagStatus(payload), at: now)
            case .startTransaction:
                try started(transaction: payload.integer("transactionId"), status: Self.idTagStatus(payload), at: now)
            case .heartbeat, .statusNotification, .stopTransaction, .meterValues, .diagnosticsStatusNotification,
                .firmwareStatusNotification:
                break
            }
            report(.callAnswered)
        } catch {
            report(.callFailed(code: "unusable answer"))
            failed(call, at: now)
        }
    }

    private static func idTagStatus(_ payload: JSONObject) throws(PayloadFault) -> String {
        guard let info = payload["idTagInfo"] else { throw .missing(field: "idTagInfo") }
        guard let info = info.objectValue else { throw .wrongType(field: "idTagInfo") }
        return try info.text("status", limit: 20)
    }

    private mutating func booted(_ payload: JSONObject, at now: NIODeadline) throws(PayloadFault) {
        let status = try payload.text("status", limit: 20)
        let interval = try payload.integer("interval")
        guard status == "Accepted" else {
            // OCPP 1.6, 4.2: 0 leaves the pause to the charge point.
            registration = .unregistered(retry: now + .seconds(Int64(interval > 0 ? min(interval, 86_400) : 10)))
            return
        }
        // A boot that the central system asked for (TriggerMessage) is none.
        if registration != .accepted, case .available = phase { waitForDriver(at: now) }
        registration = .accepted
        if interval > 0 { keys.set("HeartbeatInterval", to: min(interval, 86_400)) }
        report(.booted)
        notifyStatus(ofConnector: 0, at: now)
        notifyStatus(ofConnector: 1, at: now)
    }

    /// A CALL got a CALLERROR, an unusable answer, or none.
    private mutating func failed(_ call: CallQueue.Call, at now: NIODeadline) {
        if call.action == .bootNotification {
            registration = .unregistered(retry: now + .seconds(10))
        } else if call.isTransactionRelated {
            // OCPP 1.6, 3.7: each repetition waits longer by the interval.
            if call.attempts < keys.integer("TransactionMessageAttempts") {
                let pause = Int64(keys.integer("TransactionMessageRetryInterval") * call.attempts)
                calls.retry(call, at: now + .seconds(pause))
            } else {
                report(.transactionMessageLost)
                if call.action == .startTransaction { abandonStart(at: now) }
            }
        } else if case .authorizing = phase, call.action == .authorize {
            waitForDriver(at: now)
        }
    }
}
