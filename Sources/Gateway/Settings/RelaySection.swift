import ChargePointSessions
import OCPPJ
import OutsideNames
import SchemaChecking
import Settings

/// Topics and what is relayed on them.
struct RelaySection {
    let mountpoint: String
    private let call: String
    private let overrides: [TopicOverride]
    private let reply: String
    private let error: String
    private let invalid: String?
    private let downstream: String
    private let claim: String?
    private let presence: String?
    let presenceRetain: Bool
    /// A topic filter; nil: Response Topics are ignored.
    let responseTopics: Topic?
    var formatChecking = FormatCheckingConfiguration()

    init(_ read: inout SettingsReader) {
        read.section("Relay", applies: .laterSessions)
        mountpoint = read(
            "mountpoint", .topic(ConfiguredTopic.identity, empty: ""), default: "ocpp/",
            help: "in front of every topic")
        call = read(
            "upstream.topic", .topic(ConfiguredTopic.call), default: "cp/${cid}", help: "CALLs of charge points")
        overrides = read(
            "upstream.topic_override_mapping", .topicOverrides, default: [],
            help: "other topics for some actions: Action=topic pairs, or a map in YAML")
        reply = read(
            "upstream.reply_topic", .topic(ConfiguredTopic.answer), default: "cp/${cid}/Reply", help: "CALLRESULTs")
        error = read(
            "upstream.error_topic", .topic(ConfiguredTopic.answer), default: "cp/${cid}/Reply",
            help: "CALLERRORs, and errors that the gateway reports")
        invalid = read.optional(
            "upstream.invalid_topic", .topic(ConfiguredTopic.refused), help: "refused messages, whole; empty: off")
        downstream = read(
            "dnstream.topic", .topic(ConfiguredTopic.identity), default: "cs/${cid}",
            help: "messages to a charge point; one subscription each")
        // The broker link has it from its beginning.
        responseTopics = read.optional(
            "dnstream.response_topics", .topicFilter, applies: .afterRestart,
            help: "a topic filter: a downstream CALL's MQTT 5 Response Topic that it matches gets the answer too"
        ).map { Topic($0) }
        claim = read.optional(
            "gateway.claim_topic", .topic(ConfiguredTopic.identity), default: "gateway/claims/${cid}",
            applies: .afterRestart, help: "takeover between gateways; empty: off")
        presence = read.optional(
            "presence.topic", .topic(ConfiguredTopic.presence), help: "session opened and closed; empty: off")
        presenceRetain = read(
            "presence.retain", .boolean, default: false, help: "presence messages are retained")
        formatChecking.read(&read)
        warnOfMountpoint("mountpoint", mountpoint, &read)
        if let doubt = KnownActions.doubt(about: overrides.map(\.action)) {
            read.warn("upstream.topic_override_mapping", doubt)
        }
    }

    /// - Parameter mountpoint: the listener's own, or the gateway's.
    func templates(mountpoint: String, hasOwnConnections: Bool) -> RelayTopicTemplates {
        RelayTopicTemplates(
            mountpoint: mountpoint, call: call,
            callOverrides: Dictionary(overrides.map { ($0.action, $0.topic) }) { first, _ in first }, reply: reply,
            error: error, invalid: invalid, downstream: downstream, presence: presence,
            // With connections of their own the broker itself sees to it that there is one session each.
            claim: hasOwnConnections ? nil : claim)
    }

    /// Of `Listener.meeting`.
    func meeting(mountpoint: String, hasOwnConnections: Bool) -> TopicTemplate? {
        hasOwnConnections ? claim.map { TopicTemplate(mountpoint + $0) } : nil
    }

    /// Nothing of a charge point is in the mountpoint, so that the gateway's own topics can be behind it.
    var hasSharedMountpoint: Bool {
        (try? ConfiguredTopic(mountpoint, allowing: ConfiguredTopic.identity))?.namesChargePoint == false
    }

    // MARK: What concerns several topics

    private typealias Template = (key: String, topic: String, placeholders: Set<TopicTemplate.Placeholder>)

