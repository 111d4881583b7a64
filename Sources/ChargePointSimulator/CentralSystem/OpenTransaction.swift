/// A transaction as the central system knows it, in Wh of the charge point's register.
struct OpenTransaction: Equatable {
    /// What a register may show, in Wh; charge points claim all sorts of things.
    static let plausibleMeter = 0...1_000_000_000_000

    var id: TransactionID
    /// From OCPP 2.0.1 on the EVSE.
    var connector: Int
    var meterStart: Int
    var meterLatest: Int

    var wattHours: Int { max(0, meterLatest - meterStart) }
}
