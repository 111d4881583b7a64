import Authentication
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
        let basic = try #require(BasicCredentials(authorization: "Basic Q1AxOgD/Kw=="))
        #expect(basic.password == [0x00, 0xFF, 0x2B])
        var credentials = Credentials(
            identity: "CP1", password: basic.password, peerHost: "192.0.2.7", listener: "ocpp:ws:default")
        #expect(credentials.passwordText == "00FF2B")
        credentials.password = Array("secret".utf8)
        #expect(credentials.passwordText == "secret")
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
        let admission = StubAdmission(authenticator: { _ in .accepted(.init(userName: "known as")) })
        try await RunningListener.run(admission: admission) { running in
            let (response, client) = try await running.exchange(Self.request, hasBody: false)
            #expect(response.status == 101)
            let asked = try await admission.credentials.next()
            #expect(asked.userName == "CP1" && asked.password == Array("secret".utf8) && asked.bearerToken == nil)
            #expect(asked.identity == "CP1" && asked.listener == "ocpp:ws:default" && asked.subprotocol == "ocpp1.6")
            #expect(asked.peerHost == "127.0.0.1" && asked.peerPort != nil && !asked.isEncrypted)
            let session = try await admission.sessions.next()
            #expect(session.handshake.userName == "known as")
            try await client.send(bytes: RawClient.text("hello"))
            #expect(try await session.events.next() == .text("hello"))
        }
    }

    @Test
    func `Frames that come before the authenticator has decided are not lost`() async throws {
        let admission = StubAdmission(authenticator: { _ in
            try? await Task.sleep(for: .milliseconds(200))
            return .accepted(.init())
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
                .init(.wrongCredentials, reason: "wrong password"), 401, "www-authenticate", "wrong password",
                "not authorized"
            ),
            (.init(.unknownIdentity, reason: "no such user"), 404, "connection", "no such user", "unknown identity"),
            (
                .init(.unavailable(retryAfter: nil), reason: "no database"), 503, "retry-after", "no database",
                "try again later"
            ),
        ] as [(AuthenticationVerdict.Refusal, Int, String, String, String)])
    func `Each refusal has its status, its headers and its log line`(
        refusal verdict: AuthenticationVerdict.Refusal, status: Int, header: String, reason: String, body: String
    ) async throws {
        let admission = StubAdmission(authenticator: { _ in .refused(verdict) })
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
            $0.password == nil ? .refused(.init(.wrongCredentials, reason: "none")) : .accepted(.init())
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
        let admission = StubAdmission(authenticator: { _ in .accepted(.init()) })
        try await RunningListener.run(admission: admission) { running in
            for headers in [["Authorization: Basic ???"], [Self.header, Self.header]] {
                let (response, _) = try await running.exchange(RawClient.handshake(adding: headers), hasBody: false)
                #expect(response.status == 101)
                #expect(try await admission.credentials.next().password == nil)
            }
        }
    }

    @Test
    func `An authenticator that never answers is ended by the handshake time-out, and holds no place`() async throws {
        let answers = Mutex(false)
        let admission = StubAdmission(authenticator: { _ in
            while !answers.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(20)) }
            return .accepted(.init())
        })
        let configuration = RunningListener.configuration {
            $0.maxConnections = 1
            $0.handshakeTimeout = .seconds(12)
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

    // MARK: What an authenticator knows and says

    @Test(
        arguments: [
            ("Bearer abc.DEF-1_~+/==", "abc.DEF-1_~+/=="), ("bearer   t", "t"), ("Bearer", nil), ("Bearer ", nil),
            ("Bearer a b", nil), ("Bearer a=b", nil), ("Bearer ==", nil), ("Bearer \u{e9}", nil), ("Token abc", nil),
        ] as [(String, String?)])
    func `A bearer token is taken in the form that RFC 6750 gives it, and shown to nobody`(
        header: String, token: String?
    ) {
        let shown = ShownCredentials(["Authorization": header])
        #expect(shown.bearerToken == token.map { Array($0.utf8) })
        #expect(shown.userName == nil && shown.password == nil)
        var dumped = ""
        dump(shown, to: &dumped)
        #expect(!"\(shown) \(String(reflecting: shown)) \(dumped)".contains("abc"))
    }

    @Test
    func `A bearer token reaches the authenticator, and a 401 asks for one where tokens are taken`() async throws {
        let admission = StubAdmission(
            takesTokens: true,
            authenticator: { credentials in
                credentials.bearerToken == Array("good".utf8)
                    ? .accepted(.init(expiry: 4_102_444_800)) : .refused(.init(.wrongCredentials, reason: "no token"))
            })
        try await RunningListener.run(admission: admission) { running in
            let (refused, _) = try await running.exchange(Self.request)
            #expect(refused.status == 401 && refused.body == "not authorized")
            #expect(refused.headers["www-authenticate"] == "Basic realm=\"ocpp\", Bearer")
            let request = RawClient.handshake(adding: ["Authorization: Bearer good"])
            let (accepted, _) = try await running.exchange(request, hasBody: false)
            #expect(accepted.status == 101)
            let handshake = try await admission.sessions.next().handshake
            #expect(handshake.expiry == 4_102_444_800 && handshake.userName == nil)
            #expect(handshake.securityProfile == .unencrypted)
        }
    }

    @Test
    func `Retry-After is what the verdict says`() async throws {
        let admission = StubAdmission(authenticator: { _ in
            .refused(.init(.unavailable(retryAfter: 73), reason: "queue full"))
        })
        try await RunningListener.run(admission: admission) { running in
            let (response, _) = try await running.exchange(Self.request)
            #expect(response.status == 503 && response.headers["retry-after"] == "73")
            #expect(try await admission.refusals.next().decidedIn != nil)
        }
    }

    @Test
    func `A charge point that comes in by less than its security profile gets 401 and a reason in the log`()
        async throws
    {
        let admission = StubAdmission(authenticator: { _ in .accepted(.init(securityProfile: 2)) })
        try await RunningListener.run(admission: admission) { running in
            let (response, _) = try await running.exchange(Self.request)
            #expect(response.status == 401 && response.body == "not authorized")
            #expect(try await admission.refusals.next().reason == "security profile 2 needs TLS (wss)")
            // What the authenticator has let in is not kept.
            #expect(running.listener.connectionCount == 0)
        }
    }

    @Test
    func `A user name that is a secret is not told of`() async throws {
        let refuse: @Sendable (Credentials) async -> AuthenticationVerdict = { _ in
            .refused(.init(.wrongCredentials, reason: "no"))
        }
        for isSecret in [false, true] {
            let admission = StubAdmission(userNameIsSecret: isSecret, authenticator: refuse)
            try await RunningListener.run(admission: admission) { running in
                _ = try await running.exchange(Self.request)
                #expect(try await admission.refusals.next().request?.userName == (isSecret ? nil : "CP1"))
            }
        }
    }

    @Test
    func `The authenticator's task is cancelled when the socket closes, and what it lets in then is let go of`()
        async throws
    {
        let cancelled = EventQueue<Void>()
        let asked = EventQueue<Void>()
        let admission = StubAdmission(authenticator: { _ in
            let (stream, continuation) = AsyncStream<Void>.makeStream()
            asked.add(())
            await withTaskCancellationHandler {
                for await _ in stream {}
            } onCancel: {
                cancelled.add(())
                continuation.finish()
            }
            return .accepted(.init())
        })
        let configuration = RunningListener.configuration { $0.maxConnections = 1 }
        try await RunningListener.run(configuration, admission: admission) { running in
            for _ in 0..<2 {
                let client = try await running.client()
                try await client.send(Self.request)
                _ = try await asked.next()
                try await client.close()
                _ = try await cancelled.next()
                _ = try await admission.dropped.next()
                #expect(try await admission.refusals.next().status == nil)
            }
            #expect(running.listener.connectionCount == 0)
        }
    }
}
