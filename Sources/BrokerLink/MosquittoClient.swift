import CMosquitto
import Glibc
import NIOCore

/// What a broker says in its CONNACK (MQTT 5, 3.2).
struct ConnectAcknowledgement {
    var reasonCode: Int32
    var isSessionPresent: Bool
    var receiveMaximum: Int?
    var maximumQualityOfService: Int32?
    var maximumPacketSize: Int?
}

/// What libmosquitto reports, while one of `MosquittoClient`'s calls runs.
protocol MosquittoEvents: AnyObject {
    func mosquittoConnected(_ acknowledgement: ConnectAcknowledgement)
    /// `code`: a reason code of the broker's DISCONNECT (0x80 and more), or an error of libmosquitto.
    func mosquittoDisconnected(code: Int32, systemError: Int32)
    func mosquittoPublished(packetID: Int32, reasonCode: Int32)
    func mosquittoSubscribed(packetID: Int32, granted: UnsafeBufferPointer<Int32>)
    func mosquittoUnsubscribed(packetID: Int32)
    func mosquittoReceived(_ message: BrokerMessage)
}

/// A libmosquitto client, used on one thread: nothing here waits, except for the name server in `connect`.
final class MosquittoClient {
    struct SetUpError: Error {
        var reason: String
    }

    let usesTLS: Bool
    /// What libmosquitto (and OpenSSL) said was wrong, since the last `connect`, until the link was up.
    private(set) var errorText: String?

    private let handle: OpaquePointer
    private let configuration: BrokerLinkConfiguration
    private var protocolVersion: BrokerLinkConfiguration.ProtocolVersion?
    fileprivate unowned let events: any MosquittoEvents

    /// `mosquitto_lib_init` is once per process.
    private static let isLibraryReady = mosquitto_lib_init() == MOSQ_ERR_SUCCESS.rawValue
    /// Bounds what one packet of the broker may take of our memory.
    private static let maximumIncomingPacket: UInt32 = 16 << 20
    /// QoS 1 and 2 messages that the broker may have unacknowledged; libmosquitto searches them one by one.
    private static let receiveMaximum: Int32 = 512

    init(
        configuration: BrokerLinkConfiguration, clientID: String, will: BrokerLinkConfiguration.Will?,
        usesTLS: Bool, events: any MosquittoEvents
    ) throws(SetUpError) {
        let cleanStart = configuration.sessionExpiry <= .zero
        guard Self.isLibraryReady, let handle = mosquitto_new(clientID, cleanStart, nil) else {
            throw SetUpError(reason: "no MQTT client with this client id: \(clientID)")
        }
        self.handle = handle
        self.configuration = configuration
        self.usesTLS = usesTLS
        self.events = events
        mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
        MosquittoCallbacks.set(on: handle)
        mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
        mosquitto_int_option(handle, MOSQ_OPT_RECEIVE_MAXIMUM, Self.receiveMaximum)
        if let username = configuration.username {
            try check(mosquitto_username_pw_set(handle, username, configuration.password), "user name")
        }
        if let will {
            try setWill(will)
        }
        if usesTLS {
            try setUpTLS()
        }
    }

    deinit {
        mosquitto_destroy(handle)
    }

    static func client(_ userData: UnsafeMutableRawPointer?) -> MosquittoClient? {
        userData.map { Unmanaged<MosquittoClient>.fromOpaque($0).takeUnretainedValue() }
    }

    // MARK: Set-up

