import NIOCore
import Testing

@testable import WebSocketFrontEnd

@Suite("The WebSocket handshake, over a socket", .timeLimit(.minutes(2)))
struct HandshakeTests {
    @Test
    func `A charge point is connected with its identity and the first subprotocol it offers that is supported`()
        async throws
    {
        let configuration = RunningListener.configuration { $0.supportedSubprotocols = ["ocpp1.6", "ocpp2.0.1"] }
        try await RunningListener.run(configuration) { running in
            let request = RawClient.handshake(
                target: "/ocpp/CP%20%C3%BC?x=/y",
                adding: ["Sec-WebSocket-Protocol: ocpp3, ocpp2.0.1", "Sec-WebSocket-Protocol: ocpp1.6"]
            )
            let (response, client) = try await running.exchange(request)
            #expect(response.status == 101)
            #expect(response.headers["upgrade"] == "websocket")
            #expect(response.headers["connection"] == "Upgrade")
            // The example of RFC 6455, 1.3.
            #expect(response.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            #expect(response.headers["sec-websocket-protocol"] == "ocpp2.0.1")
            #expect(response.headers["content-length"] == nil)
            let session = try await running.admission.sessions.next()
            #expect(session.handshake.identity == "CP ü")
            #expect(session.handshake.subprotocol == "ocpp2.0.1")
            #expect(session.handshake.listener.name == "default")
            let local = try #require(client.channel.localAddress?.port)
            #expect(session.handshake.peer.description == "127.0.0.1:\(local)")
            #expect(running.listener.connectionCount == 1)
            #expect(running.admission.numberOfRefusals == 0)
        }
    }

    @Test
    func `A charge point that offers no subprotocol speaks the listener's first one`() async throws {
        try await RunningListener.run { running in
            let (response, _) = try await running.exchange(RawClient.handshake(adding: []))
            #expect(response.status == 101)
            #expect(response.headers["sec-websocket-protocol"] == nil)
            #expect(try await running.admission.sessions.next().handshake.subprotocol == "ocpp1.6")
        }
    }

    @Test
    func `Unsupported subprotocols get 101 without one and close 1002 at once, and no session`() async throws {
        try await RunningListener.run { running in
            let request = RawClient.handshake(adding: ["Sec-WebSocket-Protocol: OCPP1.6, mqtt"])
            let (response, client) = try await running.exchange(request)
            #expect(response.status == 101)
            #expect(response.headers["sec-websocket-protocol"] == nil)
            #expect(try await client.frame().closeCode == 1002)
            let refusal = try await running.admission.refusals.next()
            #expect(refusal.status == 101)
            #expect(refusal.identity == "CP1")
            #expect(running.listener.connectionCount == 0)
            try await client.send(bytes: RawClient.close(1002))
            #expect(try await client.closedByServer())
            #expect(running.admission.numberOfRefusals == 1)
        }
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var name: String
        var request: String
        var status: Int
        var headers: [String: String] = [:]
        var identity: String? = "CP1"
        var testDescription: String { name }
    }

    static let refusedRequests: [Refused] = [
        Refused(name: "other path", request: RawClient.handshake(target: "/other/CP1"), status: 404, identity: nil),
        Refused(name: "prefix only", request: RawClient.handshake(target: "/ocpp"), status: 404, identity: nil),
        Refused(name: "empty identity", request: RawClient.handshake(target: "/ocpp/"), status: 404, identity: nil),
        Refused(name: "bad escape", request: RawClient.handshake(target: "/ocpp/CP%2"), status: 404, identity: nil),
        Refused(
            name: "plain GET",
            request: "GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\n\r\n",
            status: 426,
            headers: ["upgrade": "websocket"]
        ),
        Refused(
            name: "POST with a body",
            request: "POST /ocpp/CP1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
            status: 426,
            headers: ["upgrade": "websocket"]
        ),
        Refused(
            name: "two requests at once",
            request: String(repeating: "GET /ocpp/CP1 HTTP/1.1\r\nHost: x\r\n\r\n", count: 2),
            status: 426
        ),
        Refused(
            name: "version 8",
            request: RawClient.handshake(without: ["Sec-WebSocket-Version"], adding: ["Sec-WebSocket-Version: 8"]),
            status: 426,
            headers: ["upgrade": "websocket", "sec-websocket-version": "13"]
        ),
        Refused(name: "no key", request: RawClient.handshake(without: ["Sec-WebSocket-Key"]), status: 400),
        Refused(
            name: "two keys", request: RawClient.handshake(adding: ["Sec-WebSocket-Key: aGVsbG8="]), status: 400),
        Refused(name: "no Connection: Upgrade", request: RawClient.handshake(without: ["Connection"]), status: 400),
        Refused(name: "HTTP/1.0", request: RawClient.handshake(version: "HTTP/1.0"), status: 400),
        Refused(name: "PUT", request: RawClient.handshake(method: "PUT"), status: 400),
        Refused(
            name: "a handshake with a body",
            request: RawClient.handshake(adding: ["Content-Length: 3"]) + "abc",
            status: 400
        ),
        Refused(name: "not HTTP", request: "\u{16}\u{3}\u{1}garbage\r\n\r\n", status: 400, identity: nil),
        Refused(name: "HTTP/2", request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 400, identity: nil),
        Refused(
            name: "17 KiB of headers",
            request: RawClient.handshake(adding: ["X: " + String(repeating: "x", count: 17 * 1024)]),
            status: 431,
            identity: nil
        ),
        Refused(
            name: "200 headers",
            request: RawClient.handshake(adding: (0..<200).map { "X\($0): y" }),
            status: 431,
            identity: nil
        ),
    ]

