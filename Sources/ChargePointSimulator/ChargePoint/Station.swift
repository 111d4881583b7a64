import NIOCore

/// What a life does.
enum LifeAction: Equatable {
    case send(SimulatorMessage)
    case report(LifeOccurrence)
    /// Close with 1001 and connect again after this time, as a restarting charge point does.
    case restart(after: TimeAmount)
}

/// What is worth counting in a life.
enum LifeOccurrence: Equatable {
    case booted
    case callSent
    case callAnswered
    /// A CALLERROR, or an answer that cannot be used.
    case callFailed(code: String)
    case callTimedOut
    /// A transaction message was tried as often as allowed, and is given up.
    case transactionMessageLost
    /// A SEND, which has no answer.
    case sendSent
    case commandAnswered
    /// A CALLRESULTERROR: the central system cannot use an answer.
    case answerRefused(code: String)
    case chargingBegan
    case chargingEnded(wattHours: Int)
    /// Not an OCPP message of the version, or an answer to nothing.
    case badMessage
}

/// A simulated charge point with one connector, whatever version of OCPP it speaks: where it is in its life, what it
/// still has to say, and what it is about to do.
struct Station {
    enum Registration: Equatable {
        /// Turned on, and the BootNotification not accepted yet; it is sent (again) at this moment.
        case unregistered(retry: NIODeadline)
        case booting
        case accepted
    }

    /// Why it boots, in the words of OCPP 2.0.1 (BootReasonEnumType).
    enum BootReason: String {
        case powerUp = "PowerUp"
        case remoteReset = "RemoteReset"
        case scheduledReset = "ScheduledReset"
        case triggered = "Triggered"
    }

    /// How long a reset waits for the messages that are still to be sent.
    static let resetPatience: TimeAmount = .seconds(5)

    let identity: String
    let pace: LifePace
    let clock: WallClock
    var random: SplitMix64
    var calls = CallQueue()
    var settings = StationSettings()
    var phase: ConnectorPhase
    var registration: Registration = .unregistered(retry: .uptimeNanoseconds(0))
    var bootReason = BootReason.powerUp
    var isConnected = false
    /// The connectors (0 is the charge point itself) that the central system has set inoperative.
    var inoperative: Set<Int> = []
    /// The status of the connector that the central system was told last on this connection.
    var toldStatus: String?
    /// When a reset that was accepted goes ahead even if messages wait.
    var resetDeadline: NIODeadline?
    /// A reset was accepted for the moment at which the connector is free.
    var resetsWhenFree = false
    var lastCall: NIODeadline
    /// The energy register, in Wh, as of `meterRead`.
    private var meter: Double
    private var meterRead: NIODeadline
    private var actions: [LifeAction] = []

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

    // MARK: What it does

    mutating func send(_ message: SimulatorMessage) {
        actions.append(.send(message))
    }

    mutating func report(_ occurrence: LifeOccurrence) {
        actions.append(.report(occurrence))
    }

    mutating func restart() {
        resetDeadline = nil
        actions.append(.restart(after: pause(LifePace.restart)))
    }

    /// What it has done since the last time.
    mutating func takeActions() -> [LifeAction] {
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    // MARK: Time

    /// A time of life, chosen by chance, on the clock.
    mutating func pause(_ range: ClosedRange<Double>) -> TimeAmount {
        pace.real(range, using: &random)
    }

    var heartbeatInterval: TimeAmount { .seconds(Int64(settings.heartbeatInterval)) }
    var nextHeartbeat: NIODeadline { lastCall + heartbeatInterval }
    /// From one meter value to the next. Never sooner than 10 ms, however fast life runs.
    var sampleInterval: TimeAmount { max(pace.real(Double(settings.sampleInterval)), .milliseconds(10)) }

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

    // MARK: The connector

    /// The connector is free, or out of work if the central system wants that.
    mutating func waitForDriver(at now: NIODeadline) {
        if inoperative.isEmpty {
            phase = .available(until: now + pause(LifePace.idle))
        } else {
            phase = .unavailable
        }
        if resetsWhenFree { reset(because: .scheduledReset, at: now) }
    }

    /// Ends as soon as everything is said, and boots again.
    mutating func reset(because reason: BootReason, at now: NIODeadline) {
        resetsWhenFree = false
        bootReason = reason
        resetDeadline = now + Self.resetPatience
    }

    /// Whether a driver has to do with the connector.
    var isBusy: Bool {
        switch phase {
        case .available, .unavailable: false
        case .authorizing, .preparing, .starting, .charging, .finishing: true
        }
    }

    /// Whether a driver who comes now can charge.
    var isFree: Bool {
        guard registration == .accepted, resetDeadline == nil, !resetsWhenFree else { return false }
        return if case .available = phase { true } else { false }
    }

    var transaction: ChargingTransaction? {
        if case .charging(let transaction) = phase { transaction } else { nil }
    }

    /// Whether a transaction has begun and not ended.
    var hasTransaction: Bool {
        switch phase {
        case .starting, .charging: true
        case .available, .authorizing, .preparing, .finishing, .unavailable: false
        }
    }

    // MARK: Meter

    /// Brings the energy register up to now.
    mutating func readMeter(at now: NIODeadline) {
        if let transaction {
            let end = min(now, transaction.ends)
            if end > meterRead {
                meter += transaction.power * pace.seconds(end - meterRead) / 3_600
            }
        }
        meterRead = now
    }

    mutating func meterReading(_ context: MeterReading.Context, at now: NIODeadline) -> MeterReading {
        readMeter(at: now)
        return MeterReading(context: context, wattHours: Int(meter), watts: watts())
    }

    /// The power that is drawn, which is not quite steady.
    private mutating func watts() -> Int {
        guard let transaction else { return 0 }
        return Int(transaction.power * Double.random(in: 0.97...1.0, using: &random))
    }
}
