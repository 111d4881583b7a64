/// The topic templates of one listener, mountpoint already in front (relay-format.md, "Topics").
public struct RelayTopicTemplates: Sendable, Equatable {
    public var call: String
    /// `upstream.topic_override_mapping`: by action.
    public var callOverrides: [String: String]
    public var reply: String
    public var error: String
    /// Nil: off.
    public var invalid: String?
    public var downstream: String
    /// Nil: off.
    public var presence: String?

    public init(
        mountpoint: String = "ocpp/", call: String = "cp/${cid}", callOverrides: [String: String] = [:],
        reply: String = "cp/${cid}/Reply", error: String = "cp/${cid}/Reply", invalid: String? = nil,
        downstream: String = "cs/${cid}", presence: String? = nil
    ) {
        self.call = mountpoint + call
        self.callOverrides = callOverrides.mapValues { mountpoint + $0 }
        self.reply = mountpoint + reply
        self.error = mountpoint + error
        self.invalid = invalid.map { mountpoint + $0 }
        self.downstream = mountpoint + downstream
        self.presence = presence.map { mountpoint + $0 }
    }
}
