import BrokerLink
import Testing

@testable import Gateway

@Suite("Configuration: broker.url")
struct BrokerURLTests {
    @Test
    func `A list is tried in turn, with the default ports, IPv6 in brackets and percent-encoded credentials`() throws {
        let url = try BrokerURL("mqtt://g%40w:a%3Ab%25%2C@h1, MQTTS://h2/,mqtt://[::1]:1,mqtts://[fe80::1]")
        #expect(
            url.addresses == [
                .init(host: "h1", port: 1883), .init(host: "h2", port: 8883, usesTLS: true),
                .init(host: "::1", port: 1), .init(host: "fe80::1", port: 8883, usesTLS: true),
            ])
        #expect(url.username == "g@w")
        #expect(url.password == "a:b%,")
        #expect(url.withoutPassword == "mqtt://g%40w@h1:1883,mqtts://h2:8883,mqtt://[::1]:1,mqtts://[fe80::1]:8883")
    }

    @Test
    func `A user may have no password, and an empty one`() throws {
        #expect(try BrokerURL("mqtt://u@h").password == nil)
        #expect(try BrokerURL("mqtt://u:@h").password?.isEmpty == true)
        #expect(throws: BrokerURL.Flaw.self) { try BrokerURL("mqtt://:p@h") }
        #expect(throws: BrokerURL.Flaw.self) { try BrokerURL("mqtt://u%00:p@h") }
        #expect(throws: BrokerURL.Flaw.self) { try BrokerURL("mqtt://u%ff:p@h") }
    }
}
