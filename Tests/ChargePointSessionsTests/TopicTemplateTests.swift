import OCPPJ
import OutsideNames
import Testing

@testable import ChargePointSessions

@Suite("Topic templates")
struct TopicTemplateTests {
    @Test
    func `Placeholders are filled in, and unknown text stays`() {
        let template = TopicTemplate("a/${cid}/b/${clientid}${x}/${action}")
        #expect(template.placeholders == [.cid, .clientid, .action])
        #expect(template.topic == nil)
        let topic = template.filled(identity: "CP1").filled { $0 == .action ? "Boot" : nil }.topic
        #expect(topic == "a/CP1/b/CP1${x}/Boot")
    }

    @Test
    func `An identity that looks like a placeholder is none`() {
        let template = TopicTemplate("cp/${cid}/${id}").filled(identity: "${id}")
        #expect(template.filled { $0 == .id ? "7" : nil }.topic == "cp/${id}/7")
    }

    @Test(
        arguments: [
            ("ocpp/cs/${cid}", "ocpp/cs/CP 1", "CP 1"), ("${cid}/x", "CP1/x", "CP1"),
            ("a/p-${cid}-s/b", "a/p-p-1-s-s/b", "p-1-s"), ("${cid}/${clientid}", "A/A", "A"),
            ("a${cid}b${cid}", "aXbX", "X"),
            // A combining mark would be one character with the slash.
            ("ocpp/cs/${cid}", "ocpp/cs/\u{301}1", "\u{301}1"), ("${cid}/x", "\u{301}/x", "\u{301}"),
            ("cs/${cid}", "cs/a%2Bb%25", "a+b%"), ("cs/${cid}-x", "cs/%25-x", "%"),
        ])
    func `The identity is found again in a topic`(template: String, topic: String, identity: String) {
        #expect(TopicTemplate(template).identity(in: Topic(topic)) == ChargePointIdentity(identity))
    }

    @Test(
        arguments: [
            ("ocpp/cs/${cid}", "ocpp/cs/"), ("ocpp/cs/${cid}", "ocpp/cp/CP1"), ("ocpp/cs/${cid}", "ocpp/cs/CP1/x"),
            ("${cid}/${clientid}", "A/B"), ("cs/${cid}", "cs/a+b"), ("cs/${cid}", "cs/50%"), ("cs/${cid}", "cs/%2b"),
            ("cs/${cid}x", "cs/K\u{301}"), ("c\u{e9}/${cid}", "ce\u{301}/A"),
        ])
    func `A topic of another template has no identity`(template: String, topic: String) {
        #expect(TopicTemplate(template).identity(in: Topic(topic)) == nil)
    }

    @Test
    func `An identity's + and % are escaped in topics, so that no two identities share one`() {
        let template = TopicTemplate("cs/${cid}")
        #expect(template.filled(identity: "a+b").topic == "cs/a%2Bb")
        #expect(template.filled(identity: "a%2Bb").topic == "cs/a%252Bb")
        #expect(template.filled(identity: "\u{212A}1").topic != template.filled(identity: "K1").topic)
    }

    @Test
    func `A UniqueId that would make levels of its own is refused in a topic`() {
        let templates = RelayTopicTemplates(call: "cp/${cid}/${id}", reply: "r/${id}", error: "e/${id}")
        let topics = SessionTopics(templates: templates, identity: "CP1", version: .v16)
        #expect(topics.further.request(.call, action: "Boot", id: "7") == "ocpp/cp/CP1/7")
        for id in ["a/b", "a+", "#", "a\u{0}", "a\u{7f}", ""] as [UniqueID] {
            #expect(topics.further.request(.call, action: "Boot", id: id) == nil)
            #expect(!topics.kept.allowsReply(id: id))
            #expect(topics.further.error(id: id) == "ocpp/e/-1")
        }
    }

    @Test
    func `An action with a topic of its own goes there, the others to the common one`() {
        let templates = RelayTopicTemplates(callOverrides: ["MeterValues": "meter/${cid}/${version}/${type}"])
        let topics = SessionTopics(templates: templates, identity: "CP1", version: .v16)
        #expect(topics.further.request(.call, action: "MeterValues", id: "1") == "ocpp/meter/CP1/1.6/2")
        #expect(topics.further.request(.call, action: "Heartbeat", id: "1") == "ocpp/cp/CP1")
    }
}
