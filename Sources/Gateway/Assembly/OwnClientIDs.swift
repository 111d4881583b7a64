import ChargePointSessions
import OutsideNames

/// The MQTT client ids of charge points' own connections (`broker.sessions_client_id`). The broker ends the connection
/// that has a client id when another comes with it, so they must not be anybody else's.
struct OwnClientIDs: Sendable {
    /// What gateways' client ids begin with, unless `broker.client_id` says otherwise.
    static let gatewayPrefix = "ocpp-gateway-"

    let template: TopicTemplate
    /// This gateway's.
    let taken: Set<ClientID>
    /// Those of others.
    let seen: SeenGateways

    init(template: TopicTemplate, taken: [ClientID], seen: SeenGateways) {
        self.template = template
        self.taken = Set(taken)
        self.seen = seen
    }

    /// Nil: it would be, or could be, a gateway's.
    func clientID(of identity: ChargePointIdentity) -> ClientID? {
        guard let text = template.filled({ _ in identity.text }).topic?.text else { return nil }
        let clientID = ClientID(text)
        let isGateways =
            taken.contains(clientID) || text.utf8.starts(with: Self.gatewayPrefix.utf8) || seen.contains(clientID)
        return isGateways ? nil : clientID
    }
}
