/// What is counted about a connection of the link since the start, with the charge points' own ones beside it.
package enum BrokerCount: Int, CaseIterable, Sendable {
    /// The shared connection came up, and had been up before.
    case reconnects
    /// The shared connection was lost.
    case lostLinks
    /// An attempt of the shared connection came to nothing.
    case failedAttempts
    /// Messages that the broker did not get: refused, too late, or too large for it.
    case undelivered
    /// Messages that the broker delivered a second time, and nobody was told.
    case redelivered
    /// Packets that were dropped because the broker ends the link over them.
    case culprits
}
