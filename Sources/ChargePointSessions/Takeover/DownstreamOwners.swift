import NIOCore
import OutsideNames

/// Whose a message is that the broker delivers and no session has subscribed to.
package struct DownstreamOwners: Sendable {
    package enum Owner: Sendable {
        /// Somebody clears a retained message: it is nothing.
        case emptyMessage
        /// The topic is none of a charge point's.
        case nobody
        case chargePoint(ChargePointIdentity, SessionTopics)
    }

    private let templates: [RelayTopicTemplates]

    /// - Parameter templates: of each listener.
    package init(_ templates: [RelayTopicTemplates]) {
        self.templates = templates
    }

    package func owner(of topic: Topic, payload: ByteBuffer) -> Owner {
        guard payload.readableBytes > 0 else { return .emptyMessage }
        for template in templates {
            guard let identity = template.downstream.identity(in: topic) else { continue }
            return .chargePoint(identity, SessionTopics(templates: template, identity: identity, version: nil))
        }
        return .nobody
    }
}
