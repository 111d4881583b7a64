import Logging

/// Which charge points' lines somebody wants beyond what the log has. While that is so for one, the logger's level lets
/// every line of everybody through: whoever is not meant is to build none.
package protocol LineTracing: Sendable {
    /// Asked on the way of messages, once a line that the logger's level lets through.
    func interest(inLineAt level: Logger.Level, about chargePoint: ChargePoint) -> LineInterest
}

/// Whether a line about a charge point goes anywhere.
package enum LineInterest: Sendable {
    case none
    /// Into the log, or to somebody who knows it by the identity.
    case some
    /// To somebody who knows it by the address, which must be in it.
    case byAddress
}
