import CMosquitto
import Glibc
import OutsideNames

/// The packets that are sent.
extension MosquittoClient {
    func publish(_ message: BrokerPublish, qualityOfService: Int32) -> (code: Int32, packetID: Int32) {
        var packetID: Int32 = 0
        var properties: OpaquePointer?
        if protocolVersion == .v5, let wanted = message.properties {
            properties = MosquittoProperties.list(of: wanted)
        }
        let length = message.topic.utf8.count
        let code = message.topic.text.withCString { topic in
            // A NUL would cut the topic short.
            guard strlen(topic) == length else { return MOSQ_ERR_INVAL.rawValue }
            return message.payload.withUnsafeReadableBytes { bytes in
                working(gathering: true) {
                    mosquitto_publish_v5(
                        handle, &packetID, topic, Int32(clamping: bytes.count), bytes.baseAddress, qualityOfService,
                        message.retain, properties)
                }
            }
        }
        if properties != nil {
            mosquitto_property_free_all(&properties)
        }
        lastPacketID = packetID
        return (code, packetID)
    }

    func subscribe(to topics: [Topic]) -> (code: Int32, packetID: Int32) {
        var packetID: Int32 = 0
        let code = Self.withCStrings(topics) { list, count in
            // MQTT 5, 3.8.3.1: retained messages not again for a subscription that the broker has already.
            let options = protocolVersion == .v5 ? Int32(MQTT_SUB_OPT_SEND_RETAIN_NEW.rawValue) : 0
            return working(gathering: true) {
                mosquitto_subscribe_multiple(
                    handle, &packetID, count, list, configuration.qualityOfService.rawValue, options, nil)
            }
        }
        return (code, packetID)
    }

    func unsubscribe(from topics: [Topic]) -> (code: Int32, packetID: Int32) {
        var packetID: Int32 = 0
        let code = Self.withCStrings(topics) { list, count in
            working(gathering: true) { mosquitto_unsubscribe_multiple(handle, &packetID, count, list, nil) }
        }
        return (code, packetID)
    }

    private static func withCStrings(
        _ topics: [Topic], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>, Int32) -> Int32
    ) -> Int32 {
        let copies = topics.map { strdup($0.text) }
        defer {
            for copy in copies {
                free(copy)
            }
        }
        return copies.withUnsafeBufferPointer { list in
            list.baseAddress.map { body($0, Int32(list.count)) } ?? MOSQ_ERR_INVAL.rawValue
        }
    }
}
