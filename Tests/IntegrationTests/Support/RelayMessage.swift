import Foundation

/// An upstream message as a central system looks at it (relay-format.md).
struct RelayMessage: Sendable, CustomStringConvertible {
    let mqtt: MQTTMessage
    var type: Int?
    var uniqueID: String?
    var action: String?
    var errorCode: String?
    /// `ErrorDetails.reason` and `.source`: set on what the gateway itself reports.
    var reason: String?
    var source: String?
    /// `ErrorDetails.type` of such a report: the message type of what failed.
    var failedType: Int?
    var isWellFormed = false

    init(_ mqtt: MQTTMessage) {
        self.mqtt = mqtt
        guard let object = try? JSONSerialization.jsonObject(with: Data(mqtt.payload)) as? [String: Any] else {
            return
        }
        isWellFormed = true
        type = object["MessageTypeId"] as? Int
        uniqueID = object["UniqueId"] as? String
        action = object["Action"] as? String
        errorCode = object["ErrorCode"] as? String
        let details = object["ErrorDetails"] as? [String: Any]
        reason = details?["reason"] as? String
        source = details?["source"] as? String
        failedType = details?["type"] as? Int
    }

    var topic: String { mqtt.topic }
    var text: String { mqtt.text }
    var description: String { mqtt.description }
}
