import CMosquitto
import Glibc

/// What libmosquitto's codes mean, for the log.
extension MosquittoClient {
    static func text(ofError code: Int32, systemError: Int32) -> String {
        switch code {
        case MOSQ_ERR_ERRNO.rawValue: String(cString: strerror(systemError))
        // Those that libmosquitto has no words for.
        case MOSQ_ERR_MALFORMED_PACKET.rawValue: "The broker sent a malformed packet."
        case MOSQ_ERR_TIMEOUT.rawValue: "The broker did not answer in time."
        case MOSQ_ERR_RETAIN_NOT_SUPPORTED.rawValue: "The broker keeps no retained messages."
        case MOSQ_ERR_TOPIC_ALIAS_INVALID.rawValue: "The broker does not take this topic alias."
        case MOSQ_ERR_ADMINISTRATIVE_ACTION.rawValue: "The broker ended the connection on purpose."
        default: String(cString: mosquitto_strerror(code))
        }
    }

    static func text(ofReason code: Int32) -> String {
        // MQTT 3.1.1 has its own codes for a refused CONNECT, 1 to 5.
        String(cString: (1...5).contains(code) ? mosquitto_connack_string(code) : mosquitto_reason_string(code))
    }
}
