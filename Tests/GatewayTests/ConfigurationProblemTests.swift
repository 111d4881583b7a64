import Foundation
import Settings
import Testing

@testable import Gateway

@Suite("Configuration: what is wrong with it")
struct ConfigurationProblemTests {
    struct Bad: Sendable, CustomTestStringConvertible {
        var name: String
        var value: String
        var expected: String

        init(_ name: String, _ value: String, _ expected: String) {
            (self.name, self.value, self.expected) = (name, value, expected)
        }

        var testDescription: String { "\(name)=\(value)" }
    }

    @Test
    func `A key of an earlier version says what stands in its place`() throws {
        let loaded = try load(["BROKER_SESSIONS_USER": "identity"])
        let text = "replaced by authentication.username_is_identity, which is true by default"
        #expect(loaded.warnings.contains { $0.description.contains(text) })
    }

    @Test(
        arguments: [
            ("${clientid}", "expected something fixed beside ${clientid}"), ("ocpp-", "expected ${clientid} in it"),
            ("ocpp-gateway-${cid}", "expected not to begin with ocpp-gateway-"), ("a+${cid}", "wildcards"),
        ], ["per_charge_point", "shared"])
    func `Charge points' client ids are theirs alone, whether they are used or not`(
        template: (text: String, expected: String), sessions: String
    ) {
        let (text, expected) = template
        let problems = problems(["BROKER_SESSIONS": sessions, "BROKER_SESSIONS_CLIENT_ID": text])
        #expect(problems.contains { $0.contains(expected) }, "\(problems)")
    }

