import OCPPJ
import OutsideNames

/// The topics of one charge point: templates with its identity filled in.
package struct SessionTopics: Sendable {
    package let downstream: Topic
    package let presence: Topic?
    package let claim: Topic?
    private let call: MessageTopic
    private let callOverrides: [String: MessageTopic]
    private let reply: MessageTopic
    private let error: MessageTopic
    private let invalid: MessageTopic?
    private let claimTemplate: TopicTemplate?
    /// Nil: `error` is the same in every version.
    private let errorInNoVersion: MessageTopic?

    /// - Parameter version: nil where nobody knows it; `-` stands for it then.
    package init(templates: RelayTopicTemplates, identity: ChargePointIdentity, version: OCPPVersion?) {
        let version = version?.rawValue ?? "-"
        func topic(_ template: TopicTemplate) -> MessageTopic {
            MessageTopic(template.filled(identity: identity).filled { $0 == .version ? version : nil })
        }
        downstream = templates.downstream.filled(identity: identity).topic?.withoutSlack ?? ""
        presence =
            templates.presence?.filled(identity: identity)
            .filled { $0 == .version ? version : nil }.topic?.withoutSlack
        claim = templates.claim?.filled(identity: identity).topic?.withoutSlack
        claimTemplate = templates.claim
        call = topic(templates.call)
        // By default it is one topic.
        reply = templates.reply == templates.call ? call : topic(templates.reply)
        error = templates.error == templates.reply ? reply : topic(templates.error)
        // An empty dictionary that is mapped still takes memory of its own, in every session.
        callOverrides = templates.callOverrides.isEmpty ? [:] : templates.callOverrides.mapValues(topic)
        invalid = templates.invalid.map(topic)
        let unversioned = templates.error.filled(identity: identity)
        errorInNoVersion =
            unversioned.placeholders.contains(.version)
            ? MessageTopic(unversioned.filled { $0 == .version ? "-" : nil }) : nil
    }

    /// Nil: the UniqueId cannot stand in a topic.
    func request(_ type: MessageType, action: String, id: UniqueID) -> Topic? {
        topic(ofRequest: action).topic(type: type, id: id, action: action)
    }

    private func topic(ofRequest action: String) -> MessageTopic {
        callOverrides.isEmpty ? call : callOverrides[action] ?? call
    }

    func reply(id: UniqueID) -> Topic? { reply.topic(type: .callResult, id: id) }

    /// The topic for CALLERRORs and CALLRESULTERRORs; a UniqueId that cannot stand in a topic is replaced by `-1` there.
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

    /// Where another gateway hears the answers to what it has asked on the charge point's claim topic.
    func claimAnswers(to gateway: ClientID) -> Topic? { claimTemplate?.answers(to: gateway) }

    /// Whether an answer with this UniqueId can be published.
    func allowsReply(id: UniqueID) -> Bool { reply.canHold(id) && error.canHold(id) }

    /// Whether a CALL of the charge point, and its answer, or a SEND can be published.
    func canCarry(_ message: OCPPMessage) -> Bool {
        switch message.body {
        case .call(let action, _):
            allowsReply(id: message.uniqueID) && topic(ofRequest: action).canHold(message.uniqueID)
        case .send(let action, _): topic(ofRequest: action).canHold(message.uniqueID)
        case .callResult, .callError, .callResultError: true
        }
    }
}

/// One topic of a session; most need nothing from the message.
private enum MessageTopic: Sendable {
    case fixed(Topic)
    /// `${action}`, `${id}` or `${type}` are left.
    case perMessage(TopicTemplate, holdsID: Bool)

    init(_ template: TopicTemplate) {
        if let topic = template.topic {
            self = .fixed(topic.withoutSlack)
        } else {
            self = .perMessage(template, holdsID: template.placeholders.contains(.id))
        }
    }

    /// A value is one level: it must not make levels or wildcards of its own. An action is letters, digits and hyphens.
    func canHold(_ id: UniqueID) -> Bool {
        if case .perMessage(_, holdsID: true) = self { id.text.isTopicLevel } else { true }
    }

    func topic(type: MessageType?, id: UniqueID, action: String = "") -> Topic? {
        switch self {
        case .fixed(let topic): return topic
        case .perMessage(let template, _):
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
