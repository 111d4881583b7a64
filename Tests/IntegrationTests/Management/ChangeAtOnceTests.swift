import NIOCore
import TestSupport
import Testing

/// management.md, "Configuration at run time", the row "at once": what one key after the other does to those who are
/// there already. Before the change each is so that a test would wait for it in vain.
@Suite struct ChangeAtOnceTests {
    private static let file = """
        listeners.ws.default.bind: 127.0.0.1:0
        upstream.answer_timeout: 10m
        dnstream.call_timeout: 10m
        limits.bad_messages: 0
        default_heartbeat_interval: 1h
        heartbeat_checking_times_backoff: 1000
        idle_timeout: 10m
        enable_stats: false

        """

    private func withLargeLimits(
        _ settings: [String: String] = [:], _ body: @escaping @Sendable (ManagedSite) async throws -> Void
    ) async throws {
        let data = try DataFolder()
        try data.write(Self.file, to: "gateway.yaml")
        let own = ["CONFIG_FILE": data.path("gateway.yaml"), "LISTENERS_WS_DEFAULT_BIND": GatewayProcess.unsaid]
        try await withManagedSite(own.merging(settings) { $1 }) { managed in
            try await body(managed)
            // The file is there for as long as the gateway is.
            withExtendedLifetime(data) {}
        }
    }

    private func change(_ changes: String, _ managed: ManagedSite) async throws {
        try await managed.management.change("PUT", "/api/v5/configs", "{\(changes)}", gives: 200)
        // It counts from the next turn of a session's event loop on; whoever asks about the session waits for that.
        _ = try await managed.viewer.get("./clients/CP-1")
    }

    @Test func `Time-outs and bounds of CALLs count for the next one of a session that is there`() async throws {
        try await withLargeLimits { managed in
            let chargePoint = try await managed.site.connectReady()
            managed.central.onCall { _ in .none }
            try await change(#""upstream.answer_timeout":"100ms""#, managed)
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).errorCode == "InternalError")

            try await change(#""upstream.answer_timeout":"10m","upstream.max_open_calls":1"#, managed)
            for id in ["a", "b"] { try await chargePoint.send(text: #"[2,"\#(id)","Heartbeat",{}]"#) }
            let open = try await managed.central.upstreamCall("Heartbeat", id: "a", of: "CP-1")
            // What is read behind the second is answered, and so that has been read.
            try await chargePoint.send(WebSocketFrame(.ping, Array("behind".utf8)))
            _ = try await chargePoint.texts.first("the pong") { $0 == "(opcode 10) behind" }
            #expect(!managed.central.received.all.contains { $0.uniqueID == "b" })
            managed.central.answer(open, of: "CP-1", with: CentralSystem.plainAnswer(open))
            _ = try await managed.central.upstreamCall("Heartbeat", id: "b", of: "CP-1")

            try await change(#""dnstream.call_timeout":"100ms""#, managed)
            #expect(try await managed.central.call("ClearCache", to: "CP-1").reason == "call_timeout")
            try await change(#""dnstream.call_timeout":"10m","limits.memory":"64KB""#, managed)
            // One is on its way; another one as long as this is more than a session may hold now.
            try await managed.central.sendCall("ClearCache", id: "on its way", to: "CP-1")
            let long = #"{"vendorId":"V","data":"\#(String(repeating: "x", count: 30_000))"}"#
            #expect(try await managed.central.call("DataTransfer", long, to: "CP-1").reason == "queue_full")
        }
    }

    @Test func `Limits of messages count for the next one of a session that is there`() async throws {
        try await withLargeLimits { managed in
            let chargePoint = try await managed.site.connectReady()
            try await change(#""limits.messages_per_second":2"#, managed)
            let begin = ContinuousClock.now
            for _ in 1...6 { _ = try await chargePoint.call("Heartbeat") }
            // Two are free, the others come at two a second.
            #expect(ContinuousClock.now - begin > .milliseconds(1900))
            try await change(#""limits.messages_per_second":0,"limits.bad_messages":1"#, managed)
            for _ in 1...2 { try? await chargePoint.send(text: "[]") }
            #expect(try await chargePoint.closing().code == 1008)
        }
    }

    /// - Parameters:
    ///   - first: so that the second is what counts.
    @Test(arguments: [
        (#""heartbeat_checking_times_backoff":0"#, #""default_heartbeat_interval":"1s""#),
        (#""default_heartbeat_interval":"1s""#, #""heartbeat_checking_times_backoff":0"#),
    ])
    func `The allowed silence is another one for a session that is there`(first: String, second: String) async throws {
        try await withLargeLimits(["LISTENERS_WS_DEFAULT_WEBSOCKET_PING_INTERVAL": "200ms"]) { managed in
            try await change(first, managed)
            let chargePoint = try await managed.site.connectReady(answeredPings: 1)
            // It has answered one, and is silent.
            for number in 1...10 { _ = try await chargePoint.pings.take("ping \(number)") }
            #expect(chargePoint.isOpen)
            try await change(second, managed)
            #expect(try await chargePoint.closing().code == 1001)
        }
    }

    @Test func `The time for a handshake counts for who comes next, and statistics begin and end`() async throws {
        try await withLargeLimits(["STATS_INTERVAL": "100ms"]) { managed in
            try await change(#""idle_timeout":"200ms""#, managed)
            let half = try await HostilePeers.connect(1, port: managed.site.port) { channel in
                channel.writeAndFlush(ByteBuffer(string: "GET /ocpp/CP-9 HTTP/1.1\r\n"), promise: nil)
            }
            try await half.closedByGateway()
            #expect(!managed.gateway.logLines.contains { $0.message == "statistics" })
            try await change(#""enable_stats":true"#, managed)
            try await managed.gateway.log("statistics") { $0.message == "statistics" }
            try await change(#""enable_stats":false"#, managed)
            let lines = { managed.gateway.logLines.count { $0.message == "statistics" } }
            let before = lines()
            // A slow machine needs its time for a handshake.
            try await change(#""idle_timeout":"10m""#, managed)
            // Something to tell of, and by the gateway's own clock ten intervals to tell it in.
            var settings = ChargePointClient.Settings()
            settings.answeredPings = 0
            try await change(#""listeners.ws.default.websocket.ping_interval":"250ms""#, managed)
            let chargePoint = try await ChargePointClient.connect(
                port: managed.site.port, identity: "CP-1", settings: settings)
            for number in 1...5 { _ = try await chargePoint.pings.take("ping \(number)") }
            // One may have been under way.
            #expect(lines() <= before + 1)
        }
    }
}
