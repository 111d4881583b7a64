import ChargePointSessions
import NIOCore

/// What is kept of the running gateway for those who look at it, beside the way of the messages.
final class GatewaySight: Sendable {
    let events = GatewayEvents()
    let roster: SessionRoster
    let pulse: EventLoopPulse
    let schemas = RequestSchemas()

    init(registry: SessionRegistry, group: any EventLoopGroup) {
        roster = SessionRoster(registry)
        pulse = EventLoopPulse(group)
    }
}
