import CMosquitto
import Glibc
import NIOCore
import OutsideNames

/// The MQTT 5 properties of messages, in libmosquitto's lists.
enum MosquittoProperties {
    /// User properties that are looked at; somebody outside chooses how many there are.
    private static let mostUserProperties = 64
    /// Bytes of a Response Topic and of its Correlation Data; where one is longer there is no reply.
    private static let longestResponseTopic = 1024
    private static let longestCorrelation = 4096
    /// Bytes of a `traceparent`: nobody makes one that is longer, of any version.
    private static let longestTraceParent = 128

    // MARK: From the broker

    static func read(_ properties: OpaquePointer, for listener: MosquittoListener) -> BrokerMessage.Properties {
        var message = BrokerMessage.Properties()
        var seconds: UInt32 = 0
        if mosquitto_property_read_int32(properties, MQTTProperty.messageExpiryInterval, &seconds, false) != nil {
            message.expires = .now() + .seconds(Int64(seconds))
        }
        message.version = userProperty(MQTTProperty.versionName, in: properties)
        if listener.readsTraceParents {
            message.traceParent = userProperty(
                MQTTProperty.traceParentName, in: properties, longest: longestTraceParent)
        }
        if let filter = listener.responseTopics { message.replyAddress = replyAddress(in: properties, filter: filter) }
        return message
    }

    /// The first of this name; nil where that is too long.
    private static func userProperty(
        _ wanted: String, in properties: OpaquePointer, longest: Int = .max
    ) -> String? {
        var position: OpaquePointer? = properties
        for number in 0..<mostUserProperties {
            var name: UnsafeMutablePointer<CChar>?
            var value: UnsafeMutablePointer<CChar>?
            position = mosquitto_property_read_string_pair(
                position, MQTTProperty.userProperty, &name, &value, number > 0)
            guard position != nil else { return nil }
            defer {
                free(name)
                free(value)
            }
            if let name, let value, strcmp(name, wanted) == 0 {
                return strlen(value) <= longest ? String(cString: value) : nil
            }
        }
        return nil
    }

    private static func replyAddress(in properties: OpaquePointer, filter: Topic) -> ReplyAddress? {
        var text: UnsafeMutablePointer<CChar>?
        guard mosquitto_property_read_string(properties, MQTTProperty.responseTopic, &text, false) != nil, let text
        else {
            return nil
        }
        defer { free(text) }
        var matches = false
        // MQTT 5, 3.3.2.3.5: no wildcards. A filter matches topics that begin with $ only where it does so itself.
        guard 1...longestResponseTopic ~= strlen(text), mosquitto_pub_topic_check(text) == MOSQ_ERR_SUCCESS.rawValue,
            mosquitto_topic_matches_sub(filter.text, text, &matches) == MOSQ_ERR_SUCCESS.rawValue, matches
        else { return nil }
        let correlationData = correlationData(in: properties)
        guard correlationData?.readableBytes ?? 0 <= longestCorrelation else { return nil }
        return ReplyAddress(topic: Topic(String(cString: text)), correlationData: correlationData)
    }

    private static func correlationData(in properties: OpaquePointer) -> ByteBuffer? {
        var bytes: UnsafeMutableRawPointer?
        var count: UInt16 = 0
        guard mosquitto_property_read_binary(properties, MQTTProperty.correlationData, &bytes, &count, false) != nil
        else {
            return nil
        }
        defer { free(bytes) }
        return ByteBuffer(bytes: UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    }

    // MARK: To the broker

    /// To be freed by the caller.
    static func list(of wanted: BrokerPublish.Properties) -> OpaquePointer? {
        var list: OpaquePointer?
        if wanted.isJSON { add("application/json", as: MQTTProperty.contentType, to: &list) }
        if let topic = wanted.responseTopic { add(topic.text, as: MQTTProperty.responseTopic, to: &list) }
        switch wanted.correlationData {
        case .text(var text): text.withUTF8 { addCorrelationData(UnsafeRawBufferPointer($0), to: &list) }
        case .bytes(let bytes): bytes.withUnsafeReadableBytes { addCorrelationData($0, to: &list) }
        case nil: break
        }
        if let version = wanted.version { addUserProperty(MQTTProperty.versionName, version, to: &list) }
        if let action = wanted.action { addUserProperty("action", action, to: &list) }
        if let parent = wanted.traceParent { addUserProperty(MQTTProperty.traceParentName, parent, to: &list) }
        return list
    }

    private static func addCorrelationData(_ bytes: UnsafeRawBufferPointer, to list: inout OpaquePointer?) {
        mosquitto_property_add_binary(
            &list, MQTTProperty.correlationData, bytes.baseAddress, UInt16(clamping: bytes.count))
    }

    // A string that is handed to C as it is would be copied to the heap each time; `withCString` lends its own bytes.

    private static func add(_ text: String, as property: Int32, to list: inout OpaquePointer?) {
        text.withCString { text in _ = mosquitto_property_add_string(&list, property, text) }
    }

    private static func addUserProperty(_ name: String, _ value: String, to list: inout OpaquePointer?) {
        name.withCString { name in
            value.withCString { value in
                _ = mosquitto_property_add_string_pair(&list, MQTTProperty.userProperty, name, value)
            }
        }
    }
}
