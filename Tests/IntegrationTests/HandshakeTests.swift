import NIOCore
import NIOPosix
import TestSupport
import Testing

/// behaviour.md, "The WebSocket handshake", as far as it can be seen without TLS and passwords.
@Suite struct HandshakeTests {
    @Test func `A bad path or identity is not found and costs no subscription`() async throws {
        try await withSite { site in
            let long = String(repeating: "x", count: 256)
            for (path, identity) in [
                ("/", "CP-1"), ("/ocpp1/", "CP-1"), ("/ocpp/", ""), ("/ocpp", ""), ("/ocpp/", "a%2Fb"),
                ("/ocpp/", "a/b"), ("/ocpp/", "$SYS"), ("/ocpp/", "a%23b"), ("/ocpp/", "a%00b"),
                ("/ocpp/", "a%0Ab"), ("/ocpp/", "a%7Fb"), ("/ocpp/", "a%C3%28"), ("/ocpp/", "a%zz"), ("/ocpp/", long),
            ] {
                var settings = ChargePointClient.Settings()
                settings.path = path
                let (client, answer) = try await ChargePointClient.open(
                    port: site.port, identity: identity, settings: settings)
                #expect(answer.status == 404, "\(path)\(identity)")
                await client.cut()
            }
            let subscriptions = site.broker.lines.filter { $0.contains("ocpp/cs/") }
            #expect(subscriptions.isEmpty)
            let longest = try await site.connectReady(String(long.dropLast()))
            #expect(longest.isOpen)
        }
    }

    @Test func `A refusals log line says what was asked for and no secret`() async throws {
        try await withSite { site in
            var settings = ChargePointClient.Settings()
            settings.path = "/wrong/"
            settings.subprotocols = ["ocpp1.5", "soap"]
            settings.headers = [("Authorization", "Basic Q1AtMTpzM2NyM3Q=")]
            let (client, answer) = try await ChargePointClient.open(
                port: site.port, identity: "CP%201?token=abc", settings: settings)
            #expect(answer.status == 404)
            await client.cut()
            let line = try await site.gateway.log("the refusal") { $0.message == "handshake refused" }
            #expect(line.fields["path"] == "/wrong/CP%201")
            #expect(line.fields["offered"] == "ocpp1.5, soap")
            #expect(line.fields["user"] == "CP-1")
            #expect(!site.gateway.logLines.contains { $0.mentions("s3cr3t") || $0.mentions("token=abc") })
        }
    }

    @Test func `The first offered subprotocol that is supported is agreed`() async throws {
        try await withSite { site in
            var settings = ChargePointClient.Settings()
            settings.subprotocols = ["ocpp9.9", "ocpp1.6", "ocpp1.5"]
            let (_, answer) = try await ChargePointClient.open(port: site.port, identity: "CP-1", settings: settings)
            #expect(answer.status == 101 && answer.header("sec-websocket-protocol") == "ocpp1.6")
            settings.subprotocols = []
            let (silent, accepted) = try await ChargePointClient.open(
                port: site.port, identity: "CP-2?token=1", settings: settings)
            #expect(accepted.status == 101 && accepted.header("sec-websocket-protocol") == nil)
            #expect(OCPPText(try await silent.call("Heartbeat")).type == 3)
            #expect(site.central.received.all.map(\.topic) == ["ocpp/cp/CP-2"])
        }
    }

    @Test func `Subprotocols of which none is supported get a 101 and a close 1002`() async throws {
        try await withSite { site in
            var settings = ChargePointClient.Settings()
            settings.subprotocols = ["ocpp1.5", "soap"]
            let (client, answer) = try await ChargePointClient.open(
                port: site.port, identity: "CP-1", settings: settings)
            #expect(answer.status == 101 && answer.header("sec-websocket-protocol") == nil)
            #expect(try await client.closing().code == 1002)
        }
    }

    @Test(arguments: [[], ["ocpp1.5"]])
    func `With fail if no subprotocol it is a 400`(offered: [String]) async throws {
        try await withSite(["LISTENERS_WS_DEFAULT_WEBSOCKET_FAIL_IF_NO_SUBPROTOCOL": "true"]) { site in
            var settings = ChargePointClient.Settings()
            settings.subprotocols = offered
            let (_, answer) = try await ChargePointClient.open(port: site.port, identity: "CP-1", settings: settings)
            #expect(answer.status == 400)
        }
    }

    @Test func `Beyond max connections the answer is 503 with retry after`() async throws {
        try await withSite(["LISTENERS_WS_DEFAULT_MAX_CONNECTIONS": "1"]) { site in
            let first = try await site.connectReady("CP-1")
            let (_, answer) = try await ChargePointClient.open(port: site.port, identity: "CP-2")
            #expect(answer.status == 503 && answer.header("retry-after") != nil)
            #expect(OCPPText(try await first.call("Heartbeat")).type == 3)
        }
    }

    @Test func `A connection that completes no handshake is closed`() async throws {
        try await withSite(["IDLE_TIMEOUT": "1s"]) { site in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.minutes(2))
                .connect(host: "127.0.0.1", port: site.port)
                .get()
            // On a slow machine the time may be over already.
            try? await channel.writeAndFlush(ByteBuffer(string: "GET /ocpp/CP-1 HTTP/1.1\r\n"))
            let ended = Mailbox<Bool>("socket")
            channel.closeFuture.whenComplete { _ in ended.append(true) }
            _ = try await ended.first("the close")
        }
    }
}
