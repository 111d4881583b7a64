import NIOHTTP1
import Testing

@testable import WebSocketFrontEnd

@Suite("The Origin header of a handshake")
struct OriginTests {
    private static func status(
        _ origins: [String], allowed: [String] = ["https://Console.Example"], allowsAbsence: Bool = true,
        limits: String? = nil, change: (inout HTTPRequestHead) -> Void = { _ in }
    ) -> UInt {
        var configuration = ListenerConfiguration()
        configuration.failIfNoSubprotocol = true
        configuration.origins = OriginRules(allowed: allowed, allowsAbsence: allowsAbsence)
        let request = HandshakeDecisionTests.request {
            for origin in origins { $0.headers.add(name: "Origin", value: origin) }
            $0.headers.add(name: "Sec-WebSocket-Protocol", value: "ocpp1.6")
            change(&$0)
        }
        return HandshakeEnd(request, configuration) { limits }.status
    }

    @Test
    func `An allowed origin passes whatever its case, any other gets 403`() {
        #expect(Self.status(["https://console.example"]) == 101)
        #expect(Self.status(["HTTPS://CONSOLE.EXAMPLE"]) == 101)
        for other in [
            "http://console.example", "https://console.example:8443", "https://console.example.evil", "null", "",
            "https://console.example/", "https://console.example https://evil.example",
            "https://console.example\u{301}",
        ] {
            #expect(Self.status([other]) == 403, "\(other)")
        }
        #expect(Self.status(["https://console.example", "https://evil.example"]) == 403)
        #expect(Self.status(["https://console.example"], allowed: []) == 403)
    }

    @Test
    func `A request without an Origin passes unless absence is not allowed`() {
        #expect(Self.status([]) == 101)
        #expect(Self.status([], allowsAbsence: false) == 403)
    }

    @Test
    func `Without the check every origin passes`() {
        let request = HandshakeDecisionTests.request { $0.headers.add(name: "Origin", value: "https://evil.example") }
        #expect(HandshakeDecisionTests.decide(request).status == 101)
    }

    @Test
    func `The origin is checked after path, limits and upgrade form, and before the subprotocol`() {
        let evil = ["https://evil.example"]
        #expect(Self.status(evil, limits: "full") == 503)
        #expect(Self.status(evil) { $0.uri = "/other" } == 404)
        #expect(Self.status(evil) { $0.headers.remove(name: "Upgrade") } == 426)
        #expect(Self.status(evil) { $0.headers.remove(name: "Sec-WebSocket-Protocol") } == 403)
        #expect(Self.status([]) { $0.headers.remove(name: "Sec-WebSocket-Protocol") } == 400)
    }
}
