import NIOCore
import Testing

/// behaviour.md, "Liveness".
@Suite struct LivenessTests {
    @Test func `Silence beyond the allowed closes the connection`() async throws {
        try await withSite(["DEFAULT_HEARTBEAT_INTERVAL": "1s"]) { site in
            let begin = ContinuousClock.now
            let chargePoint = try await site.connect(answeredPings: 1)
            let closing = try await chargePoint.closing()
            #expect(ContinuousClock.now - begin > .milliseconds(1900), "1 s × (1 + 1) are allowed")
            #expect(closing.code == 1001)
            #expect(!chargePoint.pings.all.isEmpty, "it was never asked")
            try await site.gateway.log("keepalive_timeout") { $0.mentions("keepalive_timeout", "CP-1") }
        }
    }

    @Test func `The backoff lengthens the allowed silence`() async throws {
        let settings = ["DEFAULT_HEARTBEAT_INTERVAL": "1s", "HEARTBEAT_CHECKING_TIMES_BACKOFF": "3"]
        try await withSite(settings) { site in
            let begin = ContinuousClock.now
            let chargePoint = try await site.connect(answeredPings: 1)
            _ = try await chargePoint.closing()
            #expect(ContinuousClock.now - begin > .milliseconds(3900), "1 s × (3 + 1) are allowed")
        }
    }

    @Test func `A charge point that answers pings is never cut off`() async throws {
        // Seven seconds are allowed: longer than a busy machine stands still.
        let settings = ["DEFAULT_HEARTBEAT_INTERVAL": "1s", "HEARTBEAT_CHECKING_TIMES_BACKOFF": "6"]
        try await withSite(settings) { site in
            let begin = ContinuousClock.now
            let chargePoint = try await site.connectReady()
            for number in 1...16 {
                _ = try await chargePoint.pings.take("ping \(number)")
            }
            #expect(ContinuousClock.now - begin > .seconds(7), "pings come after half the interval in silence")
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
        }
    }

    @Test func `One that has never answered a ping stays as long as its TCP acknowledges them`() async throws {
        try await withSite(["DEFAULT_HEARTBEAT_INTERVAL": "1s"]) { site in
            let begin = ContinuousClock.now
            let chargePoint = try await site.connectReady(answeredPings: 0)
            for number in 1...12 {
                _ = try await chargePoint.pings.take("ping \(number)")
            }
            #expect(ContinuousClock.now - begin > .seconds(5), "2 s of silence would be allowed")
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
        }
    }

    @Test func `One that has never answered a ping is closed when its TCP takes nothing`() async throws {
        let settings = [
            "DEFAULT_HEARTBEAT_INTERVAL": "1s", "LISTENERS_WS_DEFAULT_TCP_OPTIONS_SEND_TIMEOUT": "10m",
            "LISTENERS_WS_DEFAULT_WEBSOCKET_MAX_FRAME_SIZE": "4MB",
        ]
        try await withSite(settings) { site in
            // More than the peer's TCP takes without a reader, less than may wait for a slow one.
            let long = #"{"data":"\#(String(repeating: "x", count: 900_000))"}"#
            site.central.onCall { _ in .result(long) }
            let chargePoint = try await site.connect(answeredPings: 0)
            try await chargePoint.stopReading()
            for number in 1...3 {
                try await chargePoint.send(text: #"[2,"h\#(number)","DataTransfer",{}]"#)
            }
            try await site.gateway.log("the end of the session") {
                $0.message == "charge point disconnected" && $0.mentions("CP-1", "keepalive_timeout")
            }
        }
    }

    @Test func `An accepted change configuration of the heartbeat interval counts`() async throws {
        try await withSite { site in
            let chargePoint = try await site.connectReady(answeredPings: 1)
            chargePoint.acceptEveryCall()
            let change = #"{"key":"HeartbeatInterval","value":"1"}"#
            #expect(try await site.central.call("ChangeConfiguration", change, to: "CP-1").type == 3)
            #expect(try await chargePoint.closing().code == 1001)
        }
    }

    @Test func `Messages alone keep a charge point that answers no pings`() async throws {
        // Eight seconds are allowed after the one pong; pings are a second apart or more by the gateway's own clock.
        let settings = [
            "DEFAULT_HEARTBEAT_INTERVAL": "4s", "LISTENERS_WS_DEFAULT_WEBSOCKET_PING_INTERVAL": "1s",
        ]
        try await withSite(settings) { site in
            let chargePoint = try await site.connectReady(answeredPings: 1)
            for number in 1...11 {
                _ = try await chargePoint.pings.take("ping \(number)")
                _ = try await chargePoint.call("Heartbeat")
            }
            #expect(chargePoint.isOpen)
        }
    }

    @Test func `The ping interval can be set`() async throws {
        try await withSite(["LISTENERS_WS_DEFAULT_WEBSOCKET_PING_INTERVAL": "200ms"]) { site in
            let chargePoint = try await site.connectReady()
            for number in 1...3 {
                _ = try await chargePoint.pings.take("ping \(number)", within: .seconds(20))
            }
        }
    }

    @Test func `The interval of an accepted Boot notification counts`() async throws {
        try await withSite { site in
            site.central.onCall { _ in
                .result(#"{"status":"Accepted","currentTime":"2026-01-01T00:00:00Z","interval":1}"#)
            }
            let chargePoint = try await site.connect(answeredPings: 1)
            let begin = ContinuousClock.now
            _ = try await chargePoint.call("BootNotification")
            #expect(try await chargePoint.closing().code == 1001)
            #expect(ContinuousClock.now - begin > .milliseconds(1900))
        }
    }

    @Test func `A longer interval of an accepted Boot notification counts`() async throws {
        // Without the answer's 300 s six seconds of silence would be allowed after the one pong; that is a dozen pings.
        let settings = [
            "DEFAULT_HEARTBEAT_INTERVAL": "3s", "LISTENERS_WS_DEFAULT_WEBSOCKET_PING_INTERVAL": "500ms",
        ]
        try await withSite(settings) { site in
            let chargePoint = try await site.connect(answeredPings: 1)
            _ = try await chargePoint.call("BootNotification")
            for number in 1...18 {
                _ = try await chargePoint.pings.take("ping \(number)")
            }
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
        }
    }

    @Test(arguments: [
        #"{"status":"Rejected","currentTime":"2026-01-01T00:00:00Z","interval":300}"#,
        #"{"status":"Pending","currentTime":"2026-01-01T00:00:00Z","interval":300}"#,
        #"{"status":"Accepted","currentTime":"2026-01-01T00:00:00Z","interval":0}"#,
        #"{"status":"Accepted","currentTime":"2026-01-01T00:00:00Z","interval":-5}"#,
        #"{"status":"Accepted","currentTime":"2026-01-01T00:00:00Z","interval":"300"}"#,
        #"{"status":"Accepted","currentTime":"2026-01-01T00:00:00Z"}"#,
    ])
    func `Any other Boot notification answer changes nothing`(answer: String) async throws {
        try await withSite(["DEFAULT_HEARTBEAT_INTERVAL": "3s"]) { site in
            site.central.onCall { _ in .result(answer) }
            let chargePoint = try await site.connect(answeredPings: 1)
            _ = try await chargePoint.call("BootNotification")
            #expect(try await chargePoint.closing().code == 1001)
        }
    }
}
