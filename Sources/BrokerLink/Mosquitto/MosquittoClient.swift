import CMosquitto
import CMosquittoWire
import COpenSSL
import Glibc
import NIOCore
import OutsideNames

/// A libmosquitto client, used on one thread: nothing here waits.
final class MosquittoClient {
    let usesTLS: Bool
    let handle: OpaquePointer
    private let listener: MosquittoListener
    let configuration: BrokerLinkConfiguration
    private var will: BrokerLinkConfiguration.Will?
    private var willQualityOfService: Int32
    private(set) var protocolVersion: BrokerLinkConfiguration.ProtocolVersion?
    /// Of the last message.
    var lastPacketID: Int32 = 0
    private var tls: BrokerTLSContext?
    /// Nil: libmosquitto reads and writes by itself, as it does with TLS.
    private let wire: PacketWire?
    /// The kernel keeps what is written together.
    private var isCorked = false

    /// `mosquitto_lib_init` is once per process.
    private static let isLibraryReady = mosquitto_lib_init() == MOSQ_ERR_SUCCESS.rawValue
    /// Bounds what one packet of the broker may take of our memory.
    private static let maximumIncomingPacket: UInt32 = 16 << 20

    init(
        configuration: BrokerLinkConfiguration, login: BrokerLogin, receiveMaximum: Int, usesTLS: Bool,
        buffers: PacketWire.Buffers, events: any MosquittoEvents
    ) throws(MosquittoSetUpError) {
        let cleanStart = configuration.sessionExpiry <= .zero
        // Before there is a client.
        let wire = PacketWire(buffers)
        guard Self.isLibraryReady, let handle = cmosquittowire_client(login.clientID.text, cleanStart) else {
            throw MosquittoSetUpError(reason: "no MQTT client with this client id: \(login.clientID)")
        }
        self.handle = handle
        self.configuration = configuration
        self.usesTLS = usesTLS
        self.wire = usesTLS ? nil : wire
        will = login.will
        willQualityOfService = configuration.qualityOfService.rawValue
        listener = MosquittoListener(events, configuration)
        mosquitto_user_data_set(handle, Unmanaged.passUnretained(listener).toOpaque())
        MosquittoCallbacks.set(on: handle)
        mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
        mosquitto_int_option(handle, MOSQ_OPT_RECEIVE_MAXIMUM, Int32(clamping: receiveMaximum))
        if let will = login.will {
            try check(setWill(will, qualityOfService: willQualityOfService), "will")
        }
        if usesTLS {
            // The context that `connect` is given has all that there is to know.
            try check(mosquitto_int_option(handle, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0), "TLS")
        }
    }

    deinit {
        mosquitto_destroy(handle)
    }

    /// Goes on where an older client of this connection was: with the Will as the broker takes it, and with other packet
    /// identifiers, by which a broker that kept the session may still know messages of QoS 2.
    func follow(_ older: MosquittoClient) {
        if let adapted = older.will {
            will = adapted
            willQualityOfService = older.willQualityOfService
            _ = setWill(adapted, qualityOfService: willQualityOfService)
        }
        lastPacketID = 0
        guard configuration.qualityOfService == .exactlyOnce else { return }
        // Each attempt takes an identifier; without a connection nothing else comes of it.
        for _ in 0..<max(0, older.lastPacketID) where lastPacketID < older.lastPacketID {
            mosquitto_publish_v5(handle, &lastPacketID, "-", 0, nil, 0, false, nil)
        }
    }

    // MARK: Set-up

