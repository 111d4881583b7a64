/// Why a charge point's own MQTT connection has ended for good, while its session lives.
package enum BrokerConnectionEnd: Sendable, Equatable {
    /// Another client connected with the same client id (MQTT 5, 3.1.4).
    case takenOver
    /// The broker ended it on purpose, or does not accept the credentials any more.
    case closedByBroker(reason: String)
}
