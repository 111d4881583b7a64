import Foundation
import Management
import OutsideNames
import Settings
import Testing

@testable import Gateway

/// management.md, "Gateway", "Listeners", "Configuration at run time": settings in JSON.
@Suite("Management: settings as JSON")
struct ManagementFormsTests {
    @Test func `The gateway's keys are those of EMQX, nested and filled in`() throws {
        let readings = try load(["UPSTREAM_TOPIC_OVERRIDE_MAPPING": "Reset=r/${cid}", "ENABLE_STATS": "off"]).readings
        let expected: JSON = [
            "mountpoint": "ocpp/",
            "upstream": [
                "topic": "cp/${cid}", "topic_override_mapping": ["Reset": "r/${cid}"], "reply_topic": "cp/${cid}/Reply",
                "error_topic": "cp/${cid}/Reply",
            ],
            "dnstream": ["topic": "cs/${cid}", "max_mqueue_len": 100], "message_format_checking": "disable",
            "json_schema_dir": "", "json_schema_id_prefix": "", "default_heartbeat_interval": "60s",
            "heartbeat_checking_times_backoff": 1, "idle_timeout": "30s", "enable_stats": false,
        ]
        #expect(GatewayControl.gatewaySettings(readings) == expected)
    }

    @Test func `A listener's keys are its own, with rules as an array and the global mountpoint`() throws {
        let readings = try load(["LISTENERS": "ws:default,ws:other", "LISTENERS_WS_OTHER_BIND": "33034"]).readings
        let listener = GatewayControl.settings(of: Management.ListenerID(type: "ws", name: "default"), readings)
        #expect(listener["bind"] == "0.0.0.0:33033" && listener["mountpoint"] == "ocpp/")
        #expect(listener["max_connections"] == 1_024_000 && listener["enable_authn"] == true)
        #expect(listener["access_rules"] == ["allow all"] && listener["websocket"]?["path"] == "/ocpp")
        // What has no value is left out.
        #expect(listener["ssl_options"] == nil && listener["acceptors"] == nil)
    }

    @Test func `What is sent back as it was shown is no change, whoever has set it`() throws {
        let loaded = try load([
            "LISTENERS_WS_DEFAULT_ACCESS_RULES": "deny 10.0.0.0/8,allow all", "MESSAGE_FORMAT_CHECKING": "disable",
            "LISTENERS_WS_DEFAULT_WEBSOCKET_SUPPORTED_SUBPROTOCOLS": "ocpp2.0.1,ocpp1.6",
            "UPSTREAM_TOPIC_OVERRIDE_MAPPING": "Reset=r/${cid}",
        ])
        let listener = GatewayControl.settings(
            of: Management.ListenerID(type: "ws", name: "default"), loaded.readings)
        let sent =
            (GatewayControl.gatewaySettings(loaded.readings).members ?? []) + [
                JSON.Member("listeners", ["ws": ["default": listener]])
            ]
        let change = try loaded.changed(by: try GatewayControl.gatewayProposal(sent))
        #expect(change.differences.isEmpty)
        #expect(change.loaded.readings.allSatisfy { $0.source != .change })
    }

    @Test(arguments: ["warning", "warn", "WARN"])
    func `A level is shown by the one name that it has in the log`(written: String) throws {
        let reading = try #require(try load(["LOG_LEVEL": written]).readings.first { $0.key == "log.level" })
        #expect(reading.json == "warning")
    }

