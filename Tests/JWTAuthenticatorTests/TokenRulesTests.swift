import Testing

@testable import JWTAuthenticator

@Suite struct TokenRulesTests {
    private func judge(_ claims: [String: ClaimValue], by rules: TokenRules = TokenRules()) -> TokenRules.Judgement {
        rules.judge(claims, required: [], now: 1000)
    }

    @Test func `An expiry must lie ahead, and ends the session`() {
        #expect(judge(["exp": .number(1000.5)]) == .good(expiry: 1000, securityProfile: nil))
        #expect(judge(["exp": .text("2000")]) == .good(expiry: 2000, securityProfile: nil))
        #expect(judge(["exp": .number(1000)]) == .bad(reason: "the token has expired"))
        for odd in [ClaimValue.text("soon"), .other, .texts(["2000"]), .number(.infinity), .number(1e300)] {
            #expect(judge(["exp": odd]) == .bad(reason: "exp is no time"))
        }
        #expect(
            judge(["exp": .number(2000)], by: TokenRules(disconnectsAfterExpiry: false))
                == .good(expiry: nil, securityProfile: nil))
    }

    @Test func `A token without expiry is good unless one is required`() {
        #expect(judge([:]) == .good(expiry: nil, securityProfile: nil))
        #expect(judge([:], by: TokenRules(requiresExpiry: true)) == .bad(reason: "the token has no exp"))
    }

    @Test func `A token is not good before its time, and iat is not judged`() {
        #expect(judge(["nbf": .number(1000), "iat": .number(9e9)]) == .good(expiry: nil, securityProfile: nil))
        #expect(judge(["nbf": .number(1001)]) == .bad(reason: "the token is not good yet"))
        #expect(judge(["nbf": .other]) == .bad(reason: "nbf is no time"))
    }

    @Test func `Clocks may differ by the leeway`() {
        let rules = TokenRules(leeway: 5)
        #expect(judge(["exp": .number(996)], by: rules) == .good(expiry: 1001, securityProfile: nil))
        #expect(judge(["exp": .number(995)], by: rules) == .bad(reason: "the token has expired"))
        #expect(judge(["nbf": .number(1005)], by: rules) == .good(expiry: nil, securityProfile: nil))
    }

    @Test func `A security profile that is none is the strictest`() {
        #expect(judge(["security_profile": .number(2)]) == .good(expiry: nil, securityProfile: 2))
        #expect(judge(["security_profile": .text("1")]) == .good(expiry: nil, securityProfile: 1))
        #expect(judge(["security_profile": .other]) == .good(expiry: nil, securityProfile: 3))
    }

    /// {"alg":"HS256"}, {"security_profile":null}, no signature.
    @Test func `A security profile of null is none`() throws {
        let token = try JSONWebToken(Array("eyJhbGciOiJIUzI1NiJ9.eyJzZWN1cml0eV9wcm9maWxlIjpudWxsfQ.".utf8))
        #expect(token.claims == ["security_profile": .null])
        #expect(judge(token.claims) == .good(expiry: nil, securityProfile: nil))
    }
}
