import CMosquitto

/// What the broker's reason codes mean for the connection that they are said to.
enum ReasonCodes {
    /// CONNACK codes that say something about this client, and not about the broker (MQTT 5, 3.2.2.2; MQTT 3.1.1,
    /// 3.2.2.3: 2, 4 and 5).
    static let refusals: Set<Int32> = [
        2, 4, 5,
        Int32(MQTT_RC_CLIENTID_NOT_VALID.rawValue), Int32(MQTT_RC_BAD_USERNAME_OR_PASSWORD.rawValue),
        Int32(MQTT_RC_NOT_AUTHORIZED.rawValue), Int32(MQTT_RC_BANNED.rawValue),
        Int32(MQTT_RC_BAD_AUTHENTICATION_METHOD.rawValue),
    ]

    /// DISCONNECT codes that mean this client (MQTT 5, 3.14.2.1).
    static let dismissals: Set<Int32> = [
        Int32(MQTT_RC_ADMINISTRATIVE_ACTION.rawValue), Int32(MQTT_RC_NOT_AUTHORIZED.rawValue),
    ]

    /// Ends of a link that are no packet's fault.
    static let otherEnds: Set<Int32> = [
        MOSQ_ERR_KEEPALIVE.rawValue, Int32(MQTT_RC_SESSION_TAKEN_OVER.rawValue),
        Int32(MQTT_RC_KEEP_ALIVE_TIMEOUT.rawValue), Int32(MQTT_RC_SERVER_SHUTTING_DOWN.rawValue),
        Int32(MQTT_RC_SERVER_BUSY.rawValue), Int32(MQTT_RC_SERVER_MOVED.rawValue),
        Int32(MQTT_RC_USE_ANOTHER_SERVER.rawValue),
    ]
}