    private func check(_ code: Int32, _ what: String) throws(MosquittoSetUpError) {
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
            throw MosquittoSetUpError(reason: "\(what): \(Self.text(ofError: code, systemError: errno))")
        }
    }

    /// For the next `connect`.
    func setCredentials(_ login: BrokerLogin) throws(MosquittoSetUpError) {
        guard let username = login.username else { return }
        try check(mosquitto_username_pw_set(handle, username.text, login.password), "user name")
    }

    private func setWill(_ will: BrokerLinkConfiguration.Will, qualityOfService: Int32) -> Int32 {
        let payload = Array(will.payload.utf8)
        return mosquitto_will_set(
            handle, will.topic.text, Int32(payload.count), payload, qualityOfService, will.retain)
    }

    /// A broker that refuses the Will as it is (MQTT 5, 3.2.2.3.4 and 3.2.2.3.5) gets it as it can take it.
    ///
    /// - Returns: whether the next attempt differs from the last.
    func adaptWill(to refusal: ConnectAcknowledgement) -> Bool {
        guard var will else { return false }
        let before = (will.retain, willQualityOfService)
        if refusal.reasonCode == Int32(MQTT_RC_RETAIN_NOT_SUPPORTED.rawValue) {
            will.retain = false
            self.will = will
        }
        if refusal.reasonCode == Int32(MQTT_RC_QOS_NOT_SUPPORTED.rawValue) {
            willQualityOfService = min(willQualityOfService, refusal.maximumQualityOfService ?? 0)
        }
        _ = setWill(will, qualityOfService: willQualityOfService)
        return before != (will.retain, willQualityOfService)
    }

    // MARK: Connection

    /// What libmosquitto (and OpenSSL) said was wrong, since the last `connect`, until the link was up.
    var errorText: String? { listener.errorText }

    /// The MQTT socket, or -1.
    var socket: Int32 { mosquitto_socket(handle) }

    /// Something waits for the socket to take it.
    var wantsWrite: Bool { mosquitto_want_write(handle) || wire?.isFull == true }

    /// Starts a connection; the socket is then to be watched. An error code of libmosquitto.
    ///
    /// Unacknowledged QoS 1 and 2 messages of this client's last connection would be sent again by libmosquitto after
    /// CONNACK.
    ///
    /// - Parameter tls: where `usesTLS`.
    func connect(
        to target: AddressRotation.Target, tls: BrokerTLSContext?,
        protocolVersion: BrokerLinkConfiguration.ProtocolVersion
    ) -> Int32 {
        listener.forgetErrors()
        // Of the last connection; OpenSSL may come back to it until libmosquitto has let go of that.
        let before = self.tls
        defer { withExtendedLifetime(before) {} }
        if let tls { use(tls) }
        mosquitto_log_callback_set(handle, MosquittoCallbacks.log)
        use(protocolVersion)
        // The last CONNACK may have put its Receive Maximum here.
        mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, Int32(clamping: min(configuration.maxInflight, 65535)))
        wire?.use(nil)
        let code = mosquitto_connect_bind_async(
            handle, target.host, Int32(clamping: target.address.port), keepAlive, nil)
        wire?.use(socket < 0 ? nil : socket)
        return explained(code)
    }

    private func use(_ context: BrokerTLSContext) {
        mosquitto_void_option(handle, MOSQ_OPT_SSL_CTX, UnsafeMutableRawPointer(context.handle))
        // It takes hold of the new one, and forgets the one before without letting go of it.
        if let before = tls { SSL_CTX_free(before.handle) }
        tls = context
    }

    /// Adds what OpenSSL does not put among its errors.
    private func explained(_ code: Int32) -> Int32 {
        guard code != MOSQ_ERR_SUCCESS.rawValue, let tls else { return code }
        let systemError = errno
        if let refusal = tls.takeRefusal() { listener.noteError(refusal) }
        errno = systemError
        return code
    }

    /// Seconds, at least the 5 that libmosquitto wants. It takes up to twice as long to notice a silent broker.
    private var keepAlive: Int32 {
        configuration.keepAlive <= .zero ? 0 : Int32(min(max(5, configuration.keepAlive.components.seconds), 65535))
    }

    private func use(_ version: BrokerLinkConfiguration.ProtocolVersion) {
        guard version != protocolVersion else { return }
        protocolVersion = version
        var properties: OpaquePointer?
        defer { mosquitto_property_free_all(&properties) }
        if version == .v5 {
            let expiry = UInt32(clamping: configuration.sessionExpiry.components.seconds)
            mosquitto_property_add_int32(&properties, MQTTProperty.sessionExpiryInterval, expiry)
            mosquitto_property_add_int32(&properties, MQTTProperty.maximumPacketSize, Self.maximumIncomingPacket)
        }
        mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, version == .v5 ? 5 : 4)
        // Only this blocking call takes CONNECT properties, and the non-blocking one then uses them. Port 0 means a
        // Unix socket, and its empty path is refused at once: no name is looked up, nothing is opened.
        mosquitto_connect_bind_v5(handle, "", 0, keepAlive, nil, properties)
    }

    // MARK: Reading and writing

    /// For every call in which libmosquitto may read or write.
    ///
    /// - Parameter gathering: what is written goes out with `sendGathered`, which must be called soon. Else at once, as it
    ///   must be where libmosquitto may close the socket behind it.
    func working<Result>(gathering: Bool, _ body: () -> Result) -> Result {
        guard let wire else { return body() }
        defer {
            // Closed: from now on the number may be that of another socket.
            if socket < 0 { wire.use(nil) }
        }
        return wire.work(gathering: gathering, body)
    }

    /// Deals with what the socket has to read; `each` comes behind every packet, or several, and stops it with false.
    ///
    /// The wire reads once (`cmosquittowire_room`, or what there is of a message that is longer), and what that has
    /// brought is dealt with to its end. Where libmosquitto reads by itself it is bounded too, so that a busy broker does
    /// not keep our own messages waiting: by their number and by `mayGoOn`.
    func read(while mayGoOn: () -> Bool, each: (_ code: Int32, _ systemError: Int32) -> Bool) {
        wire?.becameReadable()
        var round = 0
        var hasMore = true
        while hasMore {
            round += 1
            let code = explained(working(gathering: true) { mosquitto_loop_read(handle, 1) })
            guard each(code, errno) else { return }
            hasMore = wire?.hasRead ?? (round < 64 && cmosquitto_readable_bytes(socket) > 0 && mayGoOn())
        }
    }

    /// What is written from here on goes out together with `sendGathered`: several packets in one segment. Without a wire
    /// the kernel sees to it (`TCP_CORK` of Linux), by two system calls more.
    func gather() {
        guard wire == nil, !isCorked else { return }
        cork(true)
    }

    func sendGathered() {
        wire?.flush()
        if isCorked { cork(false) }
    }

    private func cork(_ isOn: Bool) {
        isCorked = isOn
        var value: Int32 = isOn ? 1 : 0
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    func write() -> Int32 { explained(working(gathering: false) { mosquitto_loop_write(handle, 1) }) }

    /// About once a second: keep-alive.
    func tick() -> Int32 { working(gathering: false) { mosquitto_loop_misc(handle) } }

    /// TCP has come to an end with connecting.
    var isConnected: Bool {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &address) { bytes in
            bytes.baseAddress.map {
                getpeername(socket, $0.assumingMemoryBound(to: sockaddr.self), &length) == 0
            } ?? false
        }
    }

    /// Says goodbye: the broker does not publish the Will.
    ///
    /// - Parameter forgettingSession: with MQTT 5 the broker keeps nothing for this client id either.
    func disconnect(forgettingSession: Bool) {
        var properties: OpaquePointer?
        if forgettingSession, protocolVersion == .v5, configuration.sessionExpiry > .zero {
            mosquitto_property_add_int32(&properties, MQTTProperty.sessionExpiryInterval, 0)
        }
        _ = working(gathering: false) { mosquitto_disconnect_v5(handle, 0, properties) }
        mosquitto_property_free_all(&properties)
    }
}
