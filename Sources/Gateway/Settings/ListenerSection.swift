import ChargePointSessions
import NIOCore
import OCPPJ
import OutsideNames
import Settings
import WebSocketFrontEnd

extension GatewayConfiguration.Listener {
    /// What the gateway has for all listeners, unless one has its own.
    struct Common {
        var broker: BrokerSection
        var relay: RelaySection
        var sessions: SessionsSection
        /// CIDRs.
        var trustedProxies: [String]
    }

    init(_ read: inout SettingsReader, _ name: ListenerName, _ common: Common) {
        self.init()
        configuration.name = name.configurationName
        configuration.handshakeTimeout = common.sessions.idleTimeout
        sessions = common.sessions.settings

        let bind = read(
            "bind", .bindAddress, default: HostAndPort(host: configuration.host, port: configuration.port),
            help: "address and port; a port alone means all addresses")
        (configuration.host, configuration.port) = (bind.host, bind.port)
        let ownMountpoint = read.optional(
            "mountpoint", .topic(ConfiguredTopic.identity, empty: ""), applies: .laterSessions,
            help: "in front of every topic; default the global one")
        configuration.acceptors = read.optional(
            "acceptors", .integer(1...1024), help: "sockets that share the port; default one per event loop")
        configuration.maxConnections = read(
            "max_connections", .integer(1...100_000_000), default: configuration.maxConnections,
            help: "connections at a time")
        configuration.maxConnectionRate = read(
            "max_conn_rate", .integer(1...10_000_000), default: configuration.maxConnectionRate,
            help: "connections accepted per second")
        passesCredentials = read(
            "enable_authn", .boolean, default: passesCredentials, help: "ask the authenticator (authentication.backend)"
        )
        configuration.readAccess(&read, trustedProxies: common.trustedProxies)
        configuration.path = read(
            "websocket.path", .path, default: configuration.path, help: "charge points connect to <path>/<identity>")
        configuration.supportedSubprotocols = read(
            "websocket.supported_subprotocols", .choices(OCPPVersion.allCases.map(\.subprotocol)),
            default: OCPPVersion.allCases.map(\.subprotocol),
            help: "OCPP versions; a charge point that offers none speaks the first")
        configuration.failIfNoSubprotocol = read(
            "websocket.fail_if_no_subprotocol", .boolean, default: configuration.failIfNoSubprotocol,
            help: "refuse a handshake without a supported subprotocol with 400")
        configuration.maxFrameSize = read(
            "websocket.max_frame_size", .byteSize(1024...64 * 1024 * 1024), default: configuration.maxFrameSize,
            help: "longest message")
        sessions.maxMessageSize = configuration.maxFrameSize
        sessions.pingInterval = read.optional(
            "websocket.ping_interval", .time(.milliseconds(10) ... .day),
            help: "silence before a ping; default half the heartbeat interval")
        let compresses = read.optional(
            "websocket.compress", .boolean,
            help: "permessage-deflate for all that offer it; default in OCPP 2.x sessions only")
        configuration.compression = compresses.map { $0 ? .always : .never } ?? .inOCPP2
        configuration.readSocket(&read)
        (configuration.tls, configuration.identityFromCertificate) = ListenerTLSSection.read(
            &read, name, hasProxy: configuration.expectsProxyHeader)

        // `/ocpp/` is `/ocpp`, and `/` is nothing.
        if configuration.path.hasSuffix("/") { configuration.path.removeLast() }
        let mountpoint = ownMountpoint ?? common.relay.mountpoint
        if ownMountpoint == nil { read.setEffectiveText("mountpoint", mountpoint) }
        topics = common.relay.templates(
            mountpoint: mountpoint, hasOwnConnections: common.broker.hasOwnConnections)
        meeting = common.relay.meeting(mountpoint: mountpoint, hasOwnConnections: common.broker.hasOwnConnections)
        common.relay.check(behind: mountpoint, &read)
        if let ownMountpoint { common.relay.warnOfMountpoint("mountpoint", ownMountpoint, &read) }
        clientID = Self.clientID(common, mountpoint)
        self.mountpoint = mountpoint
    }

    /// A client id is the broker's, whatever the topics: where a listener has a mountpoint of its own, the same
    /// identity there is another charge point.
    private static func clientID(_ common: Common, _ mountpoint: String) -> TopicTemplate {
        let template = TopicTemplate(common.broker.ownClientID)
        guard !mountpoint.hasSameBytes(as: common.relay.mountpoint) else { return template }
        // No identity has a slash in it: what is in front of the last one cannot be a part of another's.
        let prefix = mountpoint.utf8.last == UInt8(ascii: "/") ? mountpoint : mountpoint + "/"
        return template.filled(TopicTemplate(prefix + "${cid}"))
    }
}

extension ListenerConfiguration {
    fileprivate mutating func readSocket(_ read: inout SettingsReader) {
        noDelay = read("tcp_options.nodelay", .boolean, default: noDelay, help: "TCP_NODELAY")
        reuseAddress = read("tcp_options.reuseaddr", .boolean, default: reuseAddress, help: "SO_REUSEADDR")
        backlog = read(
            "tcp_options.backlog", .integer(1...65535), default: backlog, help: "connections that wait to be accepted")
        receiveBuffer = read(
            "tcp_options.buffer", .byteSize(256...1024 * 1024), default: receiveBuffer, help: "bytes read at once")
        framesPerRound = read(
            "tcp_options.active_n", .integer(1...100_000), default: framesPerRound,
            help: "messages of one connection handled in a row")
        sendTimeout = read(
            "tcp_options.send_timeout", .time(.milliseconds(10) ... .day), default: sendTimeout,
            help: "how long a peer may take nothing of what is written to it")
        closesOnSendTimeout = read(
            "tcp_options.send_timeout_close", .boolean, default: closesOnSendTimeout, help: "close the connection then")
    }
}