    private func check(_ code: Int32, _ what: String) throws(SetUpError) {
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
            throw SetUpError(reason: "\(what): \(Self.text(ofError: code, systemError: errno))")
        }
    }

    private func setWill(_ will: BrokerLinkConfiguration.Will) throws(SetUpError) {
        let payload = Array(will.payload.utf8)
        let code = mosquitto_will_set(
            handle, will.topic, Int32(payload.count), payload, configuration.qualityOfService.rawValue, will.retain)
        try check(code, "will")
    }

    private func setUpTLS() throws(SetUpError) {
        let tls = configuration.tls
        for file in [tls.caFile, tls.certificateFile, tls.keyFile] {
            // libmosquitto would only say "invalid argument".
            guard let file, access(file, R_OK) != 0 else { continue }
            throw SetUpError(reason: "TLS: \(file): \(String(cString: strerror(errno)))")
        }
        if tls.caFile == nil {
            try check(mosquitto_int_option(handle, MOSQ_OPT_TLS_USE_OS_CERTS, 1), "TLS: the system's authorities")
        }
        if tls.caFile != nil || tls.certificateFile != nil {
            // A client certificate cannot be set without a place for authorities.
            let folder: String? = tls.caFile == nil ? "/etc/ssl/certs" : nil
            let code = mosquitto_tls_set(
                handle, tls.caFile, folder, tls.certificateFile, tls.keyFile, MosquittoCallbacks.keyPassword)
            try check(code, "TLS: certificate files")
        }
        // SSL_VERIFY_NONE is 0, SSL_VERIFY_PEER 1. No version named: TLS 1.2 and later.
        try check(mosquitto_tls_opts_set(handle, tls.verify ? 1 : 0, nil, nil), "TLS options")
        try check(mosquitto_tls_insecure_set(handle, !tls.verify), "TLS options")
    }

    var keyPassword: String? { configuration.tls.keyPassword }

    // MARK: Connection

    /// The MQTT socket, or -1.
    var socket: Int32 { mosquitto_socket(handle) }

    /// Something waits for the socket to take it.
    var wantsWrite: Bool { mosquitto_want_write(handle) }

    /// Starts a connection; the socket is then to be watched. An error code of libmosquitto.
    ///
    /// Unacknowledged QoS 1 and 2 messages of the last connection are sent again by libmosquitto after CONNACK.
    func connect(
        to address: BrokerLinkConfiguration.Address, bindAddress: String?,
        protocolVersion: BrokerLinkConfiguration.ProtocolVersion
    ) -> Int32 {
        errorText = nil
        mosquitto_log_callback_set(handle, MosquittoCallbacks.log)
        use(protocolVersion)
        // The last CONNACK may have put its Receive Maximum here.
        mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, Int32(clamping: min(configuration.maxInflight, 65535)))
        mosquitto_string_option(handle, MOSQ_OPT_BIND_ADDRESS, bindAddress)
        return mosquitto_connect_bind_async(handle, address.host, Int32(address.port), keepAlive, nil)
    }

    /// Seconds. libmosquitto takes up to twice its keep-alive to notice a silent broker, so it gets half.
    private var keepAlive: Int32 {
        let seconds = configuration.keepAlive.components.seconds
        return configuration.keepAlive <= .zero ? 0 : Int32(min(max(5, seconds / 2), 65535))
    }

    private func use(_ version: BrokerLinkConfiguration.ProtocolVersion) {
        guard version != protocolVersion else { return }
        protocolVersion = version
        var properties: OpaquePointer?
        defer { mosquitto_property_free_all(&properties) }
        if version == .v5 {
            let expiry = UInt32(clamping: configuration.sessionExpiry.components.seconds)
            mosquitto_property_add_int32(&properties, Property.sessionExpiryInterval, expiry)
            mosquitto_property_add_int32(&properties, Property.maximumPacketSize, Self.maximumIncomingPacket)
        }
        mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, version == .v5 ? 5 : 4)
        // Only this blocking call takes CONNECT properties, and the non-blocking one then uses them. Port 0 means a
        // Unix socket, and its empty path is refused at once: no name is looked up, nothing is opened.
        mosquitto_connect_bind_v5(handle, "", 0, keepAlive, nil, properties)
    }

    /// To be called when the socket has something to read, repeatedly: it reads one packet or more.
    func read() -> Int32 { mosquitto_loop_read(handle, 1) }

    func write() -> Int32 { mosquitto_loop_write(handle, 1) }

    /// About once a second: keep-alive.
    func tick() -> Int32 { mosquitto_loop_misc(handle) }

    func disconnect() { mosquitto_disconnect(handle) }

    // MARK: Packets

    func publish(_ message: BrokerPublish, qualityOfService: Int32) -> (code: Int32, packetID: Int32) {
        var packetID: Int32 = 0
        var properties: OpaquePointer?
        if protocolVersion == .v5, let request = message.requestProperties {
            properties = Self.properties(of: request)
        }
        let length = message.topic.utf8.count
        let code = message.topic.withCString { topic in
            // A NUL would cut the topic short.
            guard strlen(topic) == length else { return MOSQ_ERR_INVAL.rawValue }
            return message.payload.withUnsafeReadableBytes { bytes in
                mosquitto_publish_v5(
                    handle, &packetID, topic, Int32(clamping: bytes.count), bytes.baseAddress, qualityOfService,
                    message.retain, properties)
            }
        }
        if properties != nil {
            mosquitto_property_free_all(&properties)
        }
        return (code, packetID)
    }

    private static func properties(of request: BrokerPublish.RequestProperties) -> OpaquePointer? {
        var properties: OpaquePointer?
        mosquitto_property_add_string(&properties, Property.contentType, "application/json")
        mosquitto_property_add_string(&properties, Property.responseTopic, request.responseTopic)
        var correlation = request.correlationData
        correlation.withUTF8 { bytes in
            _ = mosquitto_property_add_binary(
                &properties, Property.correlationData, bytes.baseAddress, UInt16(clamping: bytes.count))
        }
        for (name, value) in request.userProperties {
            mosquitto_property_add_string_pair(&properties, Property.userProperty, name, value)
        }
        return properties
    }

    func subscribe(to topics: [String]) -> (code: Int32, packetID: Int32) {
        var packetID: Int32 = 0
        let code = Self.withCStrings(topics) { list, count in
            mosquitto_subscribe_multiple(
                handle, &packetID, count, list, configuration.qualityOfService.rawValue, 0, nil)
        }
        return (code, packetID)
    }

    func unsubscribe(from topics: [String]) -> (code: Int32, packetID: Int32) {
        var packetID: Int32 = 0
        let code = Self.withCStrings(topics) { list, count in
            mosquitto_unsubscribe_multiple(handle, &packetID, count, list, nil)
        }
        return (code, packetID)
    }

    private static func withCStrings(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>, Int32) -> Int32
    ) -> Int32 {
        let copies = strings.map { strdup($0) }
        defer {
            for copy in copies {
                free(copy)
            }
        }
        return copies.withUnsafeBufferPointer { list in
            list.baseAddress.map { body($0, Int32(list.count)) } ?? MOSQ_ERR_INVAL.rawValue
        }
    }

    /// Whether a SUBSCRIBE may carry it; one bad topic would fail the whole packet.
    static func isTopicFilter(_ topic: String) -> Bool {
        let length = topic.utf8.count
        return topic.withCString { text in
            strlen(text) == length && length <= 65535
                && mosquitto_sub_topic_check(text) == MOSQ_ERR_SUCCESS.rawValue
                && mosquitto_validate_utf8(text, Int32(length)) == MOSQ_ERR_SUCCESS.rawValue
        }
    }

    // MARK: What went wrong

    fileprivate func noteError(_ text: String) {
        errorText = errorText.map { $0.count < 500 ? "\($0); \(text)" : $0 } ?? text
    }

    /// The log call-back makes libmosquitto format two lines for each message: only until the link is up.
    fileprivate func connected() {
        mosquitto_log_callback_set(handle, nil)
    }

    static func text(ofError code: Int32, systemError: Int32) -> String {
        switch code {
        case MOSQ_ERR_ERRNO.rawValue: String(cString: strerror(systemError))
        // libmosquitto leaves the resolver's code in errno.
        case MOSQ_ERR_EAI.rawValue: "host name not found: \(String(cString: gai_strerror(systemError)))"
        default: String(cString: mosquitto_strerror(code))
        }
    }

    static func text(ofReason code: Int32) -> String {
        // MQTT 3.1.1 has its own codes for a refused CONNECT, 1 to 5.
        String(cString: (1...5).contains(code) ? mosquitto_connack_string(code) : mosquitto_reason_string(code))
    }
}

