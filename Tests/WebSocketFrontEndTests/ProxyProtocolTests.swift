import Authentication
import NIOCore
import Testing

@testable import WebSocketFrontEnd

@Suite("A listener behind a proxy that sends PROXY headers", .timeLimit(.minutes(2)))
struct ProxyProtocolTests {
    private static func configuration(
        _ change: (inout ListenerConfiguration) -> Void = { _ in }
    ) -> ListenerConfiguration {
        RunningListener.configuration {
            $0.expectsProxyHeader = true
            $0.proxyProtocolTimeout = .minutes(2)
            $0.handshakeTimeout = .minutes(2)
            change(&$0)
        }
    }

    private static let version1 = Array("PROXY TCP4 192.0.2.7 198.51.100.1 5123 443\r\n".utf8)

    @Test(arguments: [1, 2])
    func `The charge point's address is that of the header, however the bytes come`(version: Int) async throws {
        let header =
            version == 1
            ? Self.version1 : ProxyBytes.version2(ProxyBytes.addressesV4 + ProxyBytes.ssl(commonName: "CP1"))
        try await RunningListener.run(Self.configuration()) { running in
            let all = header + Array(RawClient.handshake().utf8) + RawClient.text("x")
            for bytewise in [false, true] {
                let client = try await running.client()
                if bytewise {
                    for byte in all { try await client.send(bytes: [byte]) }
                } else {
                    try await client.send(bytes: all)
                }
                #expect(try await client.response().status == 101)
                let session = try await running.admission.sessions.next()
                #expect(session.handshake.peer.description == "192.0.2.7:5123")
                let certificate = version == 1 ? nil : PeerCertificate(commonName: "CP1", isVerified: true)
                #expect(session.handshake.certificate == certificate)
                #expect(try await session.events.next() == .text("x"))
            }
        }
    }

    @Test
    func `What a proxy has verified counts as shown here, what it has not does not`() async throws {
        for (result, certificate) in [(UInt8(0), ClientCertificate(commonName: "CP1")), (18, nil)] {
            let admission = StubAdmission(authenticator: { _ in .accepted(.init()) })
            try await RunningListener.run(Self.configuration(), admission: admission) { running in
                let client = try await running.client()
                let ssl = ProxyBytes.ssl(commonName: "CP1", result: result)
                try await client.send(bytes: ProxyBytes.version2(ProxyBytes.addressesV4 + ssl))
                try await client.send(RawClient.handshake())
                #expect(try await client.response(hasBody: false).status == 101)
                let asked = try await admission.credentials.next()
                #expect(asked.isEncrypted && asked.certificate == certificate)
                #expect(asked.peerHost == "192.0.2.7" && asked.peerPort == 5123)
                let profile = try await admission.sessions.next().handshake.securityProfile
                #expect(profile == (certificate == nil ? .encrypted : .certificate))
            }
        }
    }

    @Test
    func `A refused handshake is told of with the address of the header`() async throws {
        try await RunningListener.run(Self.configuration()) { running in
            let client = try await running.client()
            try await client.send(bytes: Self.version1)
            try await client.send(RawClient.handshake(target: "/other"))
            #expect(try await client.response().status == 404)
            #expect(try await running.admission.refusals.next().peer.description == "192.0.2.7:5123")
        }
    }

    @Test(arguments: [0, 1, 2])
    func `A connection that begins otherwise is closed at once, and told of`(index: Int) async throws {
        let beginnings = [
            RawClient.handshake(), "PROXY TCP4 nonsense\r\n", "\r\n\r\n\0\r\nQUIX\n",
        ]
        try await RunningListener.run(Self.configuration { $0.proxyProtocolTimeout = .hours(1) }) { running in
            let client = try await running.client()
            try await client.send(beginnings[index])
            #expect(try await client.closedByServer())
            let refusal = try await running.admission.refusals.next()
            #expect(refusal.reason.contains("PROXY header") && refusal.status == nil)
            #expect(refusal.peer.description.hasPrefix("127.0.0.1:"))
        }
    }

    @Test(arguments: [0, 5, 20])
    func `A connection whose header does not come in time is closed, and told of`(length: Int) async throws {
        try await RunningListener.run(Self.configuration { $0.proxyProtocolTimeout = .milliseconds(100) }) { running in
            let client = try await running.client()
            // On a slow machine the time may be over already.
            if length > 0 { try? await client.send(bytes: Array(Self.version1.prefix(length))) }
            #expect(try await client.closedByServer())
            #expect(try await running.admission.refusals.next().reason == "no PROXY header within the time-out")
        }
    }

    @Test
    func `The time for the handshake counts from accept, the header's included`() async throws {
        let configuration = Self.configuration {
            $0.handshakeTimeout = .milliseconds(200)
            $0.proxyProtocolTimeout = .hours(1)
        }
        try await RunningListener.run(configuration) { running in
            let silent = try await running.client()
            #expect(try await silent.closedByServer())
            let half = try await running.client()
            // On a slow machine the time may be over already.
            try? await half.send(bytes: Self.version1)
            #expect(try await half.closedByServer())
        }
    }

    @Test
    func `Health checks of the proxy cause no noise and keep its own address`() async throws {
        try await RunningListener.run(Self.configuration()) { running in
            for check in [
                [], Array("PROXY UNKNOWN\r\n".utf8), ProxyBytes.version2([], command: 0x20, family: 0),
                ProxyBytes.version2([], command: 0x20, family: 0) + Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8),
            ] {
                let client = try await running.client()
                if !check.isEmpty { try await client.send(bytes: check) }
                if check.last == 0x0A, check.first == 0x0D { _ = try await client.response() }
                try await client.close()
            }
            // The next is a charge point's, so that all before it has been seen.
            let client = try await running.client()
            try await client.send(bytes: Array("PROXY UNKNOWN\r\n".utf8) + Array(RawClient.handshake().utf8))
            let session = try await running.admission.sessions.next()
            #expect(session.handshake.peer.description.hasPrefix("127.0.0.1:"))
            #expect(running.admission.numberOfRefusals == 0)
        }
    }

    @Test
    func `The access rules are for the charge point's address, not for the proxy's`() async throws {
        let loopback = try #require(AccessRules.Rule("deny 127.0.0.0/8"))
        try await RunningListener.run(Self.configuration { $0.accessRules = AccessRules([loopback]) }) { running in
            let client = try await running.client()
            try await client.send(bytes: Self.version1 + Array(RawClient.handshake().utf8))
            #expect(try await client.response().status == 101)
        }
        let chargePoint = try #require(AccessRules.Rule("deny 192.0.2.0/24"))
        try await RunningListener.run(Self.configuration { $0.accessRules = AccessRules([chargePoint]) }) { running in
            let client = try await running.client()
            try await client.send(bytes: Self.version1 + Array(RawClient.handshake().utf8))
            #expect(try await client.closedByServer())
            let refusal = try await running.admission.refusals.next()
            #expect(refusal.reason == "denied by access_rules" && refusal.peer.description == "192.0.2.7:5123")
        }
    }
}
