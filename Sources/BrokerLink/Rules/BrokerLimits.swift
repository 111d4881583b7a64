/// What the broker takes, as its last CONNACK has lowered it (MQTT 5, 3.2.2.3).
struct BrokerLimits: Equatable {
    private let configured: BrokerLinkConfiguration.QualityOfService
    private let mostInFlight: Int
    /// libmosquitto keeps it from one connection of a client to the next.
    private(set) var qualityOfService: Int32
    /// Bytes; nil: no bound is known.
    private(set) var maximumPacketSize: Int?
    /// QoS 1 and 2 messages that may be unacknowledged.
    private(set) var inFlight: Int

    init(_ configuration: BrokerLinkConfiguration) {
        configured = configuration.qualityOfService
        mostInFlight = max(1, configuration.maxInflight)
        qualityOfService = configured.rawValue
        inFlight = mostInFlight
    }

    /// A new MQTT client knows nothing of what an older one was told.
    mutating func forget() {
        maximumPacketSize = nil
        qualityOfService = configured.rawValue
    }

    mutating func accepted(
        _ acknowledgement: ConnectAcknowledgement, version: BrokerLinkConfiguration.ProtocolVersion
    ) {
        qualityOfService = min(
            configured.rawValue, acknowledgement.maximumQualityOfService ?? qualityOfService)
        maximumPacketSize = acknowledgement.maximumPacketSize ?? maximumPacketSize
        inFlight = max(1, min(mostInFlight, acknowledgement.receiveMaximum ?? 65535))
        if version == .v311, qualityOfService == 2 {
            // MQTT 3.1.1 brokers cannot say how many they take, and Mosquitto 2.0 acknowledges QoS 2 messages beyond
            // its max_inflight_messages (20) and then loses them.
            inFlight = min(inFlight, 20)
        }
    }
}
