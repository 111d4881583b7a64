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

    @Test func `A good token lets in as a password or by Bearer`() async throws {
        let tokens = try await TokenMaker.make([
            .init(claims: ["sub": "CP-1"]), .init(claims: ["sub": "CP-1", "exp": .time(3600)]),
            .init(claims: ["sub": "CP-1", "exp": .text("\(Int(Date().timeIntervalSince1970) + 3600)")]),
            .init(claims: ["sub": ["CP-0", "CP-1"]]),
        ])
        try await withSite(Self.settings) { site async throws in
            for good in tokens {
                for shown in [ShownCredentials.basic("CP-1", good), .basic("", good), .bearer(good)] {
                    #expect(try await site.status("CP-1", shown) == 101)
                }
            }
        }
    }

    @Test func `No other token lets in and the log says why`() async throws {
        // Lines about one charge point are bounded, so each comes as another one.
        func token(_ sub: String, _ more: [String: TokenMaker.Claim] = [:], _ algorithm: String = "HS256")
            -> TokenMaker.Token
        {
            .init(claims: more.merging(["sub": .text(sub)]) { $1 }, algorithm: algorithm)
        }
        let wanted = [
            (token("CP-1", ["exp": .time(-10)]), "the token has expired"),
            (token("CP-2", ["nbf": .time(3600)]), "the token is not good yet"),
            (token("CP-1"), "the claim sub is another"), (TokenMaker.Token(claims: [:]), "the token has no claim sub"),
            (token("CP-5", [:], "ES256"), "the token's alg does not fit a key"),
            (token("CP-6", [:], "none"), "the token's alg does not fit a key"),
            (token("CP-7", ["security_profile": 2]), "security profile 2 needs TLS (wss)"),
            (token("CP-8"), "the token's signature is wrong"),
        ]
        var tokens = try await TokenMaker.make(wanted.map(\.0))
        tokens[7] = String(tokens[7].dropLast(6)) + "AAAAAA"
        let shown = zip(tokens, wanted.map(\.1)).enumerated().map { ("CP-\($0 + 1)", $1.0, $1.1) }
        try await withSite(Self.settings) { site async throws in
            for (identity, token, reason) in shown {
                for credentials in [ShownCredentials.basic(identity, token), .bearer(token)] {
                    let answer = try await site.answer(identity, credentials)
                    #expect(isUnauthorized(answer), "\(reason): \(answer)")
                }
                let line = try await site.refusal(of: identity, 401)
                #expect(line["reason"] == reason && line["backend"] == "jwt", "\(line)")
            }
            #expect(isUnauthorized(try await site.answer("CP-1", .none)))
            #expect(isUnauthorized(try await site.answer("CP-1", .basic("CP-1", "s3cr3t-password"))))
            #expect(isUnauthorized(try await site.answer("CP-9", .basic("CP-1", shown[2].1))))
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
        let settings = [
            "AUTHENTICATION_DISCONNECT_AFTER_EXPIRE": "\(endsThen)",
            "AUTHENTICATION_VERIFY_CLAIMS": #"{"aud":"charging"}"#,
        ]
        try await withSite(Self.settings.merging(settings) { $1 }) { site async throws in
            var token = ""
            let chargePoint = try await site.openUntilExpiry("CP-1") { seconds in
                token = try await TokenMaker.make([.init(claims: ["aud": "charging", "exp": .time(seconds + 5)])])[0]
                return .bearer(token)
            }
            if endsThen {
                let closing = try await chargePoint.closing(within: .seconds(400))
                #expect(closing == .init(code: 1008, reason: "credentials expired"))
            }
            try await eventually("the end of the token", within: .seconds(400)) {
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
        ].merging(PatientTimes.http) { $1 }
        try await withSite(settings) { site async throws in
            #expect(try await site.answer("CP-1", .bearer(tokens[0])).isUnavailable)
            try await server.server.start()
            #expect(try await site.verdict("CP-1", .bearer(tokens[0])).status == 101)
            for bad in [tokens[1], tokens[2]] { #expect(isUnauthorized(try await site.verdict("CP-1", .bearer(bad)))) }
            // The last good set stays while the endpoint is away.
            await server.server.kill()
            #expect(try await site.status("CP-1", .bearer(tokens[0])) == 101)
        }
    }

    /// Issue: a JWKS server that ends and comes back under 200 handshakes. Without a set all are told to come again; the
    /// set that is there stays good.
    @Test func `An endpoint that ends and comes back under 200 handshakes lets nobody in wrongly`() async throws {
        let server = try await AnsweringServer(isRunning: false)
        // One in two is another's.
        let tokens = try await TokenMaker.make(
            (1...202).map { number in
                .init(claims: ["sub": .text("N-\(number.isMultiple(of: 2) ? number : number + 1)")], algorithm: "ES256")
            }, keySetIn: server.server.folder)
        let keys = server.server.folder.appending(path: "keys.json")
        let set = try Data(contentsOf: keys)
        let settings = [
            "AUTHENTICATION_BACKEND": "jwt", "AUTHENTICATION_ENDPOINT": "http://127.0.0.1:\(server.port)/keys.json",
            "AUTHENTICATION_VERIFY_CLAIMS": #"{"sub":"${clientid}"}"#, "AUTHENTICATION_REFRESH_INTERVAL": "10",
        ].merging(PatientTimes.http) { $1 }
        let shown: Site.Shown = { name, _ in .bearer(tokens[(Int(name.dropFirst(2)) ?? 1) - 1]) }
        try await withSite(settings) { site async throws in
            try await site.knock(1...100, shown) { try await server.server.start() }
            try await site.settle(1...10, shown)
            // A charge point that stays: the others come again and again.
            let (chargePoint, accepted) = try await site.open("N-202", shown("N-202", true))
            #expect(accepted.status == 101)

            try await site.knock(1...100, shown) { await server.server.kill() }
            // It has been asked for again in vain.
            try await site.gateway.log("that the set is an old one", within: 180) {
                $0.message == "key set not fetched" && $0.fields["known_keys"] != "0"
            }
            #expect(isUnauthorized(try await site.answer("N-1", shown("N-1", false))))
            #expect(try await site.status("N-2", shown("N-2", true)) == 101)
            try await site.knock(101...200, shown) { try await server.server.start() }
            try await site.settle(101...110, shown)

            // A key that the endpoint has no more is good no more.
            let other = String(decoding: set, as: UTF8.self).replacing(#""one""#, with: #""two""#)
            try server.put("keys.json", Data(other.utf8))
            try await eventually("the other set", within: .seconds(180)) {
                try await site.status("N-4", shown("N-4", true)) == 401
            }
            #expect(OCPPText(try await chargePoint.call("Heartbeat")).type == 3)
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
