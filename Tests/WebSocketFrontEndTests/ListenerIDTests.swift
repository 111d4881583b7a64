import NIOCore
import Testing

@testable import WebSocketFrontEnd

@Suite("Names of listeners, and what is counted by them")
struct ListenerIDTests {
    @Test
    func `A listener is called by its scheme and name towards operators, and shorter in the log`() {
        var configuration = ListenerConfiguration(name: "default")
        #expect(configuration.id.description == "ocpp:ws:default" && configuration.id.shortName == "default")
        configuration.name = "wss:default"
        configuration.tls = TLSOptions(certificateFile: "c.pem", keyFile: "k.pem")
        #expect(configuration.id.description == "ocpp:wss:default" && configuration.id.shortName == "wss:default")
    }

    @Test(
        arguments: [
            "", "ocpp", "ocpp:ws", "ocpp:ws:", "ocpp:tcp:default", "mqtt:ws:default", "ocpp:ws:a:b", "ocpp:ws:a b",
            "ocpp:ws:d\u{e9}faut", " ocpp:ws:default", "OCPP:ws:default",
        ])
    func `What is not in the form of a listener's id is none`(text: String) {
        #expect(ListenerID(text) == nil)
    }

    @Test
    func `An id is read as it is written`() {
        for id in [ListenerID(scheme: .ws, name: "default"), ListenerID(scheme: .wss, name: "site-2")] {
            #expect(ListenerID("\(id)") == id)
        }
    }

    @Test
    func `Each answer has a count of its own, and one without an answer too`() {
        let statuses = [101, 400, 401, 403, 404, 426, 431, 503]
        #expect(statuses.map { FrontEndCount(status: $0).status } == statuses.map(String.init))
        #expect(FrontEndCount(status: nil).status == "none")
        #expect(Set(FrontEndCount.allCases.map(\.status)).count == FrontEndCount.allCases.count)
    }

    @Test(
        arguments: [
            ("192.0.2.7", 5123, "192.0.2.7:5123"), ("2001:db8::7", 5123, "[2001:db8::7]:5123"),
            ("192.0.2.7", nil, "192.0.2.7"), ("2001:db8::7", nil, "2001:db8::7"),
        ] as [(String, Int?, String)])
    func `An address without a port stands alone`(host: String, port: Int?, text: String) throws {
        let peer = PeerAddress(host: host, port: port.map { UInt16($0) })
        #expect(peer.description == text)
        if let port { #expect(PeerAddress(try SocketAddress(ipAddress: host, port: port)) == peer) }
    }
}
