import Counters
import Synchronization

/// What is counted of a listener, through all its openings: one that is opened anew goes on from here.
package final class ListenerTraffic: Sendable {
    /// Handshakes by what became of them.
    package let counters = CounterSet<FrontEndCount>()
    /// Connections, and handshakes that have passed the check against `maxConnections`.
    private let places = Atomic(0)
    private let connections = Atomic(0)

    package init() {}

    /// Upgraded connections now.
    package var connectionCount: Int { connections.load(ordering: .relaxed) }

    /// - Returns: False: there are as many as there may be.
    func enter(limit: Int) -> Bool {
        if places.wrappingAdd(1, ordering: .relaxed).oldValue < limit { return true }
        leave()
        return false
    }

    func leave() {
        places.wrappingSubtract(1, ordering: .relaxed)
    }

    func opened() {
        connections.wrappingAdd(1, ordering: .relaxed)
    }

    func closed() {
        connections.wrappingSubtract(1, ordering: .relaxed)
    }
}
