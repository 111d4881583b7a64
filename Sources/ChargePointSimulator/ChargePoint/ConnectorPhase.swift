import NIOCore

/// Someone who wants to charge.
struct Driver: Equatable {
    var idTag: String
    /// What kind of token it is (OCPP 2.0.1, IdTokenEnumType).
    var tokenType = "ISO14443"
    /// The number of the RequestStartTransactionRequest that sent the driver.
    var remoteStartID: Int?

    /// Those who come by themselves.
    static let regulars =
        [
            "04A1B2C3D4E5F6", "04C7D21A9B6380", "0452FE8A3C7190", "04E96B40D2A815",
        ].map { Driver(idTag: $0) }
        + ["DE-ABC-C12345678", "NL-TNM-C00122045", "FR-SIM-C98765432"].map { Driver(idTag: $0, tokenType: "eMAID") }
        + ["CARD-0007", "CARD-0042", "FLEET-VAN-11"].map { Driver(idTag: $0, tokenType: "Local") }
}

/// A transaction that is under way.
struct ChargingTransaction: Equatable {
    var id: TransactionID
    var driver: Driver
    /// The energy register when it began, in Wh.
    var meterStart: Double
    /// Power drawn, in W.
    var power: Double
    var began: NIODeadline
    var nextSample: NIODeadline
    var ends: NIODeadline
}

/// Where the one connector of a simulated charge point is in its cycle; what belongs to a stage exists only in it.
enum ConnectorPhase: Equatable {
    /// Free until the next driver comes.
    case available(until: NIODeadline)
    /// The authorization is not answered yet.
    case authorizing(Driver)
    /// The driver plugs in.
    case preparing(Driver, until: NIODeadline)
    /// The start of the transaction is not answered yet; the register stood at `meterStart` Wh.
    ///
    /// - Parameter id: nil where the answer numbers the transaction.
    case starting(Driver, meterStart: Double, id: TransactionID?)
    case charging(ChargingTransaction)
    /// The car has not left yet.
    case finishing(until: NIODeadline)
    /// Set inoperative by the central system.
    case unavailable
}

/// Why a transaction ends.
enum StopReason {
    case local
    case evDisconnected
    case remote
    case deauthorized
    case unlockCommand
    /// Before a reset, by what OCPP 1.6 calls it.
    case hardReset
    case softReset
}

/// What the meter shows at a moment.
struct MeterReading {
    /// Why it was read; the texts are OCPP's in all versions.
    enum Context: String {
        case periodic = "Sample.Periodic"
        case trigger = "Trigger"
        case transactionBegin = "Transaction.Begin"
        case transactionEnd = "Transaction.End"
    }

    var context: Context
    /// The energy register.
    var wattHours: Int
    /// The power drawn.
    var watts: Int
}
