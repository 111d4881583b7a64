import NIOCore

/// The charging cycle: a driver comes, is authorized, charges, leaves.
extension ChargePointLife {
    /// When the present phase ends or has something to do; nil while it waits for something else than time.
    var phaseDeadline: NIODeadline? {
        switch phase {
        case .available(let until):
            // A driver finds the charge point at work only.
            pace.hasDrivers && isConnected && registration == .accepted && resetDeadline == nil ? until : nil
        case .preparing(_, let until): until
        case .charging(let transaction):
            isConnected ? min(transaction.nextSample, transaction.ends) : transaction.ends
        case .finishing(let until): until
        case .authorizing, .starting, .unavailable: nil
        }
    }

    /// The present phase's time has come.
    mutating func advancePhase(at now: NIODeadline) {
        switch phase {
        case .available:
            let tag = Self.idTags[Int.random(in: Self.idTags.indices, using: &random)]
            authorize(Driver(idTag: tag), at: now)
        case .preparing(let driver, _):
            start(driver, at: now)
        case .charging(let transaction):
            readMeter(at: now)
            if transaction.ends <= now {
                let reason = Bool.random(using: &random) ? "Local" : "EVDisconnected"
                stop(transaction, reason: reason, at: now)
            } else {
                sample(transaction, context: "Sample.Periodic", at: now)
                scheduleSample(after: transaction, at: now)
            }
        case .finishing:
            waitForDriver(at: now)
            notifyStatus(ofConnector: 1, at: now)
        case .authorizing, .starting, .unavailable:
            break
        }
    }

    /// The connector is free, or out of work if the central system wants that.
    mutating func waitForDriver(at now: NIODeadline) {
        if inoperative.isEmpty {
            phase = .available(until: now + pace.real(LifePace.idle, using: &random))
        } else {
            phase = .unavailable
        }
    }

    mutating func authorize(_ driver: Driver, at now: NIODeadline) {
        let call = CallQueue.Call(
            action: .authorize, payload: ["idTag": .string(driver.idTag)], isTransactionRelated: false)
        if calls.append(call) {
            phase = .authorizing(driver)
        } else {
            waitForDriver(at: now)
        }
    }

    mutating func authorized(_ status: String, at now: NIODeadline) {
        guard case .authorizing(let driver) = phase else { return }
        if status == "Accepted" && resetDeadline == nil {
            prepare(driver, at: now)
        } else {
            waitForDriver(at: now)
            if phase == .unavailable { notifyStatus(ofConnector: 1, at: now) }
        }
    }

    mutating func prepare(_ driver: Driver, at now: NIODeadline) {
        phase = .preparing(driver, until: now + pace.real(LifePace.plugIn, using: &random))
        notifyStatus(ofConnector: 1, at: now)
    }

    private mutating func start(_ driver: Driver, at now: NIODeadline) {
        readMeter(at: now)
        phase = .starting(driver, meterStart: meter)
        calls.append(
            CallQueue.Call(
                action: .startTransaction,
                payload: [
                    "connectorId": 1, "idTag": .string(driver.idTag), "meterStart": .integer(Int(meter)),
                    "timestamp": .string(clock.timestamp(at: now)),
                ],
                isTransactionRelated: true))
    }

    mutating func started(transaction id: Int, status: String, at now: NIODeadline) {
        guard case .starting(let driver, let meterStart) = phase else { return }
        let powers = [3_700.0, 7_400, 11_000, 22_000]
        let transaction = ChargingTransaction(
            id: id, driver: driver, meterStart: meterStart,
            power: powers[Int.random(in: powers.indices, using: &random)], nextSample: now + sampleInterval,
            ends: now + pace.real(LifePace.charging, using: &random))
        meterRead = now
        phase = .charging(transaction)
        report(.chargingBegan)
        if status == "Accepted" {
            notifyStatus(ofConnector: 1, at: now)
        } else {
            // OCPP 1.6, 4.8: a tag that turns out invalid ends the transaction (StopTransactionOnInvalidId).
            stop(transaction, reason: "DeAuthorized", at: now)
        }
    }

