import CMosquitto

/// MQTT 5 property identifiers, as the integers that libmosquitto's functions take.
enum MQTTProperty {
    static let messageExpiryInterval = Int32(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL.rawValue)
    static let contentType = Int32(MQTT_PROP_CONTENT_TYPE.rawValue)
    static let responseTopic = Int32(MQTT_PROP_RESPONSE_TOPIC.rawValue)
    static let correlationData = Int32(MQTT_PROP_CORRELATION_DATA.rawValue)
    static let sessionExpiryInterval = Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue)
    static let receiveMaximum = Int32(MQTT_PROP_RECEIVE_MAXIMUM.rawValue)
    static let maximumQoS = Int32(MQTT_PROP_MAXIMUM_QOS.rawValue)
    static let userProperty = Int32(MQTT_PROP_USER_PROPERTY.rawValue)
    static let maximumPacketSize = Int32(MQTT_PROP_MAXIMUM_PACKET_SIZE.rawValue)
    /// The user property that names an OCPP version.
    static let versionName = "ocpp-version"
    /// The user property that names a trace (W3C Trace Context).
    static let traceParentName = "traceparent"
}
