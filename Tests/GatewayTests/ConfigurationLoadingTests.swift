import BrokerLink
import ChargePointSessions
import Foundation
import Settings
import Testing
import WebSocketFrontEnd

@testable import Gateway

@Suite("Configuration: what settings become")
struct ConfigurationLoadingTests {
    @Test
    func `Without any setting the defaults of the contract hold`() throws {
        let configuration = try load().configuration
        #expect(
            configuration
                == GatewayConfiguration(
                    gatewayID: "ocpp-gateway-test",
                    broker: BrokerLinkConfiguration(clientID: "ocpp-gateway-test"),
                    statusTopic: "ocpp/gateway/ocpp-gateway-test/Status"))
    }

    @Test
    func `The environment wins over the file, and the file over the default`() throws {
        let configuration = try load(["BROKER_QOS": "2"], yaml: "broker: {qos: 0, max_inflight: 7}").configuration
        #expect(configuration.broker.qualityOfService == .exactlyOnce)
        #expect(configuration.broker.maxInflight == 7)
        #expect(configuration.broker.maxPending == 100_000)
    }

    @Test
    func `A variable that is set but empty counts as set`() throws {
        let yaml = "{mountpoint: site/, presence.topic: 'p/${cid}'}"
        let topics = try load(["MOUNTPOINT": "", "PRESENCE_TOPIC": ""], yaml: yaml).configuration.listeners[0].topics
        #expect(topics.downstream == TopicTemplate("cs/${cid}"))
        #expect(topics.presence == nil)
    }

    @Test
    func `A listener's mountpoint is in front of its topics instead of the global one, even when it is empty`() throws {
        let configuration = try load([
            "LISTENERS": "ws:a, ws:b-c,ws:d", "LISTENERS_WS_A_MOUNTPOINT": "north/", "LISTENERS_WS_D_MOUNTPOINT": "",
            "MOUNTPOINT": "all/", "LISTENERS_WS_A_BIND": "1", "LISTENERS_WS_B_C_BIND": "[::1]:2",
            "UPSTREAM_TOPIC_OVERRIDE_MAPPING": "BootNotification=boot/${cid}, Heartbeat=beat/${action}",
        ]).configuration
        #expect(configuration.listeners.map(\.configuration.name) == ["a", "b-c", "d"])
        let calls = ["north/cp/${cid}", "all/cp/${cid}", "cp/${cid}"].map { TopicTemplate($0) }
        #expect(configuration.listeners.map(\.topics.call) == calls)
        let heartbeat = configuration.listeners[0].topics.callOverrides["Heartbeat"]
        #expect(heartbeat == TopicTemplate("north/beat/${action}"))
        #expect(configuration.listeners.map(\.configuration.host) == ["0.0.0.0", "::1", "0.0.0.0"])
        #expect(configuration.listeners.map(\.configuration.port) == [1, 2, 33033])
    }

    @Test
    func `A listener's name keeps its capitals, and its variables are all capitals`() throws {
        let environment = ["LISTENERS": "ws:siteNorth", "LISTENERS_WS_SITENORTH_BIND": "127.0.0.1:0"]
        let yaml = "listeners.ws.siteNorth.websocket.path: /north/"
        let listener = try load(environment, yaml: yaml).configuration.listeners[0].configuration
        #expect(listener.name == "siteNorth")
        #expect(listener.port == 0)
        #expect(listener.path == "/north")
    }

    @Test
    func `An answer time-out of 0 turns it off, and statistics that are off have no interval`() throws {
        let configuration = try load(["UPSTREAM_ANSWER_TIMEOUT": "0", "ENABLE_STATS": "off"]).configuration
        #expect(configuration.listeners[0].sessions.answerTimeout == nil)
        #expect(configuration.statsInterval == nil)
    }

    @Test
    func `The first line of the password file is the password`() throws {
        let file = try TemporaryFile("s3 cret \r\nsecond\n")
        let environment = ["BROKER_USERNAME": "gw", "BROKER_PASSWORD_FILE": file.path]
        #expect(try load(environment).configuration.broker.password == "s3 cret ")
    }

    @Test
    func `The status topic has no mountpoint when the mountpoint holds an identity`() throws {
        let environment = ["MOUNTPOINT": "x/${cid}/", "BROKER_CLIENT_ID": "gw 1"]
        #expect(try load(environment).configuration.statusTopic == "gateway/gw 1/Status")
    }

    @Test
    func
        `A charge point's own connection has a prefix and its identity as client id, with the mountpoint where a listener has its own`()
        throws
    {
        let environment = [
            "BROKER_SESSIONS": "per_charge_point", "AUTHENTICATION_BACKEND": "broker",
            "LISTENERS": "ws:default,ws:other",
            "LISTENERS_WS_OTHER_BIND": "127.0.0.1:33034", "LISTENERS_WS_OTHER_MOUNTPOINT": "site-2/",
            "LISTENERS_WS_OTHER_ENABLE_AUTHN": "false",
        ]
        let loaded = try load(environment)
        let configuration = loaded.configuration
        #expect(configuration.broker.sessions == .perChargePoint)
        let clientIDs = configuration.listeners.map { $0.clientID.filled(identity: "CP1").topic }
        #expect(clientIDs == ["ocpp-CP1", "ocpp-site-2/CP1"])
        #expect(configuration.listeners.map(\.passesCredentials) == [true, false])
        // The broker itself sees to it that there is one session each, and who comes in.
        #expect(configuration.listeners.allSatisfy { $0.topics.claim == nil })
        #expect(!loaded.warnings.contains { $0.description.contains("no authentication") })
        #expect(!loaded.warnings.contains { $0.description.contains("opens every identity") })
        #expect(configuration.userNames.holds)
        let loose = try load(environment.merging(["AUTHENTICATION_USERNAME_IS_IDENTITY": "false"]) { $1 })
        #expect(loose.warnings.contains { $0.description.contains("one charge point's password opens every identity") })
        #expect(!loose.configuration.userNames.holds)
        let other = try load(environment.merging(["BROKER_SESSIONS_CLIENT_ID": "${cid}@charge-point"]) { $1 })
        #expect(
            other.configuration.listeners.map { $0.clientID.filled(identity: "CP1").topic }
                == ["CP1@charge-point", "site-2/CP1@charge-point"])
        #expect(try load([:]).configuration.listeners.allSatisfy { $0.topics.claim != nil })
    }

    @Test(arguments: LoadedConfiguration.table.map(\.name))
    func `Every setting changes the configuration`(name: String) throws {
        let setting = try #require(LoadedConfiguration.table.first { $0.name == name })
        // `TLSConfigurationTests`: a listener without TLS takes none of them; `AuthenticationSettingsTests`.
        guard !name.hasPrefix("ssl_options."), !name.hasPrefix("authentication.") else { return }
        // A key and its secret go together: there too.
        guard !["management.api_key", "management.api_secret", "management.api_secret_file"].contains(name) else {
            return
        }
        let value = try #require(Self.samples[name], "a sample value for \(name)")
        let pem = try TemporaryFile("PEM")
        let base = [
            "BROKER_URL": "mqtts://127.0.0.1", "BROKER_USERNAME": "gw", "BROKER_OUTAGE": "disconnect",
            "BROKER_TLS_CERT_FILE": pem.path, "BROKER_TLS_KEY_FILE": pem.path,
            "LISTENERS_WS_DEFAULT_WEBSOCKET_CHECK_ORIGIN_ENABLE": "true",
            "MANAGEMENT_SSL_OPTIONS_CERTFILE": pem.path, "MANAGEMENT_SSL_OPTIONS_KEYFILE": pem.path,
        ]
        var changed = base
        let file = try TemporaryFile("x")
        changed[SettingName.variable(of: setting.key)] = value == "<file>" ? file.path : value
        let configuration = try load(changed).configuration
        #expect(try load(base).configuration != configuration)
    }

    private static let samples = [
        "message_format_checking": "all", "message_format_checking_exempt": "Reset", "json_schema_dir": "/x",
        "json_schema_id_prefix": "urn:",
        "tracing.otlp_endpoint": "http://127.0.0.1:4318", "tracing.sample_ratio": "0.5",
        "broker.url": "mqtts://broker.example", "broker.username": "other", "broker.password": "p",
        "broker.client_id": "gw", "broker.protocol": "3.1.1", "broker.qos": "0", "broker.keep_alive": "5s",
        "broker.session_expiry": "0s", "broker.connections": "2", "broker.sessions": "per_charge_point",
        "broker.sessions_client_id": "x-${cid}", "authentication.username_is_identity": "false",
        "broker.max_inflight": "1",
        "broker.max_pending": "1", "broker.outage": "hold", "broker.outage_timeout": "1s",
        "broker.tls.ca_file": "<file>", "broker.tls.cert_file": "<file>", "broker.tls.key_file": "<file>",
        "broker.tls.key_password": "k", "broker.tls.verify": "false", "broker.tls.min_version": "tlsv1.3",
        "mountpoint": "m/", "upstream.topic": "u/${cid}",
        "upstream.topic_override_mapping": "Heartbeat=h/${cid}", "upstream.reply_topic": "r/${cid}",
        "upstream.error_topic": "e/${cid}", "upstream.invalid_topic": "i/${cid}", "dnstream.topic": "d/${clientid}",
        "gateway.claim_topic": "claims/${cid}", "presence.topic": "p/${cid}", "presence.retain": "on",
        "upstream.max_open_calls": "1", "upstream.unrouted": "error", "dnstream.response_topics": "answers/#",
        "upstream.answer_timeout": "500ms", "dnstream.max_mqueue_len": "1", "dnstream.call_timeout": "2h",
        "default_heartbeat_interval": "5m", "heartbeat_checking_times_backoff": "0", "idle_timeout": "1s",
        "enable_stats": "no", "stats.interval": "7", "limits.bad_messages": "0", "limits.memory": "1MB",
        "limits.messages_per_second": "9",
        "shutdown.drain_time": "0s", "listeners": "ws:other", "bind": "[::1]:1", "acceptors": "3",
        "max_connections": "1", "max_conn_rate": "1", "websocket.path": "/", "websocket.max_frame_size": "64KB",
        "websocket.supported_subprotocols": "ocpp2.0.1", "websocket.fail_if_no_subprotocol": "1",
        "websocket.ping_interval": "10s", "tcp_options.nodelay": "0",
        "tcp_options.reuseaddr": "false", "tcp_options.backlog": "1", "tcp_options.buffer": "4096",
        "tcp_options.active_n": "1", "tcp_options.send_timeout": "1s", "tcp_options.send_timeout_close": "false",
        "proxy_protocol": "true", "proxy_protocol_timeout": "1s", "access_rules": "deny all",
        "trusted_proxies": "10.0.0.1", "websocket.compress": "true", "websocket.check_origin_enable": "false",
        "websocket.check_origins": "https://a.example", "websocket.allow_origin_absence": "false",
        "websocket.proxy_address_header": "x-real-ip", "websocket.proxy_port_header": "x-real-port",
        "enable_authn": "false", "broker.password_file": "<file>",
        "management.bind": "", "management.api_keys_file": "<file>",
        "management.metrics_auth": "true", "management.ssl_options.certfile": "<file>",
        "management.ssl_options.keyfile": "<file>", "management.read_only": "true", "management.page": "false",
        "data_dir": "/data", "log.level": "warn", "log.format": "json", "log.frames": "true",
    ]
}