    static let bad = [
        Bad("BROKER_URL", "http://broker", "mqtt:// or mqtts://"),
        Bad("BROKER_URL", "broker:1883", "mqtt://host:port"),
        Bad("BROKER_URL", "", "mqtt://host:port"),
        Bad("BROKER_URL", "mqtt://", "a host"),
        Bad("BROKER_URL", "mqtt://broker:0", "port of 1 to 65535"),
        Bad("BROKER_URL", "mqtt://broker:99999999999999999999", "port of 1 to 65535"),
        Bad("BROKER_URL", "mqtt://::1:1883", "IPv6 address in brackets"),
        Bad("BROKER_URL", "mqtt://broker/path", "no path"),
        Bad("BROKER_URL", "mqtt://broker:1883/abc", "no path, query or fragment behind host and port"),
        Bad("BROKER_URL", "mqtt://broker:1883?x=1", "no path, query or fragment"),
        Bad("BROKER_URL", "mqtt://a:1883,mqtt://b:1883/abc", "address 2: expected no path"),
        Bad("BROKER_URL", "mqtt://a,,mqtt://b", "address 2"),
        Bad("BROKER_CLIENT_ID", "a/b", "without /, +, #"),
        Bad("BROKER_CLIENT_ID", String(repeating: "x", count: 65_536), "1 to 65535 bytes"),
        Bad("BROKER_PROTOCOL", "4", "expected 5, 3.1.1"),
        Bad("BROKER_QOS", "3", "0 to 2"),
        Bad("BROKER_QOS", "-1", "0 to 2"),
        Bad("BROKER_QOS", "１", "0 to 2"),
        Bad("BROKER_KEEP_ALIVE", "4s", "5s to 65535s"),
        Bad("BROKER_KEEP_ALIVE", "30 s", "such as 500ms"),
        Bad("BROKER_KEEP_ALIVE", "-30s", "such as 500ms"),
        Bad("BROKER_SESSION_EXPIRY", "99999999999999999999h", "such as 500ms"),
        Bad("BROKER_SESSION_EXPIRY", "9223372036854775807h", "such as 500ms"),
        Bad("BROKER_MAX_INFLIGHT", "0", "1 to 65535"),
        Bad("BROKER_MAX_INFLIGHT", "64x", "1 to 65535"),
        Bad("BROKER_OUTAGE", "panic", "expected hold, disconnect"),
        Bad("BROKER_SESSIONS", "own", "expected shared, per_charge_point"),
        Bad("BROKER_TLS_VERIFY", "maybe", "true or false"),
        Bad("BROKER_PASSWORD_FILE", "/nonexistent/password", "No such file"),
        Bad("BROKER_PASSWORD_FILE", "/", "it is a directory"),
        Bad("BROKER_PASSWORD_FILE", "/dev/null", "first line is the password"),
        Bad("BROKER_PASSWORD", "alone", "broker.username"),
        Bad("UPSTREAM_TOPIC", "", "expected a value"),
        Bad("UPSTREAM_TOPIC", "cp/+/${cid}", "wildcards"),
        Bad("UPSTREAM_TOPIC", "cp/#", "wildcards"),
        Bad("UPSTREAM_TOPIC", "cp/\u{1}", "control characters"),
        Bad("UPSTREAM_TOPIC", "$SYS/x", "begin with $"),
        Bad("UPSTREAM_TOPIC", "cp/${", "a } for every ${"),
        Bad("UPSTREAM_TOPIC", "cp/${serial}", "expected no placeholder but ${cid}, ${clientid}, "),
        Bad("UPSTREAM_TOPIC", "cp/${serial}", "${serial} is none of these"),
        Bad("UPSTREAM_TOPIC", String(repeating: "x", count: 3000), "at most 2048 bytes"),
        Bad("UPSTREAM_TOPIC", "cs/${cid}", "loop"),
        Bad("UPSTREAM_TOPIC", "cs/${action}", "another charge point's"),
        Bad("UPSTREAM_REPLY_TOPIC", "cp/${action}", "${action} is none of"),
        Bad("UPSTREAM_ERROR_TOPIC", "cs/${clientid}", "loop"),
        Bad("UPSTREAM_INVALID_TOPIC", "cp/${action}", "${action} is none of"),
        Bad("UPSTREAM_TOPIC_OVERRIDE_MAPPING", "Heartbeat", "Action=topic pairs"),
        Bad("UPSTREAM_TOPIC_OVERRIDE_MAPPING", "Heart beat=x", "letters, digits and hyphens"),
        Bad("UPSTREAM_TOPIC_OVERRIDE_MAPPING", "Heartbeat=", "a topic for Heartbeat"),
        Bad("UPSTREAM_TOPIC_OVERRIDE_MAPPING", "Heartbeat=a,Heartbeat=b", "expected each action once"),
        Bad("UPSTREAM_TOPIC_OVERRIDE_MAPPING", "Heartbeat=${x}", "Heartbeat: expected no placeholder but ${cid}"),
        Bad("UPSTREAM_TOPIC_OVERRIDE_MAPPING", "Heartbeat=cs/${cid}", "loop"),
        Bad("UPSTREAM_MAX_OPEN_CALLS", "0", "1 to 10000"),
        Bad("DNSTREAM_TOPIC", "cs/all", "every charge point has its own topic"),
        Bad("DNSTREAM_TOPIC", "cs/${cid}/${id}", "${id} is none of"),
        Bad("DNSTREAM_TOPIC", "cs/${cid}/${version}", "${version} is none of"),
        Bad("DNSTREAM_CALL_TIMEOUT", "0", "1ms to 24h"),
        Bad("GATEWAY_CLAIM_TOPIC", "claims", "every charge point has its own topic"),
        Bad("PRESENCE_TOPIC", "p/${id}", "${id} is none of"),
        Bad("MOUNTPOINT", "#", "wildcards"),
        Bad("MESSAGE_FORMAT_CHECKING", "some", "expected disable, upstream_only"),
        Bad("DEFAULT_HEARTBEAT_INTERVAL", "0", "100ms to 168h"),
        Bad("STATS_INTERVAL", "0s", "100ms to 24h"),
        Bad("LISTENERS", " , ", "expected at least one listener"),
        Bad("LISTENERS", "default", "type:name"),
        Bad("LISTENERS", "ws:a b", "type:name"),
        Bad("LISTENERS", "tcp:a", "type:name"),
        Bad("LISTENERS", "ws:a-b,ws:A_b", "there twice"),
        Bad("LISTENERS", "ws:a,ws:a", "expected each listener once: ws:a is there twice"),
        Bad("LISTENERS_WS_DEFAULT_BIND", "33033x", "address:port"),
        Bad("LISTENERS_WS_DEFAULT_BIND", "70000", "0 to 65535"),
        Bad("LISTENERS_WS_DEFAULT_BIND", "::1:33033", "[IPv6 address]:port"),
        Bad("LISTENERS_WS_DEFAULT_BIND", "999.1.1.1:5", "address:port"),
        Bad("LISTENERS_WS_DEFAULT_BIND", "127.1:5", "address:port"),
        Bad("LISTENERS_WS_DEFAULT_BIND", "127.0.0.1.:5", "address:port"),
        Bad("LISTENERS_WS_DEFAULT_BIND", "127.0.0.010:5", "address:port"),
        Bad("MANAGEMENT_BIND", "127.0.0.256:80", "address:port"),
        Bad("BROKER_URL", "mqtt://999.1.1.1:1883", "a host"),
        Bad("BROKER_URL", "mqtts://broker,mqtts://10.0.1", "address 2: expected a host"),
        Bad("TRACING_OTLP_ENDPOINT", "http://999.1.1.1:4318", "expected an http or https URL"),
        Bad("LISTENERS_WS_DEFAULT_WEBSOCKET_CHECK_ORIGINS", "https://10.0.0.300", "such as https://"),
        Bad("LISTENERS_WS_DEFAULT_MAX_CONNECTIONS", "0", "1 to"),
        Bad("LISTENERS_WS_DEFAULT_PROXY_PROTOCOL", "v2", "true or false"),
        Bad("LISTENERS_WS_DEFAULT_PROXY_PROTOCOL_TIMEOUT", "0", "10ms to 24h"),
        Bad("LISTENERS_WS_DEFAULT_ACCESS_RULES", "deny", #"such as deny 10.0.0.0/8, not "deny""#),
        Bad("LISTENERS_WS_DEFAULT_ACCESS_RULES", "allow all, deny 10.0.0.0/33", #"not "deny 10.0.0.0/33""#),
        Bad("LISTENERS_WS_DEFAULT_ACCESS_RULES", "", "expected allow or deny rules"),
        Bad("LISTENERS_WS_DEFAULT_TRUSTED_PROXIES", "10.0.0.1, proxy.example", #"not "proxy.example""#),
        Bad("LISTENERS_WS_DEFAULT_WEBSOCKET_PATH", "ocpp", "/ocpp"),
        Bad("LISTENERS_WS_DEFAULT_WEBSOCKET_PATH", "/a?b", "/ocpp"),
        Bad(
            "LISTENERS_WS_DEFAULT_WEBSOCKET_SUPPORTED_SUBPROTOCOLS", "ocpp1.6,ocpp2.0",
            "expected some of ocpp1.6, ocpp2.0.1, ocpp2.1"),
        Bad("LISTENERS_WS_DEFAULT_WEBSOCKET_MAX_FRAME_SIZE", "512MB", "1KB to 64MB"),
        Bad("LISTENERS_WS_DEFAULT_WEBSOCKET_MAX_FRAME_SIZE", "9223372036854775807GB", "1KB to 64MB"),
        Bad("LISTENERS_WS_DEFAULT_SSL_OPTIONS_CERTFILE", "/cert.pem", "for wss listeners only"),
        Bad("LISTENERS_WS_DEFAULT_WEBSOCKET_COMPRESS", "gzip", "true or false"),
        Bad("LISTENERS_WS_DEFAULT_WEBSOCKET_CHECK_ORIGIN_ENABLE", "2", "true or false"),
        Bad("LISTENERS_WS_DEFAULT_WEBSOCKET_CHECK_ORIGINS", "console.example", "such as https://"),
        Bad("LISTENERS_WS_DEFAULT_WEBSOCKET_CHECK_ORIGINS", "https://console.example/", "such as https://"),
        Bad("LISTENERS_WS_DEFAULT_WEBSOCKET_ALLOW_ORIGIN_ABSENCE", "never", "true or false"),
        Bad("LISTENERS_WS_DEFAULT_WEBSOCKET_PROXY_ADDRESS_HEADER", "x real ip", "name of an HTTP header"),
        Bad("LISTENERS_WS_DEFAULT_WEBSOCKET_PROXY_PORT_HEADER", "x:port", "name of an HTTP header"),
        Bad("TRUSTED_PROXIES", "10.0.0.0/8, 10.0.0.0/x", #"not "10.0.0.0/x""#),
        Bad("AUTHENTICATION_BACKEND", "broker", "broker.sessions: per_charge_point"),
        Bad("AUTHENTICATION_BACKEND", "ldap", "expected none, built_in_database"),
        Bad("AUTHENTICATION_SERVER", "db:1", "belongs to backend mongodb, mysql, postgresql, redis"),
        Bad("AUTHENTICATION_TIMEUOT", "1", "did you mean AUTHENTICATION_TIMEOUT?"),
        Bad("LOG_LEVEL", "loud", "expected trace, debug"),
        Bad("LOG_FORMAT", "xml", "expected text, json"),
        Bad("LOG_FRAMES", "2", "true or false"),
    ]

    @Test(arguments: bad)
    func `A value that cannot be used is a problem that names the variable and what was expected`(_ bad: Bad) {
        let problems = problems([bad.name: bad.value])
        #expect(problems.count == 1, "\(problems)")
        let problem = problems.first ?? ""
        #expect(problem.hasPrefix(bad.name))
        #expect(problem.contains(bad.expected), "\(problem)")
        // Of a name that nothing reads it is said what it may be meant for.
        if !problem.hasPrefix("\(bad.name) (environment)") { #expect(problem.contains("expected "), "\(problem)") }
        #expect(problem.contains("(environment)"))
        #expect(!problem.unicodeScalars.contains { $0.properties.generalCategory == .control })
    }

    @Test(arguments: bad)
    func `A value in the file is as wrong as in the environment, with its line`(_ bad: Bad) throws {
        let key = LoadedConfiguration.table.first { SettingName.variable(of: $0.name) == bad.name }
        guard let key, !bad.value.isEmpty else { return }
        let problem = try #require(problems(yaml: "\n\(key.name): \(SettingsDocument.yamlQuoted(bad.value))").first)
        #expect(problem.contains(bad.expected) && problem.contains("(file, line 2)"), "\(problem)")
    }

    @Test
    func `All problems are listed together, from the environment and the file`() {
        let problems = problems(
            ["BROKER_QOS": "7", "LOG_LEVEL": "loud", "CONFIG_FILE": "x"],
            yaml: """
                broker: {keep_alive: 1s, colour: red}
                listeners.ws.default.bind: nowhere
                """)
        #expect(problems.count == 5)
        #expect(problems.contains(#"BROKER_QOS (broker.qos) is "7" (environment): expected a whole number of 0 to 2"#))
    }

    @Test
    func `Start-up warns that everyone is let in`() throws {
        #expect(try load().warnings.map(\.key) == ["authentication.backend"])
    }

    @Test
    func `A variable that begins like ours and is unknown is a warning with the nearest name, never with its value`()
        throws
    {
        let found = try warnings([
            "BROKER_PASWORD": "hush", "UPSTREAM_TOPICS": "x", "LISTENERS_WS_DEFAULT_BIN": "1", "MOUNTPONT": "x",
            "LISTENERS_WS_OTHER_TCP_OPTIONS_BACKLOG": "1", "PATH": "/bin", "HOME": "/",
        ])
        #expect(
            found == [
                "BROKER_PASWORD (environment): unknown name; did you mean BROKER_PASSWORD?",
                "LISTENERS_WS_DEFAULT_BIN (environment): unknown name; did you mean LISTENERS_WS_DEFAULT_BIND?",
                "LISTENERS_WS_OTHER_TCP_OPTIONS_BACKLOG (environment): there is no listener ws:OTHER in listeners",
                "MOUNTPONT (environment): unknown name; did you mean MOUNTPOINT?",
                "UPSTREAM_TOPICS (environment): unknown name; did you mean UPSTREAM_TOPIC?",
            ])
    }

    @Test
    func `An unknown key in the file is a problem with the nearest name, never with its value`() {
        let problems = problems(
            ["LISTENERS": "ws:default"],
            yaml: """
                broker:
                  pasword: hush
                listeners.ws.other.bind: 1
                authentication: {server: "hush"}
                colour: blue
                """)
        #expect(
            problems == [
                "BROKER_PASWORD (broker.pasword) (file, line 2): unknown name; did you mean broker.password?",
                "LISTENERS_WS_OTHER_BIND (listeners.ws.other.bind) (file, line 3): "
                    + "there is no listener ws:other in listeners",
                "AUTHENTICATION_SERVER (authentication.server) (file, line 4): "
                    + "belongs to backend mongodb, mysql, postgresql, redis; authentication.backend is none",
                "COLOUR (colour) (file, line 5): unknown name",
            ])
    }

    @Test(arguments: ["10.0.0.1:5", "0.0.0.0:5", "255.255.255.255:5", "1e3.example:5", "1.2.3.4.example:5", "[::1]:5"])
    func `An address and a name that begins like one can be bound to`(_ bind: String) {
        #expect(problems(["LISTENERS_WS_DEFAULT_BIND": bind]).isEmpty)
    }

    @Test
    func `Two listeners on one address, and passwords in two places, are problems`() throws {
        #expect(problems(["LISTENERS": "ws:a,ws:b"]).first?.contains("ws:a has not already") == true)
        let file = try TemporaryFile("pw")
        let inURL = ["BROKER_URL": "mqtt://u:hush@h"]
        #expect(problems(inURL.merging(["BROKER_PASSWORD": "x"]) { $1 }).first?.contains("broker.url has one") == true)
        #expect(problems(inURL.merging(["BROKER_USERNAME": "x"]) { $1 }).first?.contains("the same user") == true)
        let both = ["BROKER_USERNAME": "u", "BROKER_PASSWORD": "x", "BROKER_PASSWORD_FILE": file.path]
        #expect(problems(both).first?.contains("not both") == true)
    }

    @Test
    func `TLS files must be readable when a broker is reached by TLS, and are a warning when none is`() throws {
        let files = ["BROKER_TLS_CA_FILE": "/nonexistent/ca.pem"]
        #expect(problems(files.merging(["BROKER_URL": "mqtts://h"]) { $1 }).count == 1)
        #expect(try warnings(files).count == 1)
        let file = try TemporaryFile("PEM")
        let lonely = ["BROKER_TLS_CERT_FILE": file.path, "BROKER_URL": "mqtts://h"]
        #expect(problems(lonely).first?.contains("broker.tls.key_file") == true)
    }

    @Test
    func `A topic that begins with an identity, or that an action can turn into the downstream topic, is a warning`()
        throws
    {
        #expect(try warnings(["MOUNTPOINT": "${cid}/"]).contains { $0.contains("$share") })
        let topics = ["UPSTREAM_TOPIC": "${cid}/${action}", "DNSTREAM_TOPIC": "${cid}/cmd"]
        #expect(try warnings(topics).first?.contains("can choose an action") == true)
        let apart = ["UPSTREAM_TOPIC": "x/${cid}/${type}", "DNSTREAM_TOPIC": "x/${cid}/cmd"]
        #expect(try warnings(apart).isEmpty)
    }
}
