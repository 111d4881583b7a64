import ChargePointSessions
import OCPPJ
import Testing
import WebSocketFrontEnd

@testable import Gateway

@Suite("Configuration: who may connect to a listener")
struct ListenerAccessTests {
    private static func listener(_ settings: [String: String]) throws -> ListenerConfiguration {
        let prefixed = settings.map { name, value in
            (name == "TRUSTED_PROXIES" ? name : "LISTENERS_WS_DEFAULT_\(name)", value)
        }
        let loaded = try load(Dictionary(uniqueKeysWithValues: prefixed))
        return try #require(loaded.configuration.listeners.first).configuration
    }

    @Test
    func `Nothing is asked of a connection by default`() throws {
        let listener = try Self.listener([:])
        #expect(!listener.expectsProxyHeader && listener.compression == .inOCPP2 && listener.origins == nil)
        #expect(listener.accessRules == AccessRules())
        #expect(listener.proxyProtocolTimeout == .seconds(3))
        #expect(listener.forwardedAddress == ForwardedAddress())
    }

    @Test
    func `Every setting reaches the listener`() throws {
        let listener = try Self.listener([
            "PROXY_PROTOCOL": "true", "PROXY_PROTOCOL_TIMEOUT": "500ms", "WEBSOCKET_COMPRESS": "on",
            "ACCESS_RULES": "deny 10.0.0.7, allow 10.0.0.0/8, deny all",
            "WEBSOCKET_CHECK_ORIGIN_ENABLE": "true", "WEBSOCKET_CHECK_ORIGINS": "https://A.example, http://b:8080",
            "WEBSOCKET_ALLOW_ORIGIN_ABSENCE": "false", "WEBSOCKET_PROXY_ADDRESS_HEADER": "X-Real-IP",
            "WEBSOCKET_PROXY_PORT_HEADER": "X-Real-Port", "TRUSTED_PROXIES": "10.0.0.1, 2001:db8::/32",
        ])
        #expect(listener.expectsProxyHeader && listener.compression == .always)
        #expect(listener.proxyProtocolTimeout == .milliseconds(500))
        let rules = ["deny 10.0.0.7", "allow 10.0.0.0/8", "deny all"].compactMap { AccessRules.Rule($0) }
        #expect(listener.accessRules == AccessRules(rules))
        #expect(
            listener.origins == OriginRules(allowed: ["https://a.example", "http://b:8080"], allowsAbsence: false))
        let proxies = ["10.0.0.1", "2001:db8::/32"].compactMap { IPAddressRange($0) }
        #expect(
            listener.forwardedAddress
                == ForwardedAddress(
                    trustedProxies: proxies, addressHeader: "x-real-ip", portHeader: "x-real-port"))
    }

    @Test
    func `A listener's own trusted proxies count instead of the global ones, even when there are none`() throws {
        let own = "LISTENERS_WS_A_TRUSTED_PROXIES"
        let loaded = try load([
            "LISTENERS": "ws:a,ws:b", "LISTENERS_WS_A_BIND": "1", "TRUSTED_PROXIES": "10.0.0.1", own: "",
        ])
        let counts = loaded.configuration.listeners.map(\.configuration.forwardedAddress.trustedProxies.count)
        #expect(counts == [0, 1])
    }

    private static func commandTopic(_ listener: GatewayConfiguration.Listener) -> String {
        SessionTopics(templates: listener.topics, identity: "CP1", version: .v16).downstream.text
    }

    @Test
    func `Each listener has its own path, mountpoint, limits and rules`() throws {
        let loaded = try load([
            "LISTENERS": "ws:a,ws:b", "LISTENERS_WS_A_BIND": "1", "LISTENERS_WS_B_BIND": "[::1]:2",
            "LISTENERS_WS_B_WEBSOCKET_PATH": "/b", "LISTENERS_WS_B_MOUNTPOINT": "b/",
            "LISTENERS_WS_B_MAX_CONNECTIONS": "7", "LISTENERS_WS_B_MAX_CONN_RATE": "8",
            "LISTENERS_WS_B_ACCEPTORS": "3", "LISTENERS_WS_B_ACCESS_RULES": "deny all",
            "LISTENERS_WS_B_WEBSOCKET_MAX_FRAME_SIZE": "2KB", "LISTENERS_WS_B_WEBSOCKET_COMPRESS": "true",
            "LISTENERS_WS_B_TCP_OPTIONS_NODELAY": "false", "LISTENERS_WS_B_TCP_OPTIONS_BACKLOG": "9",
            "LISTENERS_WS_B_TCP_OPTIONS_BUFFER": "4KB", "LISTENERS_WS_B_TCP_OPTIONS_SEND_TIMEOUT": "1s",
        ])
        let (a, b) = (loaded.configuration.listeners[0], loaded.configuration.listeners[1])
        var expected = ListenerConfiguration(name: "a", host: "0.0.0.0", port: 1)
        #expect(a.configuration == expected && Self.commandTopic(a) == "ocpp/cs/CP1")
        expected = ListenerConfiguration(name: "b", host: "::1", port: 2)
        expected.acceptors = 3
        (expected.maxConnections, expected.maxConnectionRate, expected.path) = (7, 8, "/b")
        (expected.maxFrameSize, expected.noDelay, expected.backlog, expected.receiveBuffer) = (2048, false, 9, 4096)
        (expected.sendTimeout, expected.compression) = (.seconds(1), .always)
        expected.accessRules = AccessRules([.init(.deny, nil)])
        #expect(b.configuration == expected && Self.commandTopic(b) == "b/cs/CP1")
    }

    @Test
    func `Settings that do not do what they seem to are warnings`() throws {
        let prefix = "LISTENERS_WS_DEFAULT_"
        for (name, value, expected) in [
            ("ACCESS_RULES", "allow 10.0.0.0/8", "denies nobody"),
            ("WEBSOCKET_CHECK_ORIGINS", "https://a.example", "without websocket.check_origin_enable"),
            ("WEBSOCKET_PROXY_ADDRESS_HEADER", "x-real-ip", "without trusted_proxies"),
            ("WEBSOCKET_PROXY_PORT_HEADER", "x-real-port", "without trusted_proxies"),
        ] {
            let found = try warnings([prefix + name: value])
            #expect(found.count == 1 && found.first?.contains(expected) == true, "\(name): \(found)")
        }
        #expect(try warnings([prefix + "ACCESS_RULES": "allow 10.0.0.0/8, deny all"]).isEmpty)
        #expect(try warnings([prefix + "ACCESS_RULES": "Allow All"]).isEmpty)
        #expect(try warnings([prefix + "WEBSOCKET_PROXY_ADDRESS_HEADER": "X-Forwarded-For"]).isEmpty)
    }
}
