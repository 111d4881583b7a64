import NIOCore
import TestSupport
import Testing

/// behaviour.md, "Liveness": whoever does not complete a handshake or takes nothing is closed by its time-out. Meanwhile
/// memory is bounded and the others are served.
@Suite struct HostileClientTests {
    private static let settings = [
        "IDLE_TIMEOUT": "5s", "LISTENERS_WS_DEFAULT_MAX_CONN_RATE": "100000",
        "LISTENERS_WS_DEFAULT_TCP_OPTIONS_SEND_TIMEOUT": "1s",
    ]
    private static let request =
        "GET /ocpp/CP-9 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

    /// - Parameter growth: Bytes of memory that all of them together may cost, at their worst.
    private static func expectServed(
        _ site: Site, growth: Int, while attack: () async throws -> HostilePeers
    ) async throws {
        let bystander = try await site.connectReady("CP-1")
        let memory = site.gateway.child.residentBytes
        let descriptors = site.gateway.child.openDescriptors
        var worst = 0
        let peers = try await attack()
        repeat {
            #expect(OCPPText(try await bystander.call("Heartbeat")).type == 3)
            worst = max(worst, site.gateway.child.residentBytes - memory)
        } while peers.openCount > 0 && worst <= growth
        #expect(worst <= growth, "memory grew by \(worst) bytes")
        try await peers.closedByGateway()
        try await eventually("the gateway's descriptors are what they were") {
            site.gateway.child.openDescriptors <= descriptors + 2
        }
        let newcomer = try await site.connectReady("CP-2")
        #expect(newcomer.isOpen && bystander.isOpen)
    }

    @Test func `Five thousand connections that say nothing are closed and cost little`() async throws {
        // Long enough for all of them to be there at once.
        try await withSite(Self.settings, weight: Slots.all) { site in
            try await Self.expectServed(site, growth: 5000 * 16 * 1024) {
                try await HostilePeers.connect(5000, port: site.port)
            }
        }
    }

    @Test func `Half handshakes are closed`() async throws {
        try await withSite(Self.settings, weight: Slots.all) { site in
            try await Self.expectServed(site, growth: 1000 * 32 * 1024) {
                try await HostilePeers.connect(1000, port: site.port) { channel in
                    channel.writeAndFlush(ByteBuffer(string: Self.request), promise: nil)
                }
            }
        }
    }

    @Test func `A byte now and then does not hold a handshake open`() async throws {
        try await withSite(Self.settings, weight: Slots.all) { site in
            // A byte a second, with all clocks ten times as fast: a whole handshake takes 20 s.
            try await Self.expectServed(site, growth: 300 * 64 * 1024) {
                let slow = HostilePeers.trickle(Self.request + "\r\n", every: .milliseconds(100))
                return try await HostilePeers.connect(300, port: site.port, slow)
            }
            #expect(!site.gateway.logLines.contains { $0.mentions("CP-9") && $0.mentions("subprotocol") })
        }
    }

    @Test(arguments: ["X-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", "X: a\r\n", "a", "\r\n"])
    func `Headers without end are cut off`(padding: String) async throws {
        try await withSite(Self.settings, weight: Slots.all) { site in
            try await Self.expectServed(site, growth: 100 * 256 * 1024) {
                let beginning = padding == "\r\n" ? "" : Self.request + (padding == "a" ? "X: " : "")
                let flood = HostilePeers.flood(beginning, then: Array(padding.utf8))
                return try await HostilePeers.connect(100, port: site.port, flood)
            }
        }
    }

    @Test func `A refused peer that goes on sending is closed`() async throws {
        try await withSite(Self.settings, weight: Slots.all) { site in
            try await Self.expectServed(site, growth: 100 * 256 * 1024) {
                let flood = HostilePeers.flood("GET /other HTTP/1.1\r\nHost: x\r\n\r\n", then: Array("more".utf8))
                return try await HostilePeers.connect(100, port: site.port, flood)
            }
        }
    }

    /// They do not see that they are closed; the log does.
    @Test func `Charge points that never read are closed`() async throws {
        let (count, commands) = (4, 20)
        let more = Self.settings.merging(["DNSTREAM_CALL_TIMEOUT": "10ms"]) { $1 }
        try await withSite(more, weight: Slots.all) { site in
            let bystander = try await site.connectReady("CP-1")
            let memory = site.gateway.child.residentBytes
            let number = Counter()
            let peers = try await HostilePeers.connect(count, port: site.port, autoRead: false) { channel in
                let request = Self.request.replacing("CP-9", with: "SILENT-\(number.next())") + "\r\n"
                channel.writeAndFlush(ByteBuffer(string: request), promise: nil)
            }
            try await eventually("the sessions") {
                site.gateway.logLines.count { $0.message == "charge point connected" } == count + 1
            }
            // More than the kernel takes for a peer that reads nothing.
            let payload = #"{"data":"\#(String(repeating: "x", count: 400_000))"}"#
            for command in 1...commands {
                for index in 1...count {
                    try await site.central.sendCall("DataTransfer", payload, id: "c\(command)", to: "SILENT-\(index)")
                }
                #expect(OCPPText(try await bystander.call("Heartbeat")).type == 3)
            }
            try await eventually("the end of their sessions") {
                // By how much the kernel takes of it, one or the other bound is met first.
                site.gateway.logLines.count {
                    $0.fields["reason"] == "send_timeout" || $0.fields["reason"] == "send_queue_full"
                } == count
            }
            let growth = site.gateway.child.residentBytes - memory
            #expect(growth <= 2 * count * commands * payload.utf8.count, "memory grew by \(growth) bytes")
            #expect(OCPPText(try await bystander.call("Heartbeat")).type == 3)
            await peers.closeAll()
        }
    }
}