    @Test(arguments: refusedRequests)
    func `A request that is no handshake is refused with a reason, told once, and closed`(_ row: Refused) async throws {
        try await RunningListener.run { running in
            let (response, client) = try await running.exchange(row.request)
            #expect(response.status == row.status)
            for (name, value) in row.headers { #expect(response.headers[name] == value) }
            #expect(response.headers["connection"]?.hasPrefix("close") == true)
            #expect(!response.body.isEmpty)
            #expect(try await client.closedByServer(), "nothing behind the answer")
            let refusal = try await running.admission.refusals.next()
            #expect(refusal.status == row.status)
            #expect(refusal.identity?.text == row.identity)
            #expect(refusal.listener.name == "default")
            #expect(refusal.peer.description.hasPrefix("127.0.0.1:"))
            #expect(response.body == refusal.reason)
            try await client.close()
            #expect(running.admission.numberOfRefusals == 1)
            #expect(running.listener.connectionCount == 0)
        }
    }

    @Test
    func `A key of another length is taken, and answered as what it is`() async throws {
        try await RunningListener.run { running in
            let request = RawClient.handshake(
                without: ["Sec-WebSocket-Key"], adding: ["Sec-WebSocket-Key: aGVsbG8="])
            let (response, _) = try await running.exchange(request)
            #expect(response.status == 101)
            // SHA-1 of the key and RFC 6455's GUID, in base64.
            #expect(response.headers["sec-websocket-accept"] == "9MA2xe4VSbCMdRCYTqOtSsGpRTc=")
        }
    }

    @Test
    func `Raw UTF-8 in the path is the identity, in one read or byte by byte; other bytes are refused as no UTF-8`()
        async throws
    {
        try await RunningListener.run { running in
            let text = RawClient.handshake(target: "/ocpp//Säule-ü/")
            let (response, _) = try await running.exchange(text)
            #expect(response.status == 101)
            #expect(try await running.admission.sessions.next().handshake.identity == "Säule-ü")
            let slow = try await running.client()
            for byte in text.utf8 { try await slow.send(bytes: [byte]) }
            #expect(try await slow.response().status == 101)
            #expect(try await running.admission.sessions.next().handshake.identity == "Säule-ü")
            let client = try await running.client()
            let request = Array(RawClient.handshake(target: "/ocpp/CP@").utf8).map { $0 == 0x40 ? 0xFF : $0 }
            try await client.send(bytes: request)
            let refused = try await client.response()
            #expect(refused.status == 404 && refused.body == "the charge point identity is not UTF-8")
            #expect(try await running.admission.refusals.next().request?.path == "/ocpp/CP%FF")
        }
    }

    @Test
    func `A refusal tells the path without query, what was offered, and who said who it is`() async throws {
        try await RunningListener.run { running in
            let long = String(repeating: "x", count: 1000)
            let request = RawClient.handshake(
                target: "/other/\(long)?token=secret",
                adding: ["Sec-WebSocket-Protocol: mqtt, x", "Authorization: Basic Q1AxOnNlY3JldA=="])
            _ = try await running.exchange(request)
            let note = try #require(try await running.admission.refusals.next().request)
            #expect(note.path.hasPrefix("/other/xxx") && note.path.utf8.count == 203)
            #expect(note.offered == "mqtt, x")
            #expect(note.userName == "CP1")
        }
    }

    @Test
    func `TLS on a ws port is named`() async throws {
        try await RunningListener.run { running in
            let client = try await running.client()
            try await client.send(bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03])
            #expect(try await client.response().status == 400)
            let refusal = try await running.admission.refusals.next()
            #expect(refusal.reason.hasPrefix("TLS on a listener without it"))
        }
    }

    @Test
    func `HEAD gets the answer without a body`() async throws {
        try await RunningListener.run { running in
            let request = "HEAD /other HTTP/1.1\r\nHost: x\r\n\r\n"
            let (response, client) = try await running.exchange(request, hasBody: false)
            #expect(response.status == 404)
            #expect(response.headers["content-length"] != nil)
            #expect(try await client.closedByServer())
        }
    }

    @Test
    func `fail_if_no_subprotocol turns a missing or unsupported subprotocol into 400`() async throws {
        let configuration = RunningListener.configuration { $0.failIfNoSubprotocol = true }
        try await RunningListener.run(configuration) { running in
            for adding in [[], ["Sec-WebSocket-Protocol: mqtt"]] {
                let (response, _) = try await running.exchange(RawClient.handshake(adding: adding))
                #expect(response.status == 400)
            }
        }
    }