    private static let downstreamKey = "dnstream.topic"
    private static let claimKey = "gateway.claim_topic"

    /// Every topic that is used, without mountpoint.
    private var templates: [Template] {
        [
            ("upstream.topic", call, ConfiguredTopic.call), ("upstream.reply_topic", reply, ConfiguredTopic.answer),
            ("upstream.error_topic", error, ConfiguredTopic.answer),
            ("upstream.invalid_topic", invalid ?? "", ConfiguredTopic.refused),
            ("presence.topic", presence ?? "", ConfiguredTopic.presence),
            (Self.downstreamKey, downstream, ConfiguredTopic.identity),
            (Self.claimKey, claim ?? "", ConfiguredTopic.identity),
        ].filter { !$0.1.isEmpty }
            + overrides.map { ("upstream.topic_override_mapping", $0.topic, ConfiguredTopic.call) }
    }

    /// Checks every topic with a mountpoint in front.
    func check(behind mountpoint: String, _ read: inout SettingsReader) {
        for (key, topic, placeholders) in templates {
            do throws(ConfiguredTopic.Flaw) {
                let template = try ConfiguredTopic(mountpoint + topic, allowing: placeholders)
                if [Self.downstreamKey, Self.claimKey].contains(key), !template.namesChargePoint {
                    read.problem(key, "expected ${cid} or ${clientid} in it: every charge point has its own topic")
                } else if !template.namesChargePoint, key != "presence.topic" || presenceRetain {
                    // What does not say whose it is; presence messages do, unless the broker keeps the last one only.
                    read.warn(key, "without ${cid} all charge points share it: nobody can tell whose message it is")
                }
                if template.beginsWithPlaceholder {
                    read.warn(key, "a charge point named $SYS or $share would reach topics of the broker")
                }
            } catch {
                read.problem(key, "with the mountpoint: \(error.expectation)")
            }
        }
    }

    /// What the gateway publishes must never come back to it as a command, to any charge point.
    func checkLoops(_ mountpoints: [String], _ read: inout SettingsReader) {
        let upstream = templates.filter { $0.key != Self.downstreamKey }
        let mountpoints = Set(mountpoints.map { Topic($0) }).sorted().map(\.text)
        for downstreamMountpoint in mountpoints {
            let commands = downstreamMountpoint + downstream
            guard let commands = try? ConfiguredTopic(commands, allowing: ConfiguredTopic.identity) else { continue }
            for mountpoint in mountpoints {
                for (key, topic, placeholders) in upstream {
                    guard let topic = try? ConfiguredTopic(mountpoint + topic, allowing: placeholders) else {
                        continue
                    }
                    checkLoop(key, topic, commands, &read)
                }
            }
        }
    }

    private func checkLoop(
        _ key: String, _ topic: ConfiguredTopic, _ commands: ConfiguredTopic, _ read: inout SettingsReader
    ) {
        let reachesOwn = topic.canReach(commands, identity: "CP1", otherIdentity: "CP1")
        let reachesOther = topic.canReach(commands, identity: "CP1", otherIdentity: "CP2")
        if reachesOther {
            read.problem(key, "expected a topic that can never be another charge point's dnstream.topic")
        } else if reachesOwn, !topic.dependsOnMessage {
            read.problem(key, "expected a topic that is not dnstream.topic: messages would go round in a loop")
        } else if reachesOwn {
            read.warn(key, "a charge point can choose an action or UniqueId that makes this its dnstream.topic")
        }
    }

    /// `ocpp` and `cp/${cid}` are `ocppcp/${cid}`.
    func warnOfMountpoint(_ key: String, _ mountpoint: String, _ read: inout SettingsReader) {
        guard let last = mountpoint.utf8.last, last != UInt8(ascii: "/") else { return }
        let topic = "\(mountpoint)\(call)".shownInOneLine
        read.warn(key, "does not end with a slash: CALLs are published to \(topic)")
    }
}

extension ConfiguredTopic {
    /// The charge point chooses a part of it.
    fileprivate var dependsOnMessage: Bool {
        parts.contains(.placeholder(.action)) || parts.contains(.placeholder(.id))
    }
}