    @Test func `Listeners are given by type and name, or as a list`() throws {
        let nested: JSON = ["listeners": ["ws": ["default": ["bind": "33044"]]]]
        let list: JSON = ["listeners": [["type": "ws", "name": "default", "bind": "33044", "running": true]]]
        for form in [nested, list] {
            let change = try load().changed(by: try GatewayControl.gatewayProposal(form.members ?? []))
            #expect(change.differences.map(\.key) == ["listeners.ws.default.bind"])
        }
        #expect(throws: OperationFailure.self) {
            try GatewayControl.gatewayProposal([JSON.Member("listeners", [["name": "x"]])])
        }
        #expect(throws: OperationFailure.self) {
            try GatewayControl.gatewayProposal([JSON.Member("listeners", ["ws": ["a.b": ["bind": "1"]]])])
        }
    }

    @Test func `A key tells its value, its default, its source and what lies beneath`() throws {
        let loaded = try load(yaml: "limits.bad_messages: 5\nlog.level: error")
            .changed(by: [SettingsMember("limits.bad_messages", .plain("7"))]).loaded
        func summary(_ key: String) throws -> SettingSummary {
            SettingSummary(try #require(loaded.readings.first { $0.key == key }))
        }
        #expect(
            try summary("limits.bad_messages")
                == SettingSummary(
                    key: "limits.bad_messages", value: 7, defaultValue: 20, source: .change, beneath: [(.file, 5)]))
        #expect(
            try summary("log.level")
                == SettingSummary(key: "log.level", value: "error", defaultValue: "info", source: .file))
        #expect(
            try summary("limits.memory")
                == SettingSummary(key: "limits.memory", value: .null, defaultValue: .null, source: .default))
    }

    @Test func `Refusals say why, in EMQX's words, and which variable fixes a key`() throws {
        #expect(
            OperationFailure(.fixed(key: "log.level", variable: "LOG_LEVEL"))
                == .fixedByEnvironment(key: "log.level", variable: "LOG_LEVEL"))
        let problem = SettingProblem(key: "bind", value: "abc", expectation: "expected an address and port")
        #expect(
            OperationFailure(.invalid([problem]))
                == .refused(#"Bad config value "abc" for "bind": expected an address and port"#))
        let misplaced = SettingProblem(
            key: "log.level", value: "mqtt://a:s3cr3t@x", expectation: "expected none as in http://b:s3cr3t@y")
        #expect(
            OperationFailure(.invalid([misplaced]))
                == .refused(
                    #"Bad config value "mqtt://******@x" for "log.level": expected none as in http://******@y"#))
        guard case .refused(let words) = OperationFailure(.afterRestart(["broker.qos"])) else {
            Issue.record("not refused")
            return
        }
        #expect(words.contains("broker.qos") && words.contains("after a restart"))
    }

    @Test func `An authenticator is shown with the keys of its backend, and none that says nothing there`() throws {
        #expect(GatewayControl.authenticatorSettings(try load()) == nil)
        let settings = JSON.object(
            try #require(
                GatewayControl.authenticatorSettings(
                    try load([
                        "AUTHENTICATION_BACKEND": "built_in_database",
                        "AUTHENTICATION_PASSWORD_HASH_ALGORITHM_SALT_POSITION": "suffix",
                    ]))))
        #expect(settings["mechanism"] == "password_based" && settings["backend"] == "built_in_database")
        #expect(settings["enable"] == true && settings["user_id_type"] == "username")
        #expect(settings["password_hash_algorithm"] == ["name": "sha256", "salt_position": "suffix"])
        #expect(settings["ssl"] == nil && settings["query_timeout"] == nil && settings["pool_size"] != nil)
    }

    @Test func `Secrets are shown nowhere`() throws {
        let loaded = try load([
            "AUTHENTICATION_BACKEND": "mysql", "AUTHENTICATION_DATABASE": "users", "AUTHENTICATION_PASSWORD": "hush",
        ])
        let settings = JSON.object(try #require(GatewayControl.authenticatorSettings(loaded)))
        #expect(settings["password"] == .string(HiddenSecrets.mark))
        #expect(!settings.compactText.contains("hush"))
        let reading = try #require(loaded.readings.first { $0.key == "authentication.password" })
        #expect(SettingSummary(reading).value == .string(HiddenSecrets.mark))
    }
}
