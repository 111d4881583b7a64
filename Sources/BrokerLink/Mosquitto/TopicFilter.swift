import CMosquitto
import Glibc
import OutsideNames

/// What libmosquitto, and so every broker, takes as a topic filter (MQTT 5, 4.7).
enum TopicFilter {
    /// Whether a SUBSCRIBE may carry it; one bad topic would fail the whole packet.
    static func isValid(_ topic: Topic) -> Bool {
        let length = topic.utf8.count
        return topic.text.withCString { text in
            strlen(text) == length && length <= 65535
                && mosquitto_sub_topic_check(text) == MOSQ_ERR_SUCCESS.rawValue
                && mosquitto_validate_utf8(text, Int32(length)) == MOSQ_ERR_SUCCESS.rawValue
        }
    }
}
