// The table of all settings that hold for the gateway as a whole; those of a listener are in ListenerKeys.swift.
// A setting that becomes available changes here, in one line.

import ChargePointSessions

extension ConfigurationKey {
    /// All settings, in the order of the documentation.
    static let groups: [(title: String, keys: [ConfigurationKey])] = [
        ("Broker", brokerKeys),
        ("Relay", relayKeys),
        ("Sessions and limits", sessionKeys),
        ("Listeners", [listeners, trustedProxies] + listenerKeys),
        ("Authentication", [authenticationBackend, usernameIsIdentity]),
        ("Management", managementKeys),
        ("Logs", [logLevel, logFormat, logFrames]),
    ]

    static let all: [ConfigurationKey] = groups.flatMap(\.keys)

    /// Names below this are all known and all unavailable: each authentication backend has its own.
    static let authenticationPrefix = "authentication."

    // MARK: Broker

    static let brokerURL = ConfigurationKey(
        "broker.url", .brokerURL, default: "mqtt://127.0.0.1:1883",
        "MQTT broker: mqtt:// or mqtts://, host, port; a comma-separated list is tried in turn")
    static let brokerUsername = ConfigurationKey("broker.username", .text, "user name at the broker")
    static let brokerPassword = ConfigurationKey(
        "broker.password", .text, isSecret: true, "password at the broker")
    static let brokerPasswordFile = ConfigurationKey(
        "broker.password_file", .file, "file whose first line is the password")
    static let brokerClientID = ConfigurationKey(
        "broker.client_id", .clientID, "MQTT client id and gateway id; default ocpp-gateway-<hostname>")
    static let brokerProtocol = ConfigurationKey(
        "broker.protocol", .choice(["5", "3.1.1"]), default: "5", "MQTT version")
    static let brokerQoS = ConfigurationKey(
        "broker.qos", .integer(0...2), default: "1", "QoS of publishes and subscriptions")
    static let brokerKeepAlive = ConfigurationKey(
        "broker.keep_alive", .duration(.seconds(5)...(.seconds(65535))), default: "30s", "MQTT keep alive")
    static let brokerSessionExpiry = ConfigurationKey(
        "broker.session_expiry", .duration(.zero...(.seconds(4_294_967_294))), default: "60s",
        "how long the broker keeps subscriptions across a lost link; 0s: clean start")
    static let brokerConnections = ConfigurationKey(
        "broker.connections", .integer(1...64), default: "1", "MQTT connections shared by all charge points")
    static let brokerSessions = ConfigurationKey(
        "broker.sessions", .choice(["shared", "per_charge_point"]), default: "shared",
        "per_charge_point: an MQTT connection for each, with its credentials; the broker lets it in or not")
    static let brokerSessionsClientID = ConfigurationKey(
        "broker.sessions_client_id", .topic(ConfiguredTopic.identity), default: "ocpp-${clientid}",
        "with per_charge_point: MQTT client id of a charge point's own connection")
    static let brokerMaxInflight = ConfigurationKey(
        "broker.max_inflight", .integer(1...65535), default: "64",
        "publishes sent and not yet acknowledged, per connection")
    static let brokerMaxPending = ConfigurationKey(
        "broker.max_pending", .integer(1...10_000_000), default: "100000",
        "messages that may wait for the broker in all")
    static let brokerOutage = ConfigurationKey(
        "broker.outage", .choice(["hold", "disconnect"]), default: "hold",
        "sessions while the broker is away: hold keeps them, disconnect closes them")
    static let brokerOutageTimeout = ConfigurationKey(
        "broker.outage_timeout", .duration(.zero...day), default: "30s",
        "how long the broker may be away before disconnect closes sessions")
    static let brokerCAFile = ConfigurationKey(
        "broker.tls.ca_file", .file, "PEM file of the certificate authorities; default the system's")
    static let brokerCertificateFile = ConfigurationKey(
        "broker.tls.cert_file", .file, "PEM file of the gateway's certificate towards the broker")
    static let brokerKeyFile = ConfigurationKey("broker.tls.key_file", .file, "PEM file of its private key")
    static let brokerKeyPassword = ConfigurationKey(
        "broker.tls.key_password", .text, isSecret: true, "password of the private key")
    static let brokerVerify = ConfigurationKey(
        "broker.tls.verify", .boolean, default: "true", "check the broker's certificate and host name")
    static let brokerMinimumVersion = ConfigurationKey(
        "broker.tls.min_version", .choice(["tlsv1.2", "tlsv1.3"]), default: "tlsv1.2", "oldest TLS version")

