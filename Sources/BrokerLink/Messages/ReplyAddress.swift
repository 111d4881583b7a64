import NIOCore
import OutsideNames

/// The Response Topic and Correlation Data of a request (MQTT 5, 4.10).
package struct ReplyAddress: Sendable, Equatable {
    package var topic: Topic
    package var correlationData: ByteBuffer?

    package init(topic: Topic, correlationData: ByteBuffer?) {
        self.topic = topic
        self.correlationData = correlationData
    }

    /// What it takes of the memory, in bytes.
    package var size: Int { topic.utf8.count + (correlationData?.readableBytes ?? 0) }
}
