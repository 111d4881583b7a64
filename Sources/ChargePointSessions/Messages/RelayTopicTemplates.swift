import OCPPJ
import OutsideNames

/// The topic templates of one listener, mountpoint already in front (relay-format.md, "Topics"): one for all of its
/// sessions.
package final class RelayTopicTemplates: Sendable {
    package let call: TopicTemplate
    /// `upstream.topic_override_mapping`: by action.
    package let callOverrides: [String: TopicTemplate]
    package let reply: TopicTemplate
    package let error: TopicTemplate
    /// Nil: off.
    package let invalid: TopicTemplate?
    package let downstream: TopicTemplate
    /// Nil: off.
    package let presence: TopicTemplate?
    /// `gateway.claim_topic`; nil: off.
    package let claim: TopicTemplate?
    /// The UniqueId stands in the topic of an answer or of an error.
    let answersHoldID: Bool

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
        answersHoldID = self.reply.holds(.id) || self.error.holds(.id)
    }
}

extension RelayTopicTemplates: Equatable {
    package static func == (one: RelayTopicTemplates, other: RelayTopicTemplates) -> Bool {
        one.call == other.call && one.callOverrides == other.callOverrides && one.reply == other.reply
            && one.error == other.error && one.invalid == other.invalid && one.downstream == other.downstream
            && one.presence == other.presence && one.claim == other.claim
    }
}
