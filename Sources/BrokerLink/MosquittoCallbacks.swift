import CMosquitto
import Glibc
import NIOCore
import OutsideNames

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
    /// `redeliveryKey`: by which a QoS 1 message that the broker delivers again is known.
    func mosquittoReceived(_ message: BrokerMessage, redeliveryKey: Int?)
}

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
}

/// The C functions that libmosquitto calls, with the client as user data.
enum MosquittoCallbacks {
    static func set(on handle: OpaquePointer) {
        mosquitto_connect_v5_callback_set(handle) { _, userData, code, flags, properties in
            guard let client = MosquittoClient.client(userData) else { return }
            if code == 0 {
                client.connected()
            }
            var acknowledgement = ConnectAcknowledgement(reasonCode: code, isSessionPresent: flags & 1 == 1)
            var short: UInt16 = 0
            if mosquitto_property_read_int16(properties, MQTTProperty.receiveMaximum, &short, false) != nil {
                acknowledgement.receiveMaximum = Int(short)
            }
            var byte: UInt8 = 0
            if mosquitto_property_read_byte(properties, MQTTProperty.maximumQoS, &byte, false) != nil {
                acknowledgement.maximumQualityOfService = Int32(byte)
            }
            var long: UInt32 = 0
            if mosquitto_property_read_int32(properties, MQTTProperty.maximumPacketSize, &long, false) != nil {
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
            guard let message = message?.pointee, let topic = message.topic,
                let client = MosquittoClient.client(userData)
            else { return }
            let bytes = UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen))
            // Of one that is too long nobody reads more than that it is.
            let readable = UnsafeRawBufferPointer(rebasing: bytes.prefix(client.longestDelivery))
            var received = BrokerMessage(
                topic: Topic(String(cString: topic)), payload: ByteBuffer(bytes: readable), isRetained: message.retain)
            if let properties { client.read(properties, into: &received) }
            // libmosquitto itself sees to it that a QoS 2 message comes once.
            let key =
                message.qos == 1
                ? RedeliveryFilter.key(packetID: Int32(message.mid), topic: received.topic, payload: bytes) : nil
            client.events.mosquittoReceived(received, redeliveryKey: key)
            // With TLS, loop_read takes errno for its own and would leave what OpenSSL has decrypted already.
            errno = 0
        }
    }

    static let log: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?, Int32, UnsafePointer<CChar>?) -> Void = {
        _, userData, level, text in
        guard level == MOSQ_LOG_ERR, let text else { return }
        MosquittoClient.client(userData)?.noteError(String(cString: text))
    }
}
