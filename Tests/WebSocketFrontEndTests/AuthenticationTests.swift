import NIOCore
import OutsideNames
import Synchronization
import Testing

@testable import WebSocketFrontEnd

@Suite("Credentials in the handshake", .timeLimit(.minutes(2)))
struct AuthenticationTests {
    // MARK: behaviour.md, "Passwords"

    @Test(
        arguments: [
            ("Basic Q1AxOnNlY3JldA==", "CP1", "secret"),
            ("basic   Q1AxOnNlY3JldA==", "CP1", "secret"),
            ("Basic Q1AxOmE6Yg==", "CP1", "a:b"),
            ("Basic Q1AxOg==", "CP1", ""),
            ("Basic OnNlY3JldA", "", "secret"),
            ("Basic Q1AxOsO8", "CP1", "ü"),
            // The raw bytes of an AuthorizationKey.
        ])
    func `User name and password are what is before and behind the first colon`(
        header: String, username: String, password: String
    ) {
        let credentials = BasicCredentials(authorization: header)
        #expect(credentials == BasicCredentials(username: UserName(username), password: Array(password.utf8)))
    }

    @Test(
        arguments: [
            "", "Basic", "Basic ", "Bearer Q1AxOnNlY3JldA==", "Basic Q1Ax", "Basic Q1AxOnNlY3JldA=", "Basic %%%%",
            "Basic /zpzZWNyZXQ=", "Basic Q1AxOnNlY3JldA===", "Basic A", "Basic =", "Basic CjphYQ==",
        ])
    func `What is no Basic header gives no credentials`(header: String) {
        #expect(BasicCredentials(authorization: header) == nil)
    }

    @Test
    func `A password stays the bytes that were sent; where a text is wanted, raw ones are hexadecimal`() throws {
        let credentials = try #require(BasicCredentials(authorization: "Basic Q1AxOgD/Kw=="))
        #expect(credentials.password == [0x00, 0xFF, 0x2B])
        #expect(credentials.passwordText == "00FF2B")
    }

    @Test
    func `A password is in no description of the credentials`() {
        let credentials = BasicCredentials(username: "CP1", password: Array("secret".utf8))
        var dumped = ""
        dump(credentials, to: &dumped)
        #expect(!"\(credentials) \(String(reflecting: credentials)) \(dumped)".contains("secret"))
    }

    // MARK: What becomes of a handshake

    private static let header = "Authorization: Basic Q1AxOnNlY3JldA=="
    private static let request = RawClient.handshake(adding: ["Sec-WebSocket-Protocol: ocpp1.6", header])

    @Test
    func `Accepted credentials open a session under the name that the authenticator says`() async throws {
        let admission = StubAdmission(authenticator: { _ in .accepted(username: "known as") })
        try await RunningListener.run(admission: admission) { running in
            let (response, client) = try await running.exchange(Self.request, hasBody: false)
            #expect(response.status == 101)
            let asked = try await admission.credentials.next()
            #expect(asked.basic == BasicCredentials(username: "CP1", password: Array("secret".utf8)))
            #expect(asked.identity == "CP1" && asked.listener == "default")
            #expect(asked.remoteAddress.hasPrefix("127.0.0.1:"))
            let session = try await admission.sessions.next()
            #expect(session.handshake.username == "known as")
            try await client.send(bytes: RawClient.text("hello"))
            #expect(try await session.events.next() == .text("hello"))
        }
    }

    @Test
    func `Frames that come before the authenticator has decided are not lost`() async throws {
        let admission = StubAdmission(authenticator: { _ in
            try? await Task.sleep(for: .milliseconds(200))
            return .accepted(username: nil)
        })
        try await RunningListener.run(admission: admission) { running in
            let client = try await running.client()
            try await client.send(bytes: Array(Self.request.utf8) + RawClient.text("one"))
            try await client.send(bytes: RawClient.text("two"))
            let session = try await admission.sessions.next()
            #expect(try await session.events.next() == .text("one"))
            #expect(try await session.events.next() == .text("two"))
        }
    }

    @Test(
        arguments: [
            (
                HandshakeVerdict.wrongCredentials(reason: "wrong password"), 401, "www-authenticate", "wrong password",
                "not authorized"
            ),
            (.unknownIdentity, 404, "connection", "unknown identity", "unknown identity"),
            (.unavailable(reason: "no database"), 503, "retry-after", "no database", "try again later"),
        ])
    func `Each refusal has its status, its headers and its log line`(
        verdict: HandshakeVerdict, status: Int, header: String, reason: String, body: String
    ) async throws {
        let admission = StubAdmission(authenticator: { _ in verdict })
        let configuration = RunningListener.configuration { $0.maxConnections = 1 }
        try await RunningListener.run(configuration, admission: admission) { running in
            // A refused handshake takes no place, so the second is not refused for another reason.
            for _ in 0..<2 {
                let (response, _) = try await running.exchange(Self.request)
                #expect(response.status == status)
                #expect(response.headers[header] != nil)
                if status == 401 { #expect(response.headers[header] == "Basic realm=\"ocpp\"") }
                #expect(response.body == body)
                let refusal = try await admission.refusals.next()
                #expect(refusal.status == status && refusal.reason == reason && refusal.identity == "CP1")
            }
        }
    }

    @Test
    func `Authentication comes before the subprotocol, and after the form of the request`() async throws {
        let admission = StubAdmission(authenticator: {
            $0.basic == nil ? .wrongCredentials(reason: "none") : .accepted(username: nil)
        })
        let configuration = RunningListener.configuration { $0.failIfNoSubprotocol = true }
        try await RunningListener.run(configuration, admission: admission) { running in
            for (request, status) in [
                (RawClient.handshake(adding: []), 401), (RawClient.handshake(adding: [Self.header]), 400),
                (RawClient.handshake(without: ["Upgrade"], adding: []), 426),
            ] {
                let (response, _) = try await running.exchange(request)
                #expect(response.status == status)
            }
        }
    }

    @Test
    func `A malformed or doubled header is no credentials`() async throws {
        let admission = StubAdmission(authenticator: { _ in .accepted(username: nil) })
        try await RunningListener.run(admission: admission) { running in
            for headers in [["Authorization: Basic ???"], [Self.header, Self.header]] {
                let (response, _) = try await running.exchange(RawClient.handshake(adding: headers), hasBody: false)
                #expect(response.status == 101)
                #expect(try await admission.credentials.next().basic == nil)
            }
        }
    }

    @Test
    func `An authenticator that never answers is ended by the handshake time-out, and holds no place`() async throws {
        let answers = Mutex(false)
        let admission = StubAdmission(authenticator: { _ in
            while !answers.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(20)) }
            return .accepted(username: nil)
        })
        let configuration = RunningListener.configuration {
            $0.maxConnections = 1
            $0.handshakeTimeout = .seconds(4)
        }
        try await RunningListener.run(configuration, admission: admission) { running in
            let client = try await running.client()
            try await client.send(Self.request)
            #expect(try await client.closedByServer())
            #expect(try await admission.refusals.next().reason == "handshake time-out")
            answers.withLock { $0 = true }
            _ = try await running.connected()
        }
    }
}
