import OCPPJ

// The settings that each listener has, under `listeners.<type>.<name>.`.

extension ConfigurationKey {
    static let bind = listener(
        "bind", .bindAddress, default: "0.0.0.0:33033", "address and port; a port alone means all addresses")
    static let listenerMountpoint = listener(
        "mountpoint", .topic(ConfiguredTopic.identity), "in front of every topic; default the global one")
    static let acceptors = listener(
        "acceptors", .integer(1...1024), "sockets that share the port; default one per event loop")
    static let maxConnections = listener(
        "max_connections", .integer(1...100_000_000), default: "1024000", "connections at a time")
    static let maxConnectionRate = listener(
        "max_conn_rate", .integer(1...10_000_000), default: "1000", "connections accepted per second")
    static let enableAuthn = listener(
        "enable_authn", .boolean, default: "true", "ask the authenticator (authentication.backend)")
    static let proxyProtocol = listener(
        "proxy_protocol", .boolean, default: "false", "a PROXY header begins every connection")
    static let proxyProtocolTimeout = listener(
        "proxy_protocol_timeout", .duration(.milliseconds(10)...day), default: "3s", "wait for the PROXY header")
    static let accessRules = listener(
        "access_rules", .accessRules, default: "allow all",
        "allow CIDR and deny CIDR, in order; who matches none is let in")
    static let listenerTrustedProxies = listener(
        "trusted_proxies", .addressRanges,
        "proxies whose address headers are believed (CIDR); default the global ones")
    static let webSocketPath = listener(
        "websocket.path", .path, default: "/ocpp", "charge points connect to <path>/<identity>")
    static let subprotocols = listener(
        "websocket.supported_subprotocols", .choices(OCPPVersion.allCases.map(\.subprotocol)),
        default: "ocpp1.6, ocpp2.0.1, ocpp2.1",
        "OCPP versions; a charge point that offers none speaks the first")
    static let failIfNoSubprotocol = listener(
        "websocket.fail_if_no_subprotocol", .boolean, default: "false",
        "refuse a handshake without a supported subprotocol with 400")
    static let maxFrameSize = listener(
        "websocket.max_frame_size", .size(1024...64 * 1024 * 1024), default: "512KB", "longest message")
    static let pingInterval = listener(
        "websocket.ping_interval", .duration(.milliseconds(10)...day),
        "silence before a ping; default half the heartbeat interval")
    static let compress = listener(
        "websocket.compress", .boolean,
        "permessage-deflate for all that offer it; default in OCPP 2.x sessions only")
    static let checkOriginEnable = listener(
        "websocket.check_origin_enable", .boolean, default: "false", "check the Origin header")
    static let checkOrigins = listener("websocket.check_origins", .origins, "origins that are let in")
    static let allowOriginAbsence = listener(
        "websocket.allow_origin_absence", .boolean, default: "true", "let in requests without an Origin")
    static let proxyAddressHeader = listener(
        "websocket.proxy_address_header", .headerName, default: "x-forwarded-for",
        "header with the charge point's address")
    static let proxyPortHeader = listener(
        "websocket.proxy_port_header", .headerName, default: "x-forwarded-port",
        "header with the charge point's port")
    static let noDelay = listener("tcp_options.nodelay", .boolean, default: "true", "TCP_NODELAY")
    static let reuseAddress = listener("tcp_options.reuseaddr", .boolean, default: "true", "SO_REUSEADDR")
    static let backlog = listener(
        "tcp_options.backlog", .integer(1...65535), default: "1024", "connections that wait to be accepted")
    static let receiveBuffer = listener(
        "tcp_options.buffer", .size(256...1024 * 1024), default: "2KB", "bytes read at once")
    static let framesPerRound = listener(
        "tcp_options.active_n", .integer(1...100_000), default: "100", "messages of one connection handled in a row")
    static let sendTimeout = listener(
        "tcp_options.send_timeout", .duration(.milliseconds(10)...day), default: "15s",
        "how long a peer may take nothing of what is written to it")
    static let sendTimeoutClose = listener(
        "tcp_options.send_timeout_close", .boolean, default: "true", "close the connection then")

    static let listenerKeys: [ConfigurationKey] =
        [
            bind, listenerMountpoint, acceptors, maxConnections, maxConnectionRate, enableAuthn,
            proxyProtocol, proxyProtocolTimeout, accessRules, listenerTrustedProxies, webSocketPath, subprotocols,
            failIfNoSubprotocol, maxFrameSize, pingInterval, compress, checkOriginEnable, checkOrigins,
            allowOriginAbsence, proxyAddressHeader, proxyPortHeader,
            noDelay, reuseAddress, backlog, receiveBuffer, framesPerRound, sendTimeout, sendTimeoutClose,
        ] + tlsKeys

    static func listener(
        _ name: String, _ kind: Kind, default defaultText: String = "", isSecret: Bool = false,
        availability: Availability = .available, _ summary: String
    ) -> ConfigurationKey {
        // An empty mountpoint is a mountpoint; every other setting without a default may be left empty.
        ConfigurationKey(
            name, kind, default: defaultText, isSecret: isSecret, availability: availability, scope: .listener, summary)
    }
}