    private static let brokerKeys = [
        brokerURL, brokerUsername, brokerPassword, brokerPasswordFile, brokerClientID, brokerProtocol, brokerQoS,
        brokerKeepAlive, brokerSessionExpiry, brokerConnections, brokerSessions, brokerSessionsClientID,
        brokerMaxInflight,
        brokerMaxPending, brokerOutage, brokerOutageTimeout, brokerCAFile, brokerCertificateFile, brokerKeyFile,
        brokerKeyPassword, brokerVerify, brokerMinimumVersion,
    ]

    // MARK: Relay

    static let mountpoint = ConfigurationKey(
        "mountpoint", .topic(ConfiguredTopic.identity), default: "ocpp/", allowsEmpty: true, "in front of every topic")
    static let upstreamTopic = ConfigurationKey(
        "upstream.topic", .topic(ConfiguredTopic.call), default: "cp/${cid}", "CALLs of charge points")
    static let upstreamOverrides = ConfigurationKey(
        "upstream.topic_override_mapping", .topicOverrides,
        "other topics for some actions: Action=topic pairs, or a map in YAML")
    static let upstreamReplyTopic = ConfigurationKey(
        "upstream.reply_topic", .topic(ConfiguredTopic.answer), default: "cp/${cid}/Reply", "CALLRESULTs")
    static let upstreamErrorTopic = ConfigurationKey(
        "upstream.error_topic", .topic(ConfiguredTopic.answer), default: "cp/${cid}/Reply",
        "CALLERRORs, and errors that the gateway reports")
    static let upstreamInvalidTopic = ConfigurationKey(
        "upstream.invalid_topic", .topic(ConfiguredTopic.refused), "refused messages, whole; empty: off")
    static let downstreamTopic = ConfigurationKey(
        "dnstream.topic", .topic(ConfiguredTopic.identity), default: "cs/${cid}",
        "messages to a charge point; one subscription each")
    static let responseTopics = ConfigurationKey(
        "dnstream.response_topics", .topicFilter,
        "a topic filter: a downstream CALL's MQTT 5 Response Topic that it matches gets the answer too")
    static let formatChecking = ConfigurationKey(
        "message_format_checking", .choice(MessageFormatChecking.Mode.allCases.map(\.rawValue)), default: "disable",
        "payloads checked against JSON Schemas")
    static let formatCheckingExempt = ConfigurationKey(
        "message_format_checking_exempt", .list, "actions that are relayed unchecked")
    static let schemaDirectory = ConfigurationKey(
        "json_schema_dir", .text, "folder of the JSON Schemas; default Schemas beside the program")
    static let schemaIDPrefix = ConfigurationKey(
        "json_schema_id_prefix", .text, allowsEmpty: true,
        "what the ids of schemas start with: OCPP 1.6's, or <version>=<prefix> pairs; empty: as published")
    static let claimTopic = ConfigurationKey(
        "gateway.claim_topic", .topic(ConfiguredTopic.identity), default: "gateway/claims/${cid}", allowsEmpty: true,
        "takeover between gateways; empty: off")
    static let presenceTopic = ConfigurationKey(
        "presence.topic", .topic(ConfiguredTopic.presence), "session opened and closed; empty: off")
    static let presenceRetain = ConfigurationKey(
        "presence.retain", .boolean, default: "false", "presence messages are retained")

    private static let relayKeys = [
        mountpoint, upstreamTopic, upstreamOverrides, upstreamReplyTopic, upstreamErrorTopic, upstreamInvalidTopic,
        downstreamTopic, responseTopics, claimTopic, presenceTopic, presenceRetain,
        formatChecking, formatCheckingExempt, schemaDirectory, schemaIDPrefix,
    ]

    // MARK: Sessions

