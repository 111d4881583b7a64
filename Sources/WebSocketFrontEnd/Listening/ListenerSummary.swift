import NIOCore

/// A listener as operators see it, at one moment.
package struct ListenerSummary: Sendable, Equatable {
    package var id: ListenerID
    package var isRunning: Bool
    /// Where it listens; nil: it does not.
    package var address: SocketAddress?
    package var connections: Int
    package var maxConnections: Int
    /// When the first certificate of its chain ends, in seconds since 1970; nil: it has none, or does not run.
    package var certificateEnd: Int64?
    /// By `FrontEndCount.status`, since the start of the process.
    package var handshakes: [(status: String, count: Int)]

    package static func == (one: Self, other: Self) -> Bool {
        one.id == other.id && one.isRunning == other.isRunning && one.address == other.address
            && one.connections == other.connections && one.maxConnections == other.maxConnections
            && one.certificateEnd == other.certificateEnd
            && one.handshakes.elementsEqual(other.handshakes) { $0.status == $1.status && $0.count == $1.count }
    }
}
