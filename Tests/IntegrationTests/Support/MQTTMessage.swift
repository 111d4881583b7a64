import Foundation

/// An application message as MQTT carries it, MQTT 5 properties included.
struct MQTTMessage: Sendable, CustomStringConvertible {
    var topic: String
    var payload: [UInt8]
    var qualityOfService = 1
    var isRetained = false
    var messageExpiry: UInt32?
    var responseTopic: String?
    var correlationData: String?
    var contentType: String?
    var userProperties: [String: String] = [:]

    init(topic: String, text: String) {
        self.topic = topic
        self.payload = Array(text.utf8)
    }

    init(topic: String, payload: [UInt8]) {
        self.topic = topic
        self.payload = payload
    }

    var text: String { String(decoding: payload, as: UTF8.self) }

    var description: String { "\(topic): \(text.prefix(500))" }
}

enum MQTTVersion: UInt8, Sendable {
    case v311 = 4
    case v5 = 5
}
