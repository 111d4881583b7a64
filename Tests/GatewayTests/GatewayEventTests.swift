import ChargePointSessions
import Management
import NIOCore
import NIOPosix
import OutsideNames
import Synchronization
import Testing
import WebSocketFrontEnd

@testable import Gateway

/// management.md, "Events and traces".
@Suite("Management: events")
struct GatewayEventTests {
    private final class Heard: Sendable {
        private let list = Mutex<[GatewayEvent]>([])

        func hear(_ event: GatewayEvent) { list.withLock { $0.append(event) } }
        var events: [GatewayEvent] { list.withLock { $0 } }
    }

    private func content(_ event: GatewayEvent) throws -> JSON {
        guard case .verbatim(let text) = event.content else { return event.content }
        return try JSON(reading: text)
    }

    @Test func `Whoever watches hears of sessions that begin and end, until they watch no more`() async throws {
        let events = GatewayEvents()
        let heard = Heard()
        let (registry, loop) = (SessionRegistry(), MultiThreadedEventLoopGroup.singleton.next())
        func connect(_ identity: ChargePointIdentity) async throws -> ChargePointSession {
            try await StandInSession.connect(identity, to: registry, events: events, on: loop)
        }
        _ = try await connect("CP0")
        #expect(!events.isListening)
        let number = events.add { heard.hear($0) }
        let session = try await connect("CP1")
        try await loop.submit { session.assumeIsolated { $0.end(.kicked) } }.get()
        events.remove(number)
        _ = try await connect("CP2")
        #expect(heard.events.map(\.kind) == [.connected, .disconnected])
        #expect(heard.events.allSatisfy { $0.identity == "CP1" })
        let last = try content(#require(heard.events.last))
        #expect(last["cid"] == "CP1" && last["reason"] == "kicked" && last["event"] == "disconnected")
    }

    @Test func `What was not delivered is told with its charge point, whatever that is called`() throws {
        let events = GatewayEvents()
        let heard = Heard()
        _ = events.add { heard.hear($0) }
        let identity: ChargePointIdentity = "a\"b\\"
        events.occurred(.report(identity: identity, payload: ByteBuffer(string: #"{"UniqueId":"1"}"#)))
        let event = try #require(heard.events.first)
        let report = try content(event)
        #expect(event.kind == .report && event.identity == identity)
        #expect(report["clientid"]?.string == identity.text && report["UniqueId"] == "1")
        #expect(report["time"]?.string.flatMap { Timestamp($0) } != nil)
    }

    @Test func `A refused handshake is told with its reason, and one that stands for a flood with their number`() throws
    {
        let events = GatewayEvents()
        let heard = Heard()
        _ = events.add { heard.hear($0) }
        let listener = WebSocketFrontEnd.ListenerID(scheme: .wss, name: "default")
        let peer = PeerAddress(host: "203.0.113.7", port: 5123)
        events.handshakeRefused(
            HandshakeRefusal(listener: listener, peer: peer, identity: "CP1", status: 401, reason: "wrong password"))
        events.handshakeRefused(
            HandshakeRefusal(listener: listener, peer: peer, identity: nil, status: nil, reason: "no HTTP", count: 40))
        let told = try heard.events.map(content)
        #expect(heard.events.map(\.identity) == ["CP1", nil])
        #expect(told[0]["clientid"] == "CP1" && told[0]["status"] == 401 && told[0]["ip_address"] == "203.0.113.7")
        #expect(told[0]["listener"] == "ocpp:wss:default" && told[0]["reason"] == "wrong password")
        #expect(told[0]["count"] == nil)
        #expect(told[1]["clientid"] == .null && told[1]["status"] == .null && told[1]["count"] == 40)
    }

    @Test func `The broker's coming and going is told`() throws {
        let events = GatewayEvents()
        let heard = Heard()
        _ = events.add { heard.hear($0) }
        events.brokerLinkChanged(connection: 1, isUp: true)
        events.brokerLinkChanged(connection: 1, isUp: false)
        #expect(heard.events.map(\.content["status"]) == ["up", "down"])
        #expect(heard.events.map(\.content["connection"]) == [1, 1])
    }
}
