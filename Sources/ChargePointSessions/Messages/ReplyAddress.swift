import NIOCore
import OutsideNames

/// The Response Topic and Correlation Data of a downstream CALL (relay-format.md, "MQTT details").
package struct ReplyAddress: Sendable, Equatable {
    package var topic: Topic
    package var correlationData: ByteBuffer?

    package init(topic: Topic, correlationData: ByteBuffer?) {
        self.topic = topic
        self.correlationData = correlationData
    }

    /// What it takes of the memory, in bytes.
    var size: Int { topic.utf8.count + (correlationData?.readableBytes ?? 0) }
}
