import OCPPJ
import OutsideNames

/// The topic templates of one listener, mountpoint already in front (relay-format.md, "Topics").
package struct RelayTopicTemplates: Sendable, Equatable {
    package var call: TopicTemplate
    /// `upstream.topic_override_mapping`: by action.
    package var callOverrides: [String: TopicTemplate]
    package var reply: TopicTemplate
    package var error: TopicTemplate
    /// Nil: off.
    package var invalid: TopicTemplate?
    package var downstream: TopicTemplate
    /// Nil: off.
    package var presence: TopicTemplate?
    /// `gateway.claim_topic`; nil: off.
    package var claim: TopicTemplate?

    package init(
        mountpoint: String = "ocpp/", call: String = "cp/${cid}", callOverrides: [String: String] = [:],
        reply: String = "cp/${cid}/Reply", error: String = "cp/${cid}/Reply", invalid: String? = nil,
        downstream: String = "cs/${cid}", presence: String? = nil, claim: String? = "gateway/claims/${cid}"
    ) {
        self.call = TopicTemplate(mountpoint + call)
        self.callOverrides = callOverrides.mapValues { TopicTemplate(mountpoint + $0) }
        self.reply = TopicTemplate(mountpoint + reply)
        self.error = TopicTemplate(mountpoint + error)
        self.invalid = invalid.map { TopicTemplate(mountpoint + $0) }
        self.downstream = TopicTemplate(mountpoint + downstream)
        self.presence = presence.map { TopicTemplate(mountpoint + $0) }
        self.claim = claim.map { TopicTemplate(mountpoint + $0) }
    }
}
