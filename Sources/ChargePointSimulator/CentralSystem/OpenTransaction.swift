/// A transaction as the central system knows it, in Wh of the charge point's register.
struct OpenTransaction: Equatable {
    var id: Int
    var connector: Int
    var meterStart: Int
    var meterLatest: Int

    var wattHours: Int { max(0, meterLatest - meterStart) }
}
