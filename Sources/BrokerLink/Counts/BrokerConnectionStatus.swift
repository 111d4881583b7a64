import Counters

/// How one connection of the link is doing, with the charge points' own ones on its thread (management.md, "Metrics").
package struct BrokerConnectionStatus: Sendable, Equatable {
    /// As in `BrokerLink.connections`.
    package let index: Int
    /// The broker has accepted the shared connection, and it has not been lost since.
    package let isUp: Bool
    /// Messages that wait for the broker, or are unacknowledged by it.
    package let pending: Int
    /// Charge points' own connections that wait for their turn to connect.
    package let waitingToConnect: Int
    /// By `BrokerCount`'s raw value.
    let counts: [Int]
    /// From PUBLISH to its acknowledgement (QoS 1 and 2).
    package let acknowledgementTime: DurationHistogram.Snapshot
    /// Why the shared connection was lost or could not be made, the last time; it may be up again since.
    package let lastError: String?

    package func count(_ key: BrokerCount) -> Int { counts[key.rawValue] }
}
