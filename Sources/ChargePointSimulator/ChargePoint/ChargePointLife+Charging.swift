import NIOCore

/// The charging cycle: a driver comes, is authorized, charges, leaves.
extension ChargePointLife {
    /// The present phase's time has come.
    mutating func advancePhase(at now: NIODeadline) {
        switch station.phase {
        case .available:
            let regulars = Driver.regulars
            authorize(regulars[Int.random(in: regulars.indices, using: &station.random)], at: now)
        case .preparing(let driver, _):
            start(driver, at: now)
        case .charging(var transaction):
            station.readMeter(at: now)
            if transaction.ends <= now {
                stop(transaction, because: Bool.random(using: &station.random) ? .local : .evDisconnected, at: now)
            } else {
                sample(.periodic, at: now)
                transaction.nextSample = now + station.sampleInterval
                station.phase = .charging(transaction)
            }
        case .finishing:
            station.waitForDriver(at: now)
            notifyNewStatus(at: now)
        case .authorizing, .starting, .unavailable:
            break
        }
    }

    mutating func authorize(_ driver: Driver, at now: NIODeadline) {
        if station.calls.append(authorization(of: driver)) {
            station.phase = .authorizing(driver)
        } else {
            station.waitForDriver(at: now)
        }
    }

    /// The Authorize was answered.
    mutating func authorized(_ isAccepted: Bool, at now: NIODeadline) {
        guard case .authorizing(let driver) = station.phase else { return }
        if isAccepted && station.resetDeadline == nil {
            prepare(driver, at: now)
        } else {
            station.waitForDriver(at: now)
            notifyNewStatus(at: now)
        }
    }

    private mutating func prepare(_ driver: Driver, at now: NIODeadline) {
        station.phase = .preparing(driver, until: now + station.pause(LifePace.plugIn))
        notifyNewStatus(at: now)
    }

    private mutating func start(_ driver: Driver, at now: NIODeadline) {
        let reading = station.meterReading(.transactionBegin, at: now)
        let id = transactionID()
        station.phase = .starting(driver, meterStart: Double(reading.wattHours), id: id)
        station.calls.append(transactionBegin(id, driver, reading, at: now))
    }

    /// The start of the transaction was answered.
    mutating func started(_ id: TransactionID, isAccepted: Bool, at now: NIODeadline) {
        guard case .starting(let driver, let meterStart, _) = station.phase else { return }
        station.readMeter(at: now)
        let powers = [3_700.0, 7_400, 11_000, 22_000]
        let transaction = ChargingTransaction(
            id: id, driver: driver, meterStart: meterStart,
            power: powers[Int.random(in: powers.indices, using: &station.random)], began: now,
            nextSample: now + station.sampleInterval, ends: now + station.pause(LifePace.charging))
        station.phase = .charging(transaction)
        station.report(.chargingBegan)
        if isAccepted {
            notifyNewStatus(at: now)
            chargingBegan(transaction, at: now)
        } else {
            // OCPP 1.6, 4.8; OCPP 2.0.1, E05: a tag that turns out invalid ends the transaction.
            stop(transaction, because: .deauthorized, at: now)
        }
    }

    /// The central system never took the start of the transaction: the driver leaves without energy.
    mutating func abandonStart(at now: NIODeadline) {
        guard case .starting = station.phase else { return }
        station.phase = .finishing(until: now + station.pause(LifePace.unplug))
        notifyNewStatus(at: now)
    }

    /// Ends the transaction.
    mutating func stop(_ transaction: ChargingTransaction, because reason: StopReason, at now: NIODeadline) {
        let reading = station.meterReading(.transactionEnd, at: now)
        station.phase = .finishing(until: now + station.pause(LifePace.unplug))
        notifyNewStatus(at: now)
        station.calls.append(transactionEnd(transaction, reason, reading, at: now))
        station.report(.chargingEnded(wattHours: reading.wattHours - Int(transaction.meterStart)))
    }

    /// Sends meter values, of a transaction or outside of one.
    mutating func sample(_ context: MeterReading.Context, at now: NIODeadline) {
        let reading = station.meterReading(context, at: now)
        let call =
            if let transaction = station.transaction {
                transactionSample(transaction, reading, at: now)
            } else {
                meterValues(reading, at: now)
            }
        station.calls.append(call)
    }
}

/// What the commands of all versions come to.
extension ChargePointLife {
    /// A driver whom the central system sends.
    ///
    /// - Returns: whether there is room for one.
    mutating func startRemotely(_ driver: Driver, at now: NIODeadline) -> Bool {
        guard station.isFree else { return false }
        if station.settings.authorizesRemoteStarts {
            authorize(driver, at: now)
        } else {
            prepare(driver, at: now)
        }
        return true
    }

    /// Ends whatever a driver does, for a reset.
    mutating func resetNow(_ reason: StopReason, at now: NIODeadline) {
        guard station.resetDeadline == nil else { return }
        switch station.phase {
        case .charging(let transaction):
            stop(transaction, because: reason, at: now)
        case .authorizing, .preparing:
            station.waitForDriver(at: now)
        case .available, .starting, .finishing, .unavailable:
            break
        }
        station.reset(because: .remoteReset, at: now)
    }

    /// Takes a connector (0: the charge point itself) out of work, or back.
    ///
    /// - Returns: whether that waits for the end of what a driver does (OCPP 1.6, 5.2; OCPP 2.0.1, G03).
    mutating func setOperative(_ isOperative: Bool, connector: Int, at now: NIODeadline) -> Bool {
        let before = station.inoperative
        if isOperative {
            station.inoperative.remove(connector)
        } else {
            station.inoperative.insert(connector)
        }
        let waits = station.isBusy && !isOperative
        guard station.inoperative != before else { return waits }
        if connector == 0 { notifyStatus(ofConnector: 0, at: now) }
        if !station.isBusy, (station.phase == .unavailable) == station.inoperative.isEmpty {
            station.waitForDriver(at: now)
            notifyNewStatus(at: now)
        }
        return waits
    }

    mutating func notImplemented(_ id: String) {
        station.send(
            .callError(
                id: id, code: "NotImplemented", description: "this charge point does not know the action", details: [:])
        )
    }

    mutating func reply(_ id: String, status: String) {
        station.send(.callResult(id: id, payload: ["status": .string(status)]))
    }
}
