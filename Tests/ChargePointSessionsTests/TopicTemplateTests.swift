import OCPPJ
import Testing

@testable import ChargePointSessions

@Suite("Topic templates")
struct TopicTemplateTests {
    @Test("Placeholders are filled in, and unknown text stays")
    func fillsPlaceholders() {
        let template = TopicTemplate("a/${cid}/b/${clientid}${x}/${action}")
        #expect(template.placeholders == [.cid, .clientid, .action])
        #expect(template.topic == nil)
        let topic = template.filled(identity: "CP1").filled { $0 == .action ? "Boot" : nil }.topic
        #expect(topic == "a/CP1/b/CP1${x}/Boot")
    }

    @Test("An identity that looks like a placeholder is none")
    func valuesAreNotTemplates() {
        let template = TopicTemplate("cp/${cid}/${id}").filled(identity: "${id}")
        #expect(template.filled { $0 == .id ? "7" : nil }.topic == "cp/${id}/7")
    }

    @Test(
        "The identity is found again in a topic",
        arguments: [
            ("ocpp/cs/${cid}", "ocpp/cs/CP 1", "CP 1"), ("${cid}/x", "CP1/x", "CP1"),
            ("a/p-${cid}-s/b", "a/p-p-1-s-s/b", "p-1-s"), ("${cid}/${clientid}", "A/A", "A"),
            ("a${cid}b${cid}", "aXbX", "X"),
        ])
    func findsIdentities(template: String, topic: String, identity: String) {
        #expect(TopicTemplate(template).identity(in: topic) == identity)
    }

    @Test(
        "A topic of another template has no identity",
        arguments: [
            ("ocpp/cs/${cid}", "ocpp/cs/"), ("ocpp/cs/${cid}", "ocpp/cp/CP1"), ("ocpp/cs/${cid}", "ocpp/cs/CP1/x"),
            ("${cid}/${clientid}", "A/B"),
        ])
    func refusesOtherTopics(template: String, topic: String) {
        #expect(TopicTemplate(template).identity(in: topic) == nil)
    }

    @Test("A UniqueId that would make levels of its own is refused in a topic")
    func refusesLevels() {
        let templates = RelayTopicTemplates(call: "cp/${cid}/${id}", reply: "r/${id}", error: "e/${id}")
        let topics = SessionTopics(templates: templates, identity: "CP1", version: .v16)
        #expect(topics.call(action: "Boot", id: "7") == "ocpp/cp/CP1/7")
        for id in ["a/b", "a+", "#", "a\u{0}", "a\u{7f}", ""] {
            #expect(topics.call(action: "Boot", id: id) == nil)
            #expect(!topics.allowsReply(id: id))
            #expect(topics.error(id: id) == "ocpp/e/-1")
        }
    }

    @Test("An action with a topic of its own goes there, the others to the common one")
    func overridesByAction() {
        let templates = RelayTopicTemplates(callOverrides: ["MeterValues": "meter/${cid}/${version}/${type}"])
        let topics = SessionTopics(templates: templates, identity: "CP1", version: .v16)
        #expect(topics.call(action: "MeterValues", id: "1") == "ocpp/meter/CP1/1.6/2")
        #expect(topics.call(action: "Heartbeat", id: "1") == "ocpp/cp/CP1")
    }
}
