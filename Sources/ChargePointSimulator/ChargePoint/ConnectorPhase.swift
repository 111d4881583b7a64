import NIOCore

/// Someone who wants to charge.
struct Driver: Equatable {
    var idTag: String
}

/// A transaction that the central system has numbered.
struct ChargingTransaction: Equatable {
    var id: Int
    var driver: Driver
    /// The energy register when it began, in Wh.
    var meterStart: Double
    /// Power drawn, in W.
    var power: Double
    var nextSample: NIODeadline
    var ends: NIODeadline
}

/// Where the one connector of a simulated charge point is in its cycle; what belongs to a stage exists only in it.
enum ConnectorPhase: Equatable {
    /// Free until the next driver comes.
    case available(until: NIODeadline)
    /// The Authorize.req is not answered yet.
    case authorizing(Driver)
    /// The driver plugs in.
    case preparing(Driver, until: NIODeadline)
    /// The StartTransaction.req is not answered yet; the register stood at `meterStart` Wh.
    case starting(Driver, meterStart: Double)
    case charging(ChargingTransaction)
    /// The car has not left yet.
    case finishing(until: NIODeadline)
    /// Set inoperative by the central system.
    case unavailable

    /// The status that StatusNotification reports (OCPP 1.6, 7.7).
    var status: String {
        switch self {
        case .available, .authorizing: "Available"
        case .preparing, .starting: "Preparing"
        case .charging: "Charging"
        case .finishing: "Finishing"
        case .unavailable: "Unavailable"
        }
    }
}
