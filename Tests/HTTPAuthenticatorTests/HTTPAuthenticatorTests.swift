import Authentication
import BackendHTTPClient
import CredentialChecking
import Testing

@testable import HTTPAuthenticator

@Suite struct HTTPAuthenticatorTests {
    private func authenticator(
        _ server: HTTPServer, path: String = "/auth", _ change: (inout HTTPAuthenticatorSettings) -> Void = { _ in }
    ) throws -> HTTPAuthenticator {
        var settings = HTTPAuthenticatorSettings()
        settings.url = "http://127.0.0.1:\(server.port)\(path)"
        settings.requestTimeout = .seconds(60)
        change(&settings)
        return try HTTPAuthenticator(settings, now: { 1000 })
    }

    private func credentials(
        _ identity: String, user: String? = "user", password: String? = "secret"
    ) -> Credentials {
        Credentials(
            identity: .init(identity), userName: user.map { .init($0) }, password: password.map { Array($0.utf8) },
            peerHost: "203.0.113.7", listener: "ocpp:ws:default", subprotocol: "ocpp1.6")
    }

    private let allow = #"json:{"result":"allow"}"#

    @Test func `The server is asked by POST with JSON and decides`() async throws {
        let server = try HTTPServer()
        let authenticator = try authenticator(server)
        let verdict = try await authenticator.verdict(for: credentials(allow))
        #expect(verdict == .accept(userName: "user", expiry: nil, securityProfile: nil))
        let request = try server.request()
        #expect(request.method == "POST" && request.path == "/auth")
        #expect(request.fields == ["clientid": allow, "username": "user", "password": "secret"])
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.headers["host"] == "127.0.0.1:\(server.port)")
        #expect(
            try await authenticator.verdict(for: credentials("deny:")) == .deny(reason: "the HTTP server said deny"))
        #expect(try await authenticator.verdict(for: credentials("status:404")) == .unknown)
        await authenticator.shutDown()
    }

    @Test func `Without credentials it is asked all the same`() async throws {
        let server = try HTTPServer()
        let authenticator = try authenticator(server)
        let verdict = try await authenticator.verdict(for: credentials(allow, user: nil, password: nil))
        #expect(verdict == .accept(userName: nil, expiry: nil, securityProfile: nil))
        #expect(try server.request().fields["password"] == "")
        await authenticator.shutDown()
    }

    @Test func `GET puts the fields into the query, and what a charge point says adds none`() async throws {
        let server = try HTTPServer()
        let authenticator = try authenticator(server, path: "/a/${username}?fixed=1") { $0.method = .get }
        let verdict = try await authenticator.verdict(
            for: credentials(allow, user: "u&admin=1#/../ü", password: "p&q=\"+ %"))
        #expect(verdict == .accept(userName: "u&admin=1#/../ü", expiry: nil, securityProfile: nil))
        let request = try server.request()
        #expect(request.path == "/a/u%26admin%3D1%23%2F..%2F%C3%BC")
        #expect(
            request.fields == [
                "fixed": "1", "clientid": allow, "username": "u&admin=1#/../ü", "password": "p&q=\"+ %",
            ])
        await authenticator.shutDown()
    }

    @Test func `A form is sent where the header says so`() async throws {
        let server = try HTTPServer()
        let authenticator = try authenticator(server) {
            $0.headers = [("Content-Type", "application/x-www-form-urlencoded"), ("X-Who", "${username}")]
        }
        _ = try await authenticator.verdict(for: credentials(allow, password: "\"}&x=1"))
        let request = try server.request()
        #expect(request.fields == ["clientid": allow, "username": "user", "password": "\"}&x=1"])
        #expect(request.headers["x-who"] == "user")
        await authenticator.shutDown()
    }

    @Test func `Control characters do not get into a header`() async throws {
        let server = try HTTPServer()
        let authenticator = try authenticator(server) { $0.headers = [("X-Who", "${username}")] }
        let verdict = try await authenticator.verdict(for: credentials(allow, user: "a\r\nX-Role: admin"))
        #expect(verdict == .deny(reason: "a value with control characters does not go into a header"))
        await authenticator.shutDown()
    }

    @Test func `No redirect is followed, and no long answer read`() async throws {
        let server = try HTTPServer()
        let authenticator = try authenticator(server)
        await #expect(throws: BackendFailure(.nonsense, reason: "the HTTP server said 302")) {
            try await authenticator.verdict(for: credentials("redirect:"))
        }
        await #expect(throws: BackendFailure(.nonsense, reason: "the HTTP server's answer is longer than 65536 bytes"))
        {
            try await authenticator.verdict(for: credentials("long:70000"))
        }
        await #expect(throws: BackendFailure(.nonsense, reason: "the HTTP server said 503", retryAfter: 7)) {
            try await authenticator.verdict(for: credentials("status:503,7"))
        }
        await authenticator.shutDown()
    }

    @Test(arguments: [
        ("SSH-2.0-x\r\n\r\n", BackendFailure.Kind.nonsense), ("HTTP/9.x 200 OK\r\n\r\n", .nonsense),
        ("HTTP/1.1 204 No Content\r\nbad header\r\n\r\n", .nonsense), ("", .unreachable),
        ("HTTP/1.1 204 No Content\r\nContent-Ty", .unreachable),
    ])
    func `An answer that is no HTTP is nonsense, and one that breaks off is none`(
        answer: String, kind: BackendFailure.Kind
    ) async throws {
        let server = try HTTPServer()
        let authenticator = try authenticator(server)
        let failure = await #expect(throws: BackendFailure.self) {
            try await authenticator.verdict(for: credentials("raw:" + answer))
        }
        #expect(failure?.kind == kind, "\(failure?.reason ?? "")")
        await authenticator.shutDown()
    }

    @Test func `A server that was killed is unreachable, and asked again once it is back`() async throws {
        var server = try HTTPServer()
        let authenticator = try authenticator(server) { $0.connectTimeout = .seconds(600) }
        _ = try await authenticator.verdict(for: credentials(allow))
        let port = server.port
        server.kill()
        let start = ContinuousClock.now
        for _ in 1...20 {
            let failure = await #expect(throws: BackendFailure.self) {
                try await authenticator.verdict(for: credentials(allow))
            }
            #expect(failure?.kind == .unreachable)
        }
        // Each at once, as it was refused: not when the time to connect is over.
        #expect(ContinuousClock.now - start < .seconds(300))
        server = try HTTPServer(port: port)
        #expect(
            try await authenticator.verdict(for: credentials(allow))
                == .accept(userName: "user", expiry: nil, securityProfile: nil))
        await authenticator.shutDown()
    }

    @Test(arguments: [
        ("ftp://a/b", "url"), ("http://", "url"), ("http://${username}.example/", "url"), ("http://a:b@c/", "url"),
        ("http://a:0/", "url"), ("http://a/${nobody}", "url"), ("http://a/#x", "url"),
    ])
    func `A URL that cannot be asked is refused at start`(url: String, key: String) throws {
        var settings = HTTPAuthenticatorSettings()
        settings.url = url
        let problem = #expect(throws: HTTPRequestTemplate.Problem.self) { try HTTPRequestTemplate(settings) }
        #expect(problem?.key == key)
    }

    @Test func `A question that does not say who asks is refused at start`() throws {
        var settings = HTTPAuthenticatorSettings()
        settings.url = "https://[::1]:8443/auth"
        settings.body = [("password", "${password}"), ("from", "${peerhost}")]
        #expect(throws: HTTPRequestTemplate.Problem.self) { try HTTPRequestTemplate(settings) }
        settings.body.append(("subject", "${cert_subject}"))
        let template = try HTTPRequestTemplate(settings)
        #expect(template.server.isEncrypted && template.server.host == "::1" && template.server.port == 8443)
        settings.headers = [("Bad Header", "x")]
        #expect(throws: HTTPRequestTemplate.Problem.self) { try HTTPRequestTemplate(settings) }
    }
}
