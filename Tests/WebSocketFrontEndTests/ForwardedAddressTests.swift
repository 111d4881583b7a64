import NIOCore
import NIOHTTP1
import Testing

@testable import WebSocketFrontEnd

@Suite("The address that HTTP proxies tell")
struct ForwardedAddressTests {
    private static func address(
        _ headers: [(String, String)], peer: String = "10.0.0.1", trusted: [String] = ["10.0.0.0/8"]
    ) throws -> String? {
        let forwarded = ForwardedAddress(trustedProxies: trusted.compactMap { IPAddressRange($0) })
        return forwarded.address(in: HTTPHeaders(headers), peer: try SocketAddress(ipAddress: peer, port: 5000))?
            .description
    }

    @Test
    func `Nobody's headers are believed by default, and a stranger's never`() throws {
        let headers = [("X-Forwarded-For", "192.0.2.7")]
        #expect(try Self.address(headers, trusted: []) == nil)
        #expect(try Self.address(headers, peer: "203.0.113.1") == nil)
        #expect(try Self.address(headers) == "192.0.2.7")
        #expect(try Self.address([]) == nil)
    }

    @Test(
        arguments: [
            ("192.0.2.7", "192.0.2.7"),
            ("198.51.100.1, 192.0.2.7", "192.0.2.7"),
            ("192.0.2.7, 10.1.1.1", "192.0.2.7"),
            ("198.51.100.1, 192.0.2.7,10.1.1.1 , 10.2.2.2", "192.0.2.7"),
            // All are proxies: the first of them.
            ("10.3.3.3, 10.1.1.1", "10.3.3.3"),
            // What a proxy could not name ends the chain.
            ("192.0.2.7, unknown, 10.1.1.1", "10.1.1.1"),
            ("192.0.2.7, , 10.1.1.1", "10.1.1.1"),
            ("192.0.2.7:5123", "192.0.2.7:5123"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:5123", "[2001:db8::7]:5123"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
        ]
    )
    func `The rightmost address that is no trusted proxy's counts`(value: String, expected: String) throws {
        #expect(try Self.address([("x-forwarded-for", value)]) == expected)
    }

    @Test(
        arguments: [
            "", "unknown", "192.0.2.7:", "192.0.2.7:0", "192.0.2.7:70000", "[192.0.2.7]", "[::1", "<script>", ",",
        ]
    )
    func `What is no address is not taken for one`(value: String) throws {
        #expect(try Self.address([("x-forwarded-for", value)]) == nil)
    }

    @Test
    func `Several headers are one list, in their order`() throws {
        let headers = [("X-Forwarded-For", "198.51.100.1"), ("x-forwarded-for", "192.0.2.7, 10.1.1.1")]
        #expect(try Self.address(headers) == "192.0.2.7")
    }

    @Test
    func `A port is taken where it belongs to the address, and only then`() throws {
        let one = [("x-forwarded-for", "192.0.2.7"), ("x-forwarded-port", "5123")]
        #expect(try Self.address(one) == "192.0.2.7:5123")
        let each = [("x-forwarded-for", "192.0.2.7, 10.1.1.1"), ("x-forwarded-port", "5123, 80")]
        #expect(try Self.address(each) == "192.0.2.7:5123")
        let nearest = [("x-forwarded-for", "198.51.100.1, 192.0.2.7"), ("x-forwarded-port", "5123")]
        #expect(try Self.address(nearest) == "192.0.2.7:5123")
        let others = [("x-forwarded-for", "192.0.2.7, 10.1.1.1"), ("x-forwarded-port", "443")]
        #expect(try Self.address(others) == "192.0.2.7")
        for bad in ["0", "70000", "x", "-1", ""] {
            #expect(try Self.address([("x-forwarded-for", "192.0.2.7"), ("x-forwarded-port", bad)]) == "192.0.2.7")
        }
    }

    @Test
    func `Over a socket, the address of an accepted and of a refused handshake is the forwarded one`() async throws {
        let loopback = try #require(IPAddressRange("127.0.0.1"))
        let configuration = RunningListener.configuration { $0.forwardedAddress.trustedProxies = [loopback] }
        try await RunningListener.run(configuration) { running in
            let header = "X-Forwarded-For: 192.0.2.7"
            _ = try await running.exchange(RawClient.handshake(adding: [header]))
            #expect(try await running.admission.sessions.next().handshake.peer.description == "192.0.2.7")
            _ = try await running.exchange(RawClient.handshake(target: "/other", adding: [header]))
            #expect(try await running.admission.refusals.next().peer.description == "192.0.2.7")
        }
    }
}
