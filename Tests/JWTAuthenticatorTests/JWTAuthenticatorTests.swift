import Authentication
import CredentialChecking
import Foundation
import Logging
import Testing

@testable import JWTAuthenticator

@Suite struct JWTAuthenticatorTests {
    private let tokens: TestTokens
    private static let asymmetric = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ]

    init() throws {
        tokens = try TestTokens.made.get()
    }

    private func authenticator(
        _ keys: JWTAuthenticatorSettings.Keys, now: Double = 1000,
        claims: [(String, String)] = [("sub", "${clientid}")],
        _ change: (inout JWTAuthenticatorSettings) -> Void = { _ in }
    ) async throws -> JWTAuthenticator {
        var settings = JWTAuthenticatorSettings(keys: keys)
        settings.verifyClaims = claims.map { (name: $0.0, value: $0.1) }
        change(&settings)
        return try await JWTAuthenticator(settings, now: { now }, logger: Logger(label: "test"))
    }

    private func credentials(_ token: String?, bearer: String? = nil) -> Credentials {
        Credentials(
            identity: "CP1", userName: "CP1", password: token.map { Array($0.utf8) },
            bearerToken: bearer.map { Array($0.utf8) }, peerHost: "::1", listener: "ocpp:ws:default")
    }

    private let good = BackendVerdict.accept(userName: "CP1", expiry: 2000, securityProfile: nil)

    @Test(arguments: asymmetric)
    func `A public key lets in its tokens and no others`(algorithm: String) async throws {
        let entry = try #require(tokens[algorithm])
        let authenticator = try await authenticator(.publicKey(pem: entry.pem))
        #expect(try await authenticator.verdict(for: credentials(entry.token)) == good)
        #expect(try await authenticator.verdict(for: credentials(nil, bearer: entry.token)) == good)
        // Its `kid` says nothing where there is one key.
        #expect(try await authenticator.verdict(for: credentials(entry.tokenWithID)) == good)
        for other in Self.asymmetric + ["HS256"]
        where other.prefix(2) != algorithm.prefix(2) || other.hasPrefix("ES") && other != algorithm {
            // One RSA key has signed them all.
            if algorithm.dropFirst(1).hasPrefix("S"), other.dropFirst(1).hasPrefix("S"), !algorithm.hasPrefix("E"),
                !other.hasPrefix("E"), !other.hasPrefix("H")
            {
                continue
            }
            let token = try #require(tokens[other]).token
            guard case .deny = try await authenticator.verdict(for: credentials(token)) else {
                Issue.record("\(other) was let in by \(algorithm)")
                continue
            }
        }
    }

    @Test(arguments: ["HS256", "HS384", "HS512"])
    func `A secret lets in its tokens`(algorithm: String) async throws {
        let entry = try #require(tokens[algorithm])
        let authenticator = try await authenticator(.secret(Array(entry.pem.utf8)))
        #expect(try await authenticator.verdict(for: credentials(entry.token)) == good)
        #expect(
            try await authenticator.verdict(for: credentials(entry.tokenWithID))
                == .deny(reason: "the token's signature is wrong"))
        let short = try await self.authenticator(.secret(Array("emqxsecret".utf8)))
        #expect(
            try await short.verdict(for: credentials(entry.token)) == .deny(reason: "the token's signature is wrong"))
    }

    @Test func `A public key taken for a secret opens nothing, nor does none`() async throws {
        let entry = try #require(tokens["RS256"])
        let authenticator = try await authenticator(.publicKey(pem: entry.pem))
        let payload = entry.token.split(separator: ".")[1]
        for header in [#"{"alg":"none"}"#, #"{"alg":"None"}"#, #"{"alg":""}"#, #"{"alg":"HS256"}"#] {
            let encoded = Data(header.utf8).base64EncodedString().replacing("=", with: "")
            #expect(
                try await authenticator.verdict(for: credentials("\(encoded).\(payload)."))
                    == .deny(reason: "the token's alg does not fit a key"))
        }
    }

    @Test(arguments: [
        "", ".", "..", "...", "a.b.c", "e30.e30.e30", "eyJhbGciOiJIUzI1NiJ9.W10.AAAA", "eyJhbGciOiJIUzI1NiJ9.e30=.AAAA",
        "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsiYiJdfQ.e30.AAAA", String(repeating: "a", count: 70_000),
    ])
    func `What is no token is refused`(text: String) async throws {
        let authenticator = try await authenticator(.secret(Array("secret".utf8)))
        guard case .deny = try await authenticator.verdict(for: credentials(text)) else {
            Issue.record("let in")
            return
        }
    }

    @Test func `From the user name a token is nobody's name`() async throws {
        let entry = try #require(tokens["ES256"])
        let authenticator = try await authenticator(.publicKey(pem: entry.pem)) { $0.from = .username }
        var credentials = credentials("x")
        credentials.userName = .init(entry.token)
        #expect(
            try await authenticator.verdict(for: credentials)
                == .accept(userName: nil, expiry: 2000, securityProfile: nil))
    }

    @Test func `A claim must be the rendered text, or a list that holds it`() async throws {
        let entry = try #require(tokens["ES256"])
        for (name, value, isGood) in [
            ("sub", "${clientid}", true), ("sub", "${username}", true), ("aud", "charging", true),
            ("aud", "charg", false), ("sub", "${clientid}x", false), ("iss", "x", false), ("exp", "2000", false),
        ] {
            let authenticator = try await authenticator(.publicKey(pem: entry.pem), claims: [(name, value)])
            let verdict = try await authenticator.verdict(for: credentials(entry.token))
            #expect((verdict == good) == isGood, "\(name) \(value): \(verdict)")
        }
    }

    @Test func `Keys of a set are found by kid and alg, odd ones are left out one by one`() async throws {
        var keys = try JSONDecoder().decode(
            [String: [[String: String]]].self,
            from: Data(
                tokens.keySet(Self.asymmetric) { algorithm, key in
                    key["kid"] = "id-" + algorithm
                    key["alg"] = algorithm
                }))
        keys["keys"]?.insert(["kty": "oct", "k": "c2VjcmV0"], at: 0)
        keys["keys"]?.insert(["kty": "new"], at: 1)
        keys["keys"]?.append(["kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "small"])
        let set = try await KeySet.read(Array(JSONEncoder().encode(keys)))
        for algorithm in Self.asymmetric {
            let entry = try #require(tokens[algorithm])
            let token = try JSONWebToken(Array(entry.tokenWithID.utf8))
            guard case .keys(let found) = set.candidates(id: token.keyID, algorithm: token.algorithm) else {
                Issue.record("no key for \(algorithm)")
                continue
            }
            #expect(found.count == 1 && found[0].verifies(signature: token.signature, of: token.signed))
            guard case .unknownAlgorithm = set.candidates(id: token.keyID, algorithm: "HS256") else {
                Issue.record("HS256 for \(algorithm)")
                continue
            }
        }
        guard case .unknownID = set.candidates(id: "other", algorithm: "RS256") else {
            Issue.record("an unknown kid was known")
            return
        }
    }

    @Test func `A key without kid and alg is tried for each algorithm that fits, whatever came first`() async throws {
        let set = try await KeySet.read(
            tokens.keySet(["RS256", "ES256"]) { _, key in
                key["kid"] = nil
                key["alg"] = nil
            })
        // A forged header first: it must not decide what the key is for.
        for algorithm in ["PS512", "RS256", "RS512", "ES256"] {
            let token = try JSONWebToken(Array(#require(tokens[algorithm]).tokenWithID.utf8))
            guard case .keys(let found) = set.candidates(id: token.keyID, algorithm: token.algorithm) else {
                Issue.record("no key for \(algorithm)")
                continue
            }
            #expect(found.contains { $0.verifies(signature: token.signature, of: token.signed) })
        }
        await #expect(throws: BackendFailure.self) { try await KeySet.read(Array(#"{"keys":[{"kty":"x"}]}"#.utf8)) }
        await #expect(throws: BackendFailure.self) { try await KeySet.read(Array("[]".utf8)) }
    }

    @Test(arguments: ["", "no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
    func `A public key that is none is refused at start`(pem: String) async throws {
        await #expect(throws: JWTAuthenticator.Problem.self) { try await authenticator(.publicKey(pem: pem)) }
    }
}
