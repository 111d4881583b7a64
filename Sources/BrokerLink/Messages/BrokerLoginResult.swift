/// What the broker says to a charge point's login; the reasons are for the log and the charge point.
package enum BrokerLoginResult: Sendable {
    case accepted(BrokerConnection)
    /// These credentials, or this client id, will not be accepted however often they are tried.
    case refused(reason: String)
    /// The broker cannot be reached, or takes nobody now.
    case unavailable(reason: String)
}
