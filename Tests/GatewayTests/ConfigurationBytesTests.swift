import Settings
import Testing

@testable import Gateway

/// A combining mark makes one `Character` with what is in front of it, so that a search for `}`, `@` or `,` misses it.
@Suite("Configuration: texts are cut by bytes")
struct ConfigurationBytesTests {
    private static let mark = "\u{301}"

    @Test
    func `A placeholder ends with its }, whatever comes behind it`() throws {
        let topic = try ConfiguredTopic("cp/${cid}\(Self.mark)/x", allowing: ConfiguredTopic.identity)
        #expect(topic.parts == [.literal("cp/"), .placeholder(.cid), .literal("\(Self.mark)/x")])
    }

    @Test(
        arguments: [
            "${$}", "${}", "${ cid}", "${CID}", "${cid\u{301}}", "${\u{301}cid}", "$\u{301}", "$SYS", "${cid",
            "${$cid}",
            "a/${${cid}}",
        ])
    func `What is no placeholder of ours is refused`(_ text: String) {
        #expect(throws: ConfiguredTopic.Flaw.self) {
            try ConfiguredTopic(text, allowing: ConfiguredTopic.call)
        }
    }

    @Test
    func `A lone $ or brace within a topic is text`() throws {
        let topic = try ConfiguredTopic("a$/}{/$x/${cid}", allowing: ConfiguredTopic.identity)
        #expect(topic.parts == [.literal("a$/}{/$x/"), .placeholder(.cid)])
    }

    @Test(
        arguments: [
            "mqtt://user:\u{301}hush@host:x", "mqtt://user:\u{301}hush", "mqtt://user:hush@\u{301}host",
            "mqtt://user:ab,\u{301}hush@host:0", "mqtt://user:hush@\u{301}host:1883/x",
        ])
    func `A password is hidden, whatever it begins with`(_ url: String) throws {
        let problem = try #require(problems(["BROKER_URL": url]).first)
        #expect(!problem.contains("hush"), "\(problem)")
    }

    @Test
    func `Users that look alike are two`() {
        let found = problems(["BROKER_URL": "mqtt://caf%C3%A9:p@h", "BROKER_USERNAME": "cafe\u{301}"])
        #expect(found.contains { $0.contains("expected the same user as in broker.url") })
    }

    @Test
    func `Entries of lists and maps end with their comma`() {
        #expect(SettingText.list("a,\(Self.mark)b").count == 2)
        let pairs = TopicOverride.list("Heartbeat=\(Self.mark)x") ?? []
        #expect(pairs.map(\.action) == ["Heartbeat"])
        #expect(problems(yaml: "upstream.topic_override_mapping: {Heartbeat: \"a/,\(Self.mark)b\"}").count == 1)
    }

    @Test
    func `A mountpoint that looks like the global one is another, and its charge points have client ids of their own`()
        throws
    {
        let loaded = try load([
            "MOUNTPOINT": "caf\u{E9}/", "LISTENERS_WS_DEFAULT_MOUNTPOINT": "cafe\u{301}/",
            "BROKER_SESSIONS": "per_charge_point",
        ])
        let own = loaded.configuration.listeners[0].clientID
        let shared = try load(["BROKER_SESSIONS": "per_charge_point"]).configuration.listeners[0].clientID
        #expect(own != shared)
    }
}
