import Foundation
import TestSupport
import Testing

/// authentication.md, "JWT".
@Suite struct TokenTests {
    private static let settings = [
        "AUTHENTICATION_BACKEND": "jwt", "AUTHENTICATION_SECRET": TokenMaker.secret,
        "AUTHENTICATION_VERIFY_CLAIMS": #"{"sub":"${clientid}"}"#,
    ]

    private func isUnauthorized(_ answer: ChargePointClient.Handshake) -> Bool {
        answer.status == 401 && answer.body == "not authorized"
            && answer.header("www-authenticate") == #"Basic realm="ocpp", Bearer"#
    }

    @Test func `A good token lets in as a password or by Bearer and no other does`() async throws {
        let tokens = try await TokenMaker.make([
            .init(claims: ["sub": "CP-1"]), .init(claims: ["sub": "CP-1", "exp": .time(-10)]),
            .init(claims: ["sub": "CP-1", "nbf": .time(3600)]), .init(claims: ["sub": "CP-2"]), .init(claims: [:]),
            .init(claims: ["sub": "CP-1"], algorithm: "ES256"), .init(claims: ["sub": "CP-1"], algorithm: "none"),
            .init(claims: ["sub": "CP-1", "security_profile": 2]), .init(claims: ["sub": "CP-1", "exp": .time(3600)]),
        ])
        try await withSite(Self.settings) { site async throws in
            for good in [tokens[0], tokens[8]] {
                for shown in [ShownCredentials.basic("CP-1", good), .basic("", good), .bearer(good)] {
                    #expect(try await site.status("CP-1", shown) == 101)
                }
            }
            for (token, reason) in [
                (tokens[1], "the token has expired"), (tokens[2], "the token is not good yet"),
                (tokens[3], "the claim sub is another"), (tokens[4], "the token has no claim sub"),
                (tokens[5], "the token's alg does not fit a key"), (tokens[6], "the token's alg does not fit a key"),
                (tokens[7], "security profile 2 needs TLS (wss)"),
                (String(tokens[0].dropLast(6)) + "AAAAAA", "the token's signature is wrong"),
            ] {
                for shown in [ShownCredentials.basic("CP-1", token), .bearer(token)] {
                    let answer = try await site.answer("CP-1", shown)
                    #expect(isUnauthorized(answer), "\(reason): \(answer)")
                }
                try await site.gateway.log(reason) {
                    $0.message == "handshake refused" && $0.fields["reason"] == reason && $0.fields["backend"] == "jwt"
                }
            }
            #expect(isUnauthorized(try await site.answer("CP-1", .none)))
            #expect(isUnauthorized(try await site.answer("CP-1", .basic("CP-1", "s3cr3t-password"))))
            #expect(isUnauthorized(try await site.answer("CP-2", .basic("CP-1", tokens[3]))))
        }
    }

    /// Then it is not the identity, and nobody's name in a log.
    @Test func `The user name may be the token`() async throws {
        let tokens = try await TokenMaker.make([
            .init(claims: ["sub": "CP-1"]), .init(claims: ["sub": "CP-2"]),
        ])
        let settings = Self.settings.merging(["AUTHENTICATION_FROM": "username", "LOG_LEVEL": "trace"]) { $1 }
        try await withSite(settings) { site async throws in
            #expect(try await site.status("CP-1", .basic(tokens[0], "")) == 101)
            #expect(isUnauthorized(try await site.answer("CP-1", .basic(tokens[1], ""))))
            #expect(try await site.refusal(of: "CP-1", 401)["user"] == nil)
            let connected = try await site.gateway.log("who it is") { $0.message == "charge point connected" }
            #expect(connected.fields["user"] == nil, "\(connected)")
        }
    }

    @Test(arguments: [true, false])
    func `A session ends with its token unless that is switched off`(endsThen: Bool) async throws {
        let token = try await TokenMaker.make([.init(claims: ["aud": "charging", "exp": .time(6)])])[0]
        let settings = [
            "AUTHENTICATION_DISCONNECT_AFTER_EXPIRE": "\(endsThen)",
            "AUTHENTICATION_VERIFY_CLAIMS": #"{"aud":"charging"}"#,
        ]
        try await withSite(Self.settings.merging(settings) { $1 }) { site async throws in
            let (chargePoint, answer) = try await site.open("CP-1", .bearer(token))
            #expect(answer.status == 101)
            if endsThen {
                #expect(try await chargePoint.closing() == .init(code: 1008, reason: "credentials expired"))
            }
            try await eventually("the end of the token") {
                try await site.answer("CP-2", .bearer(token)).status == 401
            }
            if !endsThen { #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3) }
        }
    }

    @Test func `Without a key set it is 503 and with the endpoints set its tokens are good`() async throws {
        let server = try await AnsweringServer(isRunning: false)
        let tokens = try await TokenMaker.make(
            [
                .init(claims: ["sub": "CP-1"], algorithm: "ES256"),
                .init(claims: ["sub": "CP-1"], algorithm: "ES256", kid: "two"),
                .init(claims: ["sub": "CP-1"]),
            ],
            keySetIn: server.server.folder)
        let settings = [
            "AUTHENTICATION_BACKEND": "jwt", "AUTHENTICATION_ENDPOINT": "http://127.0.0.1:\(server.port)/keys.json",
            "AUTHENTICATION_VERIFY_CLAIMS": #"{"sub":"${clientid}"}"#,
            "AUTHENTICATION_HEADERS": #"{"authorization":"Bearer s3cr3t-of-the-gateway"}"#,
        ]
        try await withSite(settings) { site async throws in
            #expect(try await site.answer("CP-1", .bearer(tokens[0])).isUnavailable)
            try await server.server.start()
            try await eventually("the key set") { try await site.status("CP-1", .bearer(tokens[0])) == 101 }
            for bad in [tokens[1], tokens[2]] { #expect(isUnauthorized(try await site.answer("CP-1", .bearer(bad)))) }
            // The last good set stays while the endpoint is away.
            await server.server.kill()
            #expect(try await site.status("CP-1", .bearer(tokens[0])) == 101)
        }
    }

    @Test func `Tokens that open any identity are worth a warning`() async throws {
        let tokens = try await TokenMaker.make([.init(claims: ["aud": "charging"])])
        let settings = Self.settings.merging(["AUTHENTICATION_VERIFY_CLAIMS": #"{"aud":"charging"}"#]) { $1 }
        try await withSite(settings) { site async throws in
            try await site.gateway.log("the warning") { $0.mentions("any good token opens any charge point") }
            #expect(try await site.status("CP-7", .bearer(tokens[0])) == 101)
        }
    }
}
