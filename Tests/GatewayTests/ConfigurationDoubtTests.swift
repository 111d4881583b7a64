import Testing

@testable import Gateway

@Suite("Configuration: what is accepted and does something else than meant")
struct ConfigurationDoubtTests {
    struct Doubt: Sendable, CustomTestStringConvertible {
        var name: String
        var value: String
        var warning: String

        var testDescription: String { "\(name)=\(value)" }
    }

    static let doubts = [
        Doubt(name: "MESSAGE_FORMAT_CHECK", value: "all", warning: "did you mean MESSAGE_FORMAT_CHECKING?"),
        Doubt(
            name: "MESSAGE_FORMAT_CHECKING_EXEMPTS", value: "x", warning: "did you mean MESSAGE_FORMAT_CHECKING_EXEMPT?"
        ),
        Doubt(name: "HEARTBEAT_INTERVAL", value: "1", warning: "did you mean DEFAULT_HEARTBEAT_INTERVAL?"),
        Doubt(name: "JSON_SCHEMA_DIRECTORY", value: "x", warning: "did you mean JSON_SCHEMA_DIR?"),
        Doubt(name: "DOWNSTREAM_TOPIC", value: "x", warning: "did you mean DNSTREAM_TOPIC?"),
        Doubt(name: "TRUSTED_PROXY", value: "x", warning: "did you mean TRUSTED_PROXIES?"),
        Doubt(
            name: "MOUNTPOINT", value: "ocpp",
            warning: "does not end with a slash: CALLs are published to ocppcp/${cid}"),
        Doubt(name: "LISTENERS_WS_DEFAULT_MOUNTPOINT", value: "own", warning: "published to owncp/${cid}"),
        Doubt(
            name: "UPSTREAM_TOPIC_OVERRIDE_MAPPING", value: "heartbeat=a/${cid},Boot=b/${cid}",
            warning: #"defines no action "heartbeat" (did you mean Heartbeat?), "Boot""#),
        Doubt(
            name: "MESSAGE_FORMAT_CHECKING_EXEMPT", value: "MeterValue, StatusNotification",
            warning: #"defines no action "MeterValue" (did you mean MeterValues?)"#),
        Doubt(
            name: "MESSAGE_FORMAT_CHECKING_EXEMPT", value: "Heartbeat-Signed,Heartbeet-Signed",
            warning: #"OCPP defines no action "Heartbeet-Signed""#),
        Doubt(
            // Of OCPP 1.6 alone, which signs nothing.
            name: "MESSAGE_FORMAT_CHECKING_EXEMPT", value: "RemoteStartTransaction-Signed",
            warning: #"OCPP defines no action "RemoteStartTransaction-Signed""#),
        Doubt(
            name: "JSON_SCHEMA_DIR", value: "/nonexistent",
            warning: "there is no such folder, and nothing is checked by it: message_format_checking is disable"),
        Doubt(name: "UPSTREAM_TOPIC", value: "cp/calls", warning: "without ${cid} all charge points share it"),
        Doubt(name: "UPSTREAM_REPLY_TOPIC", value: "replies", warning: "without ${cid} all charge points share it"),
        Doubt(
            name: "UPSTREAM_ERROR_TOPIC", value: "errors/${id}", warning: "without ${cid} all charge points share it"),
        Doubt(name: "UPSTREAM_INVALID_TOPIC", value: "bad", warning: "without ${cid} all charge points share it"),
        Doubt(
            name: "UPSTREAM_TOPIC_OVERRIDE_MAPPING", value: "Heartbeat=beats",
            warning: "without ${cid} all charge points share it"),
    ]

    @Test(arguments: doubts)
    func `It is one warning that names the variable and what is the matter`(_ doubt: Doubt) throws {
        let found = try warnings([doubt.name: doubt.value])
        #expect(found.count == 1 && found.first?.hasPrefix(doubt.name) == true, "\(found)")
        #expect(found.first?.contains(doubt.warning) == true, "\(found)")
    }

    @Test(
        arguments: [
            ["MOUNTPOINT": ""], ["MOUNTPOINT": "a/b/"], ["MOUNTPOINT": "site/${cid}/", "UPSTREAM_TOPIC": "calls"],
            ["UPSTREAM_TOPIC_OVERRIDE_MAPPING": "Heartbeat=a/${cid},TransactionEvent=b/${clientid}"],
            ["MESSAGE_FORMAT_CHECKING_EXEMPT": "SecurityEventNotification,NotifyDERAlarm,RemoteStartTransaction"],
            [
                "UPSTREAM_TOPIC_OVERRIDE_MAPPING": "Heartbeat-Signed=x/${cid}",
                "MESSAGE_FORMAT_CHECKING_EXEMPT": "NotifyPeriodicEventStream-Signed,TransactionEvent-Signed",
            ],
            ["JSON_SCHEMA_DIR": "/"], ["PRESENCE_TOPIC": "presence"],
            ["HOME": "/", "HOSTNAME": "x", "TERM_PROGRAM_VERSION": "1", "LANGUAGE": "de"],
        ])
    func `What does what it says is no warning`(_ environment: [String: String]) throws {
        #expect(try warnings(environment).isEmpty)
    }

    @Test
    func `A presence topic that all share keeps the last one's message only, when it is retained`() throws {
        let found = try warnings(["PRESENCE_TOPIC": "presence", "PRESENCE_RETAIN": "true"])
        #expect(found.count == 1 && found.first?.hasPrefix("PRESENCE_TOPIC") == true, "\(found)")
    }

    @Test
    func `Everything that is wrong with a list is named, not the first entry only`() {
        let expected = [
            "LISTENERS_WS_DEFAULT_ACCESS_RULES": ("allow 10.0.0.0/8, permit all, deny 300.1.1.1, deny", 3),
            "LISTENERS_WS_DEFAULT_WEBSOCKET_CHECK_ORIGINS": ("https://a.example, b, c/", 2),
            "TRUSTED_PROXIES": ("10.0.0.1, x, 10.0.0.0/99", 2),
        ]
        for (name, (value, count)) in expected {
            let found = problems([name: value])
            #expect(found.count == 1)
            let behind = found.first?.split(separator: ", not ").last ?? ""
            #expect(behind.split(separator: "\", \"").count == count, "\(found)")
        }
        let topics = problems(["UPSTREAM_TOPIC_OVERRIDE_MAPPING": "Heartbeat=a/+,Boot Notification=b,Reset=${x}"])
        #expect(topics.count == 1)
        for name in ["Heartbeat", "Boot Notification", "Reset"] { #expect(topics.first?.contains(name) == true) }
        let many = problems([
            "TRUSTED_PROXIES": (0..<500).map { "x\($0)" }.joined(separator: ",")
        ])
        #expect(many.first?.hasSuffix("and 480 more") == true)
    }
}