/// MQTT 5 property identifiers, as the integers that libmosquitto's functions take.
private enum Property {
    static let messageExpiryInterval = Int32(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL.rawValue)
    static let contentType = Int32(MQTT_PROP_CONTENT_TYPE.rawValue)
    static let responseTopic = Int32(MQTT_PROP_RESPONSE_TOPIC.rawValue)
    static let correlationData = Int32(MQTT_PROP_CORRELATION_DATA.rawValue)
    static let sessionExpiryInterval = Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue)
    static let receiveMaximum = Int32(MQTT_PROP_RECEIVE_MAXIMUM.rawValue)
    static let maximumQoS = Int32(MQTT_PROP_MAXIMUM_QOS.rawValue)
    static let userProperty = Int32(MQTT_PROP_USER_PROPERTY.rawValue)
    static let maximumPacketSize = Int32(MQTT_PROP_MAXIMUM_PACKET_SIZE.rawValue)
}

/// The C functions that libmosquitto calls, with the client as user data.
private enum MosquittoCallbacks {
    static func set(on handle: OpaquePointer) {
        mosquitto_connect_v5_callback_set(handle) { _, userData, code, flags, properties in
            guard let client = MosquittoClient.client(userData) else { return }
            if code == 0 {
                client.connected()
            }
            var acknowledgement = ConnectAcknowledgement(reasonCode: code, isSessionPresent: flags & 1 == 1)
            var short: UInt16 = 0
            if mosquitto_property_read_int16(properties, Property.receiveMaximum, &short, false) != nil {
                acknowledgement.receiveMaximum = Int(short)
            }
            var byte: UInt8 = 0
            if mosquitto_property_read_byte(properties, Property.maximumQoS, &byte, false) != nil {
                acknowledgement.maximumQualityOfService = Int32(byte)
            }
            var long: UInt32 = 0
            if mosquitto_property_read_int32(properties, Property.maximumPacketSize, &long, false) != nil {
                acknowledgement.maximumPacketSize = Int(long)
            }
            client.events.mosquittoConnected(acknowledgement)
        }
        mosquitto_disconnect_v5_callback_set(handle) { _, userData, code, _ in
            let systemError = errno
            MosquittoClient.client(userData)?.events.mosquittoDisconnected(code: code, systemError: systemError)
        }
        mosquitto_publish_v5_callback_set(handle) { _, userData, packetID, reasonCode, _ in
            MosquittoClient.client(userData)?.events.mosquittoPublished(packetID: packetID, reasonCode: reasonCode)
        }
        mosquitto_subscribe_v5_callback_set(handle) { _, userData, packetID, count, granted, _ in
            let codes = UnsafeBufferPointer(start: granted, count: granted == nil ? 0 : Int(count))
            MosquittoClient.client(userData)?.events.mosquittoSubscribed(packetID: packetID, granted: codes)
        }
        mosquitto_unsubscribe_v5_callback_set(handle) { _, userData, packetID, _ in
            MosquittoClient.client(userData)?.events.mosquittoUnsubscribed(packetID: packetID)
        }
        mosquitto_message_v5_callback_set(handle) { _, userData, message, properties in
            guard let message = message?.pointee, let topic = message.topic else { return }
            let bytes = UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen))
            var received = BrokerMessage(
                topic: String(cString: topic), payload: ByteBuffer(bytes: bytes), isRetained: message.retain)
            var seconds: UInt32 = 0
            if mosquitto_property_read_int32(properties, Property.messageExpiryInterval, &seconds, false) != nil {
                received.expires = .now() + .seconds(Int64(seconds))
            }
            MosquittoClient.client(userData)?.events.mosquittoReceived(received)
            // With TLS, loop_read takes errno for its own and would leave what OpenSSL has decrypted already.
            errno = 0
        }
    }

    static let log: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?, Int32, UnsafePointer<CChar>?) -> Void = {
        _, userData, level, text in
        guard level == MOSQ_LOG_ERR, let text else { return }
        MosquittoClient.client(userData)?.noteError(String(cString: text))
    }

    /// Always set, as OpenSSL would otherwise ask for the password on the terminal.
    static let keyPassword:
        @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = {
            buffer, size, _, handle in
            // OpenSSL hands over libmosquitto's handle.
            guard let buffer, let handle,
                let password = MosquittoClient.client(mosquitto_userdata(OpaquePointer(handle)))?.keyPassword,
                password.utf8.count <= Int(size)
            else { return 0 }
            for (index, byte) in password.utf8.enumerated() {
                buffer[index] = CChar(bitPattern: byte)
            }
            return Int32(password.utf8.count)
        }
}
