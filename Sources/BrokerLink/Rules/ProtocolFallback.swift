/// Which MQTT version to offer to which address: the configured one, or 3.1.1 where 5 is refused.
struct ProtocolFallback {
    private let configured: BrokerLinkConfiguration.ProtocolVersion
    private var refused = false
    /// The addresses where the next attempt is the other version, as the last one had no answer.
    private var closedSilently: Set<Int> = []

    /// The addresses that have accepted MQTT 5: there a silent close is an outage and not an answer.
    private var proven: Set<Int> = []

    init(configured: BrokerLinkConfiguration.ProtocolVersion) {
        self.configured = configured
    }

    func version(forAddress index: Int) -> BrokerLinkConfiguration.ProtocolVersion {
        refused || closedSilently.contains(index) ? .v311 : configured
    }

    /// The broker says that it does not speak the version offered. True: 3.1.1 is worth an attempt at once.
    mutating func versionRefused() -> Bool {
        guard configured == .v5, !refused else { return false }
        refused = true
        return true
    }

    mutating func accepted(address index: Int) {
        if version(forAddress: index) == .v5 {
            proven.insert(index)
        }
    }

    /// Closed before CONNACK with no reason, or never answered: old brokers do that to a CONNECT of MQTT 5, but so does
    /// a broker that is being restarted, so the versions alternate.
    mutating func closedBeforeAnswer(address index: Int) {
        guard configured == .v5, !proven.contains(index) else { return }
        if closedSilently.remove(index) == nil {
            closedSilently.insert(index)
        }
    }

    /// The link was up and is lost: what was found out by guessing may be wrong next time.
    mutating func linkLost() {
        closedSilently.removeAll()
    }
}