    /// The central system never took the StartTransaction.req: the driver leaves without energy.
    mutating func abandonStart(at now: NIODeadline) {
        guard case .starting = phase else { return }
        phase = .finishing(until: now + pace.real(LifePace.unplug, using: &random))
        notifyStatus(ofConnector: 1, at: now)
    }

    /// Ends the transaction: Finishing, then the StopTransaction.req.
    mutating func stop(_ transaction: ChargingTransaction, reason: String, at now: NIODeadline) {
        readMeter(at: now)
        phase = .finishing(until: now + pace.real(LifePace.unplug, using: &random))
        notifyStatus(ofConnector: 1, at: now)
        calls.append(
            CallQueue.Call(
                action: .stopTransaction,
                payload: [
                    "transactionId": .integer(transaction.id), "idTag": .string(transaction.driver.idTag),
                    "meterStop": .integer(Int(meter)), "timestamp": .string(clock.timestamp(at: now)),
                    "reason": .string(reason),
                ],
                isTransactionRelated: true))
        report(.chargingEnded(wattHours: Int(meter) - Int(transaction.meterStart)))
    }

    // MARK: Meter

    private var sampleInterval: TimeAmount {
        pace.real(Double(keys.integer("MeterValueSampleInterval")))
    }

    /// Brings the energy register up to now.
    mutating func readMeter(at now: NIODeadline) {
        if case .charging(let transaction) = phase {
            let end = min(now, transaction.ends)
            if end > meterRead {
                meter += transaction.power * pace.seconds(end - meterRead) / 3_600
            }
        }
        meterRead = now
    }

    private mutating func scheduleSample(after transaction: ChargingTransaction, at now: NIODeadline) {
        var transaction = transaction
        // Never sooner than 10 ms, however fast life runs.
        transaction.nextSample = now + max(sampleInterval, .milliseconds(10))
        phase = .charging(transaction)
    }

    /// Sends MeterValues, of a transaction or outside of one.
    mutating func sample(_ transaction: ChargingTransaction?, context: String, at now: NIODeadline) {
        readMeter(at: now)
        let ripple = Double.random(in: 0.97...1.0, using: &random)
        let watts = Int((transaction?.power ?? 0) * ripple)
        var payload: JSONObject = [
            "connectorId": 1,
            "meterValue": [
                [
                    "timestamp": .string(clock.timestamp(at: now)),
                    "sampledValue": [
                        [
                            "value": .string(String(Int(meter))), "context": .string(context),
                            "measurand": "Energy.Active.Import.Register", "unit": "Wh",
                        ],
                        [
                            "value": .string(String(watts)), "context": .string(context),
                            "measurand": "Power.Active.Import", "unit": "W",
                        ],
                    ],
                ]
            ],
        ]
        if let transaction { payload["transactionId"] = .integer(transaction.id) }
        calls.append(
            CallQueue.Call(action: .meterValues, payload: payload, isTransactionRelated: transaction != nil))
    }

    // MARK: Notifications

    var bootNotification: CallQueue.Call {
        CallQueue.Call(
            action: .bootNotification,
            payload: [
                "chargePointVendor": "Simulated", "chargePointModel": "SIM-22",
                "chargePointSerialNumber": .string(String(identity.suffix(25))), "firmwareVersion": "1.0.0",
                "meterType": "SIM-METER",
            ],
            isTransactionRelated: false)
    }

    /// Sends StatusNotification; while there is no connection nothing, since the next one tells the present status.
    mutating func notifyStatus(ofConnector connector: Int, at now: NIODeadline) {
        guard isConnected else { return }
        let status = connector == 0 ? (inoperative.contains(0) ? "Unavailable" : "Available") : phase.status
        calls.append(
            CallQueue.Call(
                action: .statusNotification,
                payload: [
                    "connectorId": .integer(connector), "errorCode": "NoError", "status": .string(status),
                    "timestamp": .string(clock.timestamp(at: now)),
                ],
                isTransactionRelated: false))
    }
}