    static let maxOpenCalls = ConfigurationKey(
        "upstream.max_open_calls", .integer(1...10_000), default: "16",
        "a charge point's unanswered CALLs; beyond that they wait")
    static let answerTimeout = ConfigurationKey(
        "upstream.answer_timeout", .duration(.zero...day), default: "25s",
        "a CALL without an answer gets InternalError after this; 0: never")
    static let unrouted = ConfigurationKey(
        "upstream.unrouted", .choice(["wait", "error"]), default: "wait",
        "a CALL on a topic that nobody subscribes to: wait for an answer, or InternalError at once")
    static let maxQueueLength = ConfigurationKey(
        "dnstream.max_mqueue_len", .integer(1...1_000_000), default: "100", "CALLs that may wait for a charge point")
    static let callTimeout = ConfigurationKey(
        "dnstream.call_timeout", .duration(.milliseconds(1)...day), default: "30s",
        "an unanswered CALL to a charge point is given up after this")
    static let heartbeatInterval = ConfigurationKey(
        "default_heartbeat_interval", .duration(.milliseconds(100)...week), default: "60s",
        "expected interval of signs of life until BootNotification sets another")
    static let heartbeatBackoff = ConfigurationKey(
        "heartbeat_checking_times_backoff", .integer(0...1000), default: "1",
        "allowed silence = heartbeat interval x (this + 1)")
    static let idleTimeout = ConfigurationKey(
        "idle_timeout", .duration(.milliseconds(10)...day), default: "30s", "from accept to the end of the handshake")
    static let enableStats = ConfigurationKey("enable_stats", .boolean, default: "true", "a statistics log line")
    static let statsInterval = ConfigurationKey(
        "stats.interval", .duration(.milliseconds(100)...day), default: "1m", "time between statistics lines")
    static let badMessages = ConfigurationKey(
        "limits.bad_messages", .integer(0...1_000_000), default: "20",
        "bad messages in a row before a connection is closed; 0: no limit")
    static let messagesPerSecond = ConfigurationKey(
        "limits.messages_per_second", .integer(0...1_000_000), default: "0",
        "messages a second from one charge point; beyond that reading pauses; 0: no limit")
    static let memory = ConfigurationKey(
        "limits.memory", .size(65536...1 << 50),
        "bytes that all queues of all sessions may hold; default a quarter of the machine's or the container's memory")
    static let drainTime = ConfigurationKey(
        "shutdown.drain_time", .duration(.zero...day), default: "10s",
        "sessions are closed spread over this time at a stop")

    private static let sessionKeys = [
        maxOpenCalls, answerTimeout, unrouted, maxQueueLength, callTimeout, heartbeatInterval, heartbeatBackoff,
        idleTimeout,
        enableStats, statsInterval, badMessages, messagesPerSecond, memory, drainTime,
    ]

    // MARK: The rest

    static let listeners = ConfigurationKey(
        "listeners", .listeners, default: "ws:default", allowsEmpty: true, "comma-separated type:name list")
    static let trustedProxies = ConfigurationKey(
        "trusted_proxies", .addressRanges, "proxies whose address headers are believed (CIDR)")
    static let authenticationBackend = ConfigurationKey(
        "authentication.backend",
        .choice([
            "none", "built_in_database", "mysql", "postgresql", "mongodb", "redis", "http", "jwt", "broker",
        ]),
        default: "none", availability: .only(["none", "broker"]),
        "who decides about credentials; none: everyone is let in")
    static let usernameIsIdentity = ConfigurationKey(
        "authentication.username_is_identity", .boolean, default: "true",
        "a user name that is not the charge point's identity gets 401, and nobody is asked")

    private static let managementKeys = [
        ConfigurationKey(
            "management.bind", .bindAddress, default: "127.0.0.1:33080", allowsEmpty: true,
            availability: .withoutEffect,
            "health, metrics and HTTP API; empty: off"),
        ConfigurationKey(
            "management.api_key", .text, isSecret: true, availability: .withoutEffect, "key of the HTTP API"),
        ConfigurationKey(
            "management.api_secret", .text, isSecret: true, availability: .withoutEffect, "secret of the HTTP API"),
    ]

    static let logLevel = ConfigurationKey(
        "log.level",
        .choice(["trace", "debug", "info", "notice", "warn", "warning", "error", "critical"]),
        default: "info", "least severe level that is logged")
    static let logFormat = ConfigurationKey(
        "log.format", .choice(LogFormat.allCases.map(\.rawValue)), default: "text", "text, or json for machines")
    static let logFrames = ConfigurationKey(
        "log.frames", .boolean, default: "false", "at debug level log OCPP frames with idTags and passwords in them")

    static let day: Duration = .seconds(86_400)
    static let week: Duration = .seconds(7 * 86_400)
}
