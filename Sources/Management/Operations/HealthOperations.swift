/// Whether the gateway is alive, and whether charge points may be sent to it.
package protocol HealthOperations: Sendable {
    /// Has every event loop and every broker thread turned within five seconds.
    func liveness() async -> Liveness
    func readiness() async -> Readiness
}

/// `GET /healthz`. The broker does not count.
package enum Liveness: Sendable, Equatable {
    case alive
    /// What has not turned within five seconds, named: `event loop 2`, `broker thread 1`.
    case stalled([String])
}

/// `GET /readyz`: what stands in the way of new charge points.
package struct Readiness: Sendable, Equatable {
    package enum State: String, Sendable, Equatable {
        case ok, down
    }

    /// `down`: no listener runs.
    package var listeners: State
    /// `down`: no link.
    package var broker: State
    /// Whether `broker: down` makes the gateway not ready: there has been no link yet, or `broker.outage` is
    /// `disconnect`.
    package var brokerCounts: Bool
    /// `down`: the backend is away. It never counts: sessions are not touched, and every other gateway has the same one.
    package var authentication: State
    package var isDraining: Bool

    package init(
        listeners: State = .ok, broker: State = .ok, brokerCounts: Bool = true, authentication: State = .ok,
        isDraining: Bool = false
    ) {
        self.listeners = listeners
        self.broker = broker
        self.brokerCounts = brokerCounts
        self.authentication = authentication
        self.isDraining = isDraining
    }

    package var isReady: Bool {
        listeners == .ok && !isDraining && (broker == .ok || !brokerCounts)
    }
}