    @Test
    func `When the gateway refuses, a handshake gets 503 with Retry-After, and only once path and identity are right`()
        async throws
    {
        try await RunningListener.run { running in
            running.admission.refuseAll("the broker is unreachable")
            let (response, client) = try await running.exchange(RawClient.handshake())
            #expect(response.status == 503)
            #expect(response.headers["retry-after"] == "5")
            #expect(response.body == "the broker is unreachable")
            #expect(try await client.closedByServer())
            #expect(try await running.admission.refusals.next().identity == "CP1")
            let (other, _) = try await running.exchange(RawClient.handshake(target: "/other"))
            #expect(other.status == 404)
            // Limits come before the upgrade form.
            let (plain, _) = try await running.exchange("GET /ocpp/CP1 HTTP/1.1\r\n\r\n")
            #expect(plain.status == 503)
        }
    }

    @Test
    func `Over max_connections a handshake gets 503, and a place is free again when a connection has gone`()
        async throws
    {
        let configuration = RunningListener.configuration { $0.maxConnections = 1 }
        try await RunningListener.run(configuration) { running in
            // A refused handshake holds no place.
            let (malformed, _) = try await running.exchange(RawClient.handshake(without: ["Sec-WebSocket-Key"]))
            #expect(malformed.status == 400)
            let (first, session) = try await running.connected()
            let (response, _) = try await running.exchange(RawClient.handshake(target: "/ocpp/CP2"))
            #expect(response.status == 503)
            #expect(response.headers["retry-after"] == "5")
            try await first.close()
            #expect(
                try await session.events.next()
                    == .ended(ConnectionEnd(reason: .connectionLost, detail: "closed without a close frame")))
            let (again, _) = try await running.exchange(RawClient.handshake(target: "/ocpp/CP2"))
            #expect(again.status == 101)
        }
    }

    @Test
    func `Frames right behind the request reach the session, in whatever form the request asks for the upgrade`()
        async throws
    {
        let forms: [[String]] = [
            ["Connection: Upgrade"], ["Connection: keep-alive, Upgrade"],
            ["Connection: keep-alive", "Connection: upgrade"],
        ]
        try await RunningListener.run { running in
            for form in forms {
                let request = RawClient.handshake(without: ["Connection"], adding: form)
                let client = try await running.client()
                let frames = RawClient.text("one") + RawClient.frame(0x89, Array("p".utf8)) + RawClient.text("two")
                try await client.send(bytes: Array(request.utf8) + frames)
                #expect(try await client.response().status == 101)
                let session = try await running.admission.sessions.next()
                #expect(try await session.events.next() == .text("one"))
                #expect(try await session.events.next() == .text("two"))
                #expect(try await client.frame() == .pong("p"))
            }
        }
    }

    @Test
    func `A handshake may come byte by byte`() async throws {
        try await RunningListener.run { running in
            let client = try await running.client()
            for byte in Array(RawClient.handshake().utf8) + RawClient.text("hello") {
                try await client.send(bytes: [byte])
            }
            #expect(try await client.response().status == 101)
            let session = try await running.admission.sessions.next()
            #expect(try await session.events.next() == .text("hello"))
        }
    }

    @Test
    func `A handshake that is not complete in time is closed without an answer and told once`() async throws {
        let configuration = RunningListener.configuration { $0.handshakeTimeout = .milliseconds(100) }
        try await RunningListener.run(configuration) { running in
            let client = try await running.client()
            // On a slow machine the time may be over already.
            try? await client.send("GET /ocpp/CP1 HTTP/1.1\r\n")
            #expect(try await client.closedByServer())
            let refusal = try await running.admission.refusals.next()
            #expect(refusal.status == nil)
            #expect(refusal.reason == "handshake time-out")
            #expect(running.admission.numberOfRefusals == 1)
        }
    }

    @Test
    func `A connection that outlives the handshake time-out is left alone once it is upgraded`() async throws {
        let configuration = RunningListener.configuration { $0.handshakeTimeout = .seconds(12) }
        try await RunningListener.run(configuration) { running in
            let (client, session) = try await running.connected()
            // The timer fires after the handshake's, which was armed earlier for the same loop.
            _ = try await session.onLoop { $0.armTimer(at: .now() + .milliseconds(12_100)) }
            #expect(try await session.events.next() == .timer)
            try await client.send(bytes: RawClient.text("still here"))
            #expect(try await session.events.next() == .text("still here"))
        }
    }

    @Test
    func `A connection that goes in the middle of its request is told, one that never spoke is not`() async throws {
        try await RunningListener.run { running in
            let probe = try await running.client()
            try await probe.close()
            let client = try await running.client()
            let address = PeerAddress(client.channel.localAddress).description
            try await client.send("GET /ocpp/CP1 HT")
            try await client.close()
            let refusal = try await running.admission.refusals.next()
            #expect(refusal.status == nil)
            #expect(refusal.peer.description == address)
            #expect(running.admission.numberOfRefusals == 1)
        }
    }
}
