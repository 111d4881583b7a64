/// Why a message from the broker was not delivered, as its sender and the log are told (relay-format.md, "Errors that
/// the gateway itself reports upstream").
package enum UndeliveredReason: String, Sendable, CaseIterable {
    case malformed
    case schema
    case queueFull = "queue_full"
    case retained
    case expired
    case callTimeout = "call_timeout"
    case disconnected
    case notConnected = "not_connected"
    case notRelayed = "not_relayed"
    case version
    /// Nobody is told of these two: the sender has its answer, or wants none.
    case duplicate
    case unsolicited
}
