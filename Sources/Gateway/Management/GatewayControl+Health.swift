import BrokerLink
import Management
import NIOCore

extension GatewayControl: HealthOperations {
    func liveness() async -> Liveness {
        let now = NIODeadline.now()
        var stalled = service.sight.pulse.stalled(now: now).map { "event loop \($0)" }
        if let turn = service.link.lastTurn, now - turn > LoopDelays.patience { stalled.append("broker thread") }
        return stalled.isEmpty ? .alive : .stalled(stalled)
    }

    func readiness() async -> Readiness {
        let summaries = await service.listeners.summaries
        let loses = if case .disconnect = service.configuration.brokerOutage { true } else { false }
        return Readiness(
            listeners: summaries.contains(where: \.isRunning) ? .ok : .down,
            broker: service.link.isUp ? .ok : .down,
            brokerCounts: loses || !hasLinkBeenUp,
            authentication: service.authenticator?.gate.status.isUp ?? true ? .ok : .down,
            isDraining: service.draining.isRaised)
    }

    /// Every connection to the broker has been made once.
    private var hasLinkBeenUp: Bool {
        service.link.statuses.allSatisfy { $0.isUp || $0.count(.lostLinks) > 0 }
    }
}
