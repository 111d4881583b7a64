/// What a broker says in its CONNACK (MQTT 5, 3.2).
struct ConnectAcknowledgement: Equatable {
    var reasonCode: Int32
    var isSessionPresent: Bool
    var receiveMaximum: Int?
    var maximumQualityOfService: Int32?
    /// Bytes.
    var maximumPacketSize: Int?
}
