import NIOHTTP1
import Testing

@testable import WebSocketFrontEnd

@Suite("What a handshake request is answered with")
struct HandshakeDecisionTests {
    static let form: HTTPHeaders = [
        "Host": "x", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
    ]

    static func request(
        _ target: String = "/ocpp/CP1",
        _ change: (inout HTTPRequestHead) -> Void = { _ in }
    ) -> HTTPRequestHead {
        var request = HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: self.form)
        change(&request)
        return request
    }

    static func decide(
        _ request: HTTPRequestHead,
        limits: String? = nil,
        failIfNoSubprotocol: Bool = false
    ) -> HandshakeEnd {
        var configuration = ListenerConfiguration()
        configuration.supportedSubprotocols = ["ocpp1.6", "ocpp2.0.1"]
        configuration.failIfNoSubprotocol = failIfNoSubprotocol
        return HandshakeEnd(request, configuration) { limits }
    }

    @Test
    func `A well-formed handshake is accepted, whatever the case of names and tokens`() {
        let expected = HandshakeEnd.open("CP1", subprotocol: "ocpp1.6", announced: nil)
        #expect(Self.decide(Self.request()) == expected)
        let shouting = Self.request {
            $0.headers = [
                "UPGRADE": "h2c, WebSocket", "CONNECTION": "Keep-Alive, UPGRADE",
                "SEC-WEBSOCKET-KEY": "dGhlIHNhbXBsZSBub25jZQ==", "SEC-WEBSOCKET-VERSION": "13", "Content-Length": "0",
            ]
        }
        #expect(Self.decide(shouting) == expected)
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var status: UInt
        var change: @Sendable (inout HTTPRequestHead) -> Void
    }

    static let faults: [Fault] = [
        Fault(testDescription: "no Upgrade", status: 426) { $0.headers.remove(name: "Upgrade") },
        Fault(testDescription: "another Upgrade", status: 426) {
            $0.headers.replaceOrAdd(name: "Upgrade", value: "h2c")
        },
        Fault(testDescription: "HEAD without Upgrade", status: 426) {
            $0.method = .HEAD
            $0.headers.remove(name: "Upgrade")
        },
        Fault(testDescription: "no version", status: 426) { $0.headers.remove(name: "Sec-WebSocket-Version") },
        Fault(testDescription: "version 12", status: 426) {
            $0.headers.replaceOrAdd(name: "Sec-WebSocket-Version", value: "12")
        },
        Fault(testDescription: "two versions", status: 426) {
            $0.headers.add(name: "Sec-WebSocket-Version", value: "13")
        },
        Fault(testDescription: "no Connection", status: 400) { $0.headers.remove(name: "Connection") },
        Fault(testDescription: "Connection: keep-alive", status: 400) {
            $0.headers.replaceOrAdd(name: "Connection", value: "keep-alive")
        },
        Fault(testDescription: "HTTP/1.0", status: 400) { $0.version = .http1_0 },
        Fault(testDescription: "POST", status: 400) { $0.method = .POST },
        Fault(testDescription: "no key", status: 400) { $0.headers.remove(name: "Sec-WebSocket-Key") },
        Fault(testDescription: "two keys", status: 400) {
            $0.headers.add(name: "Sec-WebSocket-Key", value: "dGhlIHNhbXBsZSBub25jZQ==")
        },
        Fault(testDescription: "an empty key", status: 400) {
            $0.headers.replaceOrAdd(name: "Sec-WebSocket-Key", value: "")
        },
        Fault(testDescription: "a Kelvin sign in websocket", status: 426) {
            $0.headers.replaceOrAdd(name: "Upgrade", value: "webSoc\u{212A}et")
        },
        Fault(testDescription: "a body", status: 400) { $0.headers.add(name: "Content-Length", value: "1") },
        Fault(testDescription: "a chunked body", status: 400) {
            $0.headers.add(name: "Transfer-Encoding", value: "chunked")
        },
    ]

    @Test(arguments: faults)
    func `A request that is not in the form of a handshake gets 400 or 426`(_ fault: Fault) throws {
        let decision = Self.decide(Self.request("/ocpp/CP1", fault.change))
        guard case .refused(let answer) = decision else {
            Issue.record("accepted")
            return
        }
        #expect(answer.status.code == fault.status)
        #expect(answer.identity == "CP1")
        #expect(answer.headers.contains { $0.name == "Upgrade" } == (fault.status == 426))
    }

    @Test
    func `Path and identity are checked first, then the limits, then the upgrade form, then the subprotocol`() {
        let everythingWrong = Self.request("/other") { $0.headers = [:] }
        #expect(Self.decide(everythingWrong, limits: "full").status == 404)
        let badForm = Self.request("/ocpp/CP1") { $0.headers = ["Sec-WebSocket-Protocol": "mqtt"] }
        #expect(Self.decide(badForm, limits: "full").status == 503)
        #expect(Self.decide(badForm, failIfNoSubprotocol: true).status == 426)
        let badSubprotocol = Self.request { $0.headers.add(name: "Sec-WebSocket-Protocol", value: "mqtt") }
        #expect(Self.decide(badSubprotocol, failIfNoSubprotocol: true).status == 400)
        #expect(Self.decide(badSubprotocol).status == 101)
    }

    @Test
    func `The limits are not asked about a request to another path`() {
        var asked = 0
        let configuration = ListenerConfiguration()
        _ = HandshakeEnd(Self.request("/ocpp/"), configuration) {
            asked += 1
            return nil
        }
        #expect(asked == 0)
        _ = HandshakeEnd(Self.request(), configuration) {
            asked += 1
            return nil
        }
        #expect(asked == 1)
    }

    @Test(
        arguments: [
            (["ocpp2.0.1", "ocpp1.6"], .agreed("ocpp2.0.1")),
            (["ocpp3", "ocpp1.6"], .agreed("ocpp1.6")),
            (["OCPP1.6"], .unsupported),
            (["ocpp1.6 "], .unsupported),
            ([""], .assumed("ocpp1.6")),
            ([], .assumed("ocpp1.6")),
        ] as [([Substring], SubprotocolNegotiation)]
    )
    func `The first offered subprotocol that is supported is agreed, compared exactly`(
        offered: [Substring], expected: SubprotocolNegotiation
    ) {
        let negotiation = SubprotocolNegotiation(
            offered: offered,
            supported: ["ocpp1.6", "ocpp2.0.1"],
            failIfNoSubprotocol: false
        )
        #expect(negotiation == expected)
    }
}
