import CMosquitto
import Glibc
import NIOCore
import OutsideNames

/// The C functions that libmosquitto calls, with a `MosquittoListener` as user data.
enum MosquittoCallbacks {
    static func set(on handle: OpaquePointer) {
        mosquitto_connect_v5_callback_set(handle) { handle, userData, code, flags, properties in
            guard let listener = MosquittoListener.of(userData) else { return }
            // libmosquitto formats two lines of its log for each message: only until the link is up.
            if code == 0 { mosquitto_log_callback_set(handle, nil) }
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
            listener.events.mosquittoConnected(acknowledgement)
        }
        mosquitto_disconnect_v5_callback_set(handle) { _, userData, code, _ in
            let systemError = errno
            MosquittoListener.of(userData)?.events.mosquittoDisconnected(code: code, systemError: systemError)
        }
        mosquitto_publish_v5_callback_set(handle) { _, userData, packetID, reasonCode, _ in
            MosquittoListener.of(userData)?.events.mosquittoPublished(packetID: packetID, reasonCode: reasonCode)
        }
        mosquitto_subscribe_v5_callback_set(handle) { _, userData, packetID, count, granted, _ in
            let codes = UnsafeBufferPointer(start: granted, count: granted == nil ? 0 : Int(count))
            MosquittoListener.of(userData)?.events.mosquittoSubscribed(packetID: packetID, granted: codes)
        }
        mosquitto_unsubscribe_v5_callback_set(handle) { _, userData, packetID, _ in
            MosquittoListener.of(userData)?.events.mosquittoUnsubscribed(packetID: packetID)
        }
        mosquitto_message_v5_callback_set(handle) { _, userData, message, properties in
            guard let message = message?.pointee, let topic = message.topic,
                let listener = MosquittoListener.of(userData)
            else { return }
            let bytes = UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen))
            // Of one that is too long nobody reads more than that it is.
            let readable = UnsafeRawBufferPointer(rebasing: bytes.prefix(listener.longestDelivery.bytes))
            let received = BrokerMessage(
                topic: Topic(String(cString: topic)), payload: ByteBuffer(bytes: readable), isRetained: message.retain,
                properties: properties.map { MosquittoProperties.read($0, for: listener) } ?? .init())
            // libmosquitto itself sees to it that a QoS 2 message comes once.
            let key =
                message.qos == 1
                ? RedeliveryFilter.key(packetID: Int32(message.mid), topic: received.topic, payload: bytes) : nil
            listener.events.mosquittoReceived(received, redeliveryKey: key)
            // With TLS, loop_read takes errno for its own and would leave what OpenSSL has decrypted already.
            errno = 0
        }
    }

    static let log: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?, Int32, UnsafePointer<CChar>?) -> Void = {
        _, userData, level, text in
        guard level == MOSQ_LOG_ERR, let text else { return }
        MosquittoListener.of(userData)?.noteError(String(cString: text))
    }
}
