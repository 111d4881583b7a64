import NIOCore
import NIOPosix
import TestSupport
import Testing

/// configuration.md, "Listeners", as the outside sees them.
@Suite struct ListenerTests {
    private static let two = [
        "LISTENERS": "ws:default,ws:other", "LISTENERS_WS_OTHER_BIND": "[::1]:0",
        "LISTENERS_WS_OTHER_WEBSOCKET_PATH": "/other", "LISTENERS_WS_OTHER_MOUNTPOINT": "elsewhere/",
        "LISTENERS_WS_OTHER_MAX_CONNECTIONS": "1", "LISTENERS_WS_OTHER_WEBSOCKET_MAX_FRAME_SIZE": "1KB",
        "LISTENERS_WS_OTHER_WEBSOCKET_FAIL_IF_NO_SUBPROTOCOL": "true", "LISTENERS_WS_OTHER_ACCEPTORS": "3",
    ]

    @Test func `Each listener has its own address path mountpoint and limits`() async throws {
        try await withSite(Self.two) { site in
            let port = try await site.gateway.port(listener: "other")
            let elsewhere = try await CentralSystem.connect(
                port: site.broker.port, mountpoint: "elsewhere/", clientID: "elsewhere")
            var settings = ChargePointClient.Settings()
            settings.host = "::1"
            settings.path = "/other/"
            let other = try await ChargePointClient.connect(port: port, identity: "CP-1", settings: settings)
            #expect(OCPPText(try await other.call("Heartbeat")).type == 3)
            #expect(elsewhere.received.all.map(\.topic) == ["elsewhere/cp/CP-1"])
            let session = try await site.gateway.log("the session") {
                $0.fields["listener"] == "other" && $0.mentions("remote")
            }
            #expect(session.fields["remote"]?.hasPrefix("[::1]:") == true)

            // Its limit is its own; so are its path and its rule about subprotocols.
            let (_, full) = try await ChargePointClient.open(port: port, identity: "CP-2", settings: settings)
            #expect(full.status == 503)
            let usual = try await site.connectReady("CP-2")
            _ = try await site.connectReady("CP-3")
            settings.path = "/ocpp/"
            let (_, elsewherePath) = try await ChargePointClient.open(port: port, identity: "CP-2", settings: settings)
            #expect(elsewherePath.status == 404)
            var silent = ChargePointClient.Settings()
            silent.subprotocols = []
            let (_, accepted) = try await ChargePointClient.open(port: site.port, identity: "CP-4", settings: silent)
            #expect(accepted.status == 101)

            try await other.send(text: String(repeating: " ", count: 1025))
            #expect(try await other.closing().code == 1009)
            silent.host = "::1"
            silent.path = "/other/"
            try await eventually("a place") {
                let (client, answer) = try await ChargePointClient.open(port: port, identity: "CP-5", settings: silent)
                await client.cut()
                return answer.status == 400
            }
            #expect(OCPPText(try await usual.call("Heartbeat", id: "last")).type == 3)
            await elsewhere.stop()
        }
    }

    @Test func `Access rules close before any answer with a log line`() async throws {
        let rules = "deny 127.0.0.7, allow 127.0.0.0/8, deny all"
        try await withSite(["LISTENERS_WS_DEFAULT_ACCESS_RULES": rules]) { site in
            _ = try await site.connectReady("CP-1")
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.minutes(2))
                .bind(to: SocketAddress(ipAddress: "127.0.0.7", port: 0))
                .connect(host: "127.0.0.1", port: site.port)
                .get()
            try await channel.closeFuture.get()
            let line = try await site.gateway.log("the refusal") { $0.message == "handshake refused" }
            #expect(line.fields["reason"] == "denied by access_rules")
            #expect(line.fields["remote"]?.hasPrefix("127.0.0.7:") == true)
        }
    }

    @Test func `A browser of another origin gets 403`() async throws {
        let settings = [
            "LISTENERS_WS_DEFAULT_WEBSOCKET_CHECK_ORIGIN_ENABLE": "true",
            "LISTENERS_WS_DEFAULT_WEBSOCKET_CHECK_ORIGINS": "https://console.example",
        ]
        try await withSite(settings) { site in
            _ = try await site.connectReady("CP-1")
            for (origin, status) in [("https://console.example", 101), ("https://evil.example", 403)] {
                var settings = ChargePointClient.Settings()
                settings.headers = [("Origin", origin)]
                let (_, answer) = try await ChargePointClient.open(
                    port: site.port, identity: "CP-2", settings: settings)
                #expect(answer.status == status)
            }
        }
    }
}
