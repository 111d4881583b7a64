import OCPPJ
import OutsideNames

/// The topics of one charge point: templates with its identity filled in.
package struct SessionTopics: Sendable {
    let kept: KeptTopics
    private let identity: ChargePointIdentity
    private let version: OCPPVersion?

    /// - Parameter version: nil where nobody knows it; `-` stands for it then.
    package init(templates: RelayTopicTemplates, identity: ChargePointIdentity, version: OCPPVersion?) {
        self.init(KeptTopics(templates, identity, version), identity: identity, version: version)
    }

    init(_ kept: KeptTopics, identity: ChargePointIdentity, version: OCPPVersion?) {
        self.kept = kept
        self.identity = identity
        self.version = version
    }

    package var downstream: Topic { kept.downstream }

    /// Nil: off.
    package var presence: Topic? { kept.templates.presence?.filled(identity, version).topic }

    /// Nil: off.
    package var claim: Topic? { kept.templates.claim?.topic(identity: identity) }

    /// Where another gateway hears the answers to what it has asked on the charge point's claim topic.
    func claimAnswers(to gateway: ClientID) -> Topic? { kept.templates.claim?.answers(to: gateway) }

    /// The topics of messages; made anew each time.
    package var further: FurtherTopics { FurtherTopics(kept.templates, identity, version) }
}

/// What a session keeps of its topics: those that nearly every message needs. The others are made of the templates,
/// when they are needed.
struct KeptTopics: Sendable {
    let downstream: Topic
    /// Of every CALL and SEND; nil: it is made of the message, or some actions have topics of their own.
    let call: Topic?
    let templates: RelayTopicTemplates

    init(_ templates: RelayTopicTemplates, _ identity: ChargePointIdentity, _ version: OCPPVersion?) {
        self.templates = templates
        downstream = templates.downstream.topic(identity: identity)?.withoutSlack ?? ""
        call =
            templates.callOverrides.isEmpty ? templates.call.filled(identity, version).topic?.withoutSlack : nil
    }

    /// Whether an answer with this UniqueId can be published.
    func allowsReply(id: UniqueID) -> Bool { !templates.answersHoldID || id.text.isTopicLevel }

    /// Whether a CALL of the charge point, and its answer, or a SEND can be published.
    func canCarry(_ message: OCPPMessage) -> Bool {
        switch message.body {
        case .call(let action, _):
            allowsReply(id: message.uniqueID) && canCarry(requestOf: action, id: message.uniqueID)
        case .send(let action, _): canCarry(requestOf: action, id: message.uniqueID)
        case .callResult, .callError, .callResultError: true
        }
    }

    private func canCarry(requestOf action: String, id: UniqueID) -> Bool {
        call != nil || !(templates.callOverrides[action] ?? templates.call).holds(.id) || id.text.isTopicLevel
    }
}

/// The topics of one charge point that most messages do not need.
package final class FurtherTopics: Sendable {
    private let call: MessageTopic
    private let callOverrides: [String: MessageTopic]
    private let reply: MessageTopic
    private let error: MessageTopic
    private let invalid: MessageTopic?
    /// Nil: `error` is the same in every version.
    private let errorInNoVersion: MessageTopic?

    fileprivate init(_ templates: RelayTopicTemplates, _ identity: ChargePointIdentity, _ version: OCPPVersion?) {
        func topic(_ template: TopicTemplate) -> MessageTopic { MessageTopic(template, identity, version) }
        call = topic(templates.call)
        callOverrides = templates.callOverrides.mapValues(topic)
        reply = topic(templates.reply)
        // By default it is one topic.
        error = templates.error == templates.reply ? reply : topic(templates.error)
        invalid = templates.invalid.map(topic)
        errorInNoVersion =
            templates.error.holds(.version) ? MessageTopic(templates.error, identity, nil) : nil
    }

    /// The topic of a CALL or SEND. Nil: the UniqueId cannot stand in it.
    func request(_ type: MessageType, action: String, id: UniqueID) -> Topic? {
        (callOverrides[action] ?? call).topic(type: type, id: id, action: action)
    }

    func reply(id: UniqueID) -> Topic? { reply.topic(type: .callResult, id: id) }

    /// The topic for CALLERRORs and CALLRESULTERRORs; a UniqueId that cannot stand in a topic is replaced by `-1`
    /// there.
    package func error(id: UniqueID, type: MessageType = .callError) -> Topic {
        Self.topic(error, type, id)
    }

    /// The topic for errors about a session that is no more.
    func errorInNoVersion(id: UniqueID) -> Topic { Self.topic(errorInNoVersion ?? error, .callError, id) }

    private static func topic(_ error: MessageTopic, _ type: MessageType, _ id: UniqueID) -> Topic {
        error.topic(type: type, id: id) ?? error.topic(type: type, id: GatewayError.unknownUniqueID) ?? ""
    }

    /// Nil: off. What of the message could not be read, or cannot stand in a topic, is `-1` there.
    func invalid(_ head: OCPPMessageHead) -> Topic? {
        let unknown = GatewayError.unknownUniqueID
        return invalid.map { topic in
            topic.topic(type: head.type, id: head.uniqueID ?? unknown) ?? topic.topic(type: head.type, id: unknown)
                ?? ""
        }
    }
}

/// One topic of a session; most need nothing from the message.
private enum MessageTopic: Sendable {
    case fixed(Topic)
    /// `${action}`, `${id}` or `${type}` are left.
    case perMessage(TopicTemplate)

    init(_ template: TopicTemplate, _ identity: ChargePointIdentity, _ version: OCPPVersion?) {
        let template = template.filled(identity, version)
        if let topic = template.topic {
            self = .fixed(topic.withoutSlack)
        } else {
            self = .perMessage(template)
        }
    }

    /// A value is one level: it must not make levels or wildcards of its own. An action is letters, digits and hyphens.
    func canHold(_ id: UniqueID) -> Bool {
        switch self {
        case .fixed: true
        case .perMessage(let template): !template.holds(.id) || id.text.isTopicLevel
        }
    }

    func topic(type: MessageType?, id: UniqueID, action: String = "") -> Topic? {
        switch self {
        case .fixed(let topic): return topic
        case .perMessage(let template):
            guard canHold(id) else { return nil }
            return template.filled { placeholder in
                switch placeholder {
                case .action: action
                case .id: id.text
                case .type: type.map { String($0.rawValue) } ?? "-1"
                case .cid, .clientid, .version: nil
                }
            }.topic
        }
    }
}

extension TopicTemplate {
    /// - Parameter version: nil: nobody knows it.
    fileprivate func filled(_ identity: ChargePointIdentity, _ version: OCPPVersion?) -> TopicTemplate {
        filled(identity: identity).filled { $0 == .version ? version?.rawValue ?? "-" : nil }
    }
}

extension Topic {
    /// The same text in memory of its own that has no room to grow: a session keeps it.
    fileprivate var withoutSlack: Topic {
        text.utf8.withContiguousStorageIfAvailable { Topic(String(decoding: $0, as: UTF8.self)) } ?? self
    }
}

extension String {
    /// Whether this can stand as one level of an MQTT topic (and libmosquitto takes it).
    fileprivate var isTopicLevel: Bool {
        !isEmpty
            && unicodeScalars.allSatisfy { scalar in
                scalar != "/" && scalar != "+" && scalar != "#" && scalar.properties.generalCategory != .control
                    && !scalar.properties.isNoncharacterCodePoint
            }
    }
}
