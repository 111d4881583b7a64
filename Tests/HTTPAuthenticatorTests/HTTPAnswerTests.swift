import Authentication
import CredentialChecking
import Testing

@testable import HTTPAuthenticator

@Suite struct HTTPAnswerTests {
    private func meaning(
        status: Int = 200, type: String? = "application/json", retryAfter: String? = nil, _ body: String
    ) throws(BackendFailure) -> HTTPAnswer.Meaning {
        try HTTPAnswer(status: status, contentType: type, retryAfter: retryAfter, body: Array(body.utf8))
            .meaning(now: 1000)
    }

    @Test func `The result decides, and a missing one is ignore`() throws {
        #expect(try meaning(#"{"result":"allow"}"#) == .allow(expiry: nil, securityProfile: nil))
        #expect(try meaning(#"{"result":"deny"}"#) == .deny(reason: "the HTTP server said deny"))
        #expect(try meaning(#"{"result":"ignore"}"#) == .unknown)
        #expect(try meaning("{}") == .unknown)
        #expect(
            try meaning(type: "application/x-www-form-urlencoded", "a=1&result=allow")
                == .allow(expiry: nil, securityProfile: nil))
        #expect(
            try meaning(
                type: "Application/JSON ; charset=utf-8",
                #"{"result":"allow","acl":[{"permission":"allow"}],"client_attrs":{"a":"b"},"is_superuser":true}"#)
                == .allow(expiry: nil, securityProfile: nil))
    }

    @Test func `The status decides without a body`() throws {
        #expect(try meaning(status: 204, type: nil, "") == .allow(expiry: nil, securityProfile: nil))
        #expect(try meaning(status: 401, type: nil, "") == .deny(reason: "the HTTP server said 401"))
        #expect(try meaning(status: 403, type: nil, "") == .deny(reason: "the HTTP server said 403"))
        #expect(try meaning(status: 404, type: nil, "") == .unknown)
    }

    @Test(arguments: [
        ("7", 7), ("0", 0), (" 30 ", 30), ("-1", nil), ("soon", nil), ("", nil), ("86401", 86_400),
        ("99999999999999999999", 86_400), ("Thu, 01 Jan 1970 00:17:40 GMT", 60),
        ("Thursday, 01-Jan-70 00:17:40 GMT", 60), ("Thu Jan  1 00:17:40 1970", 60),
        ("Thu, 01 Jan 1970 00:16:40 GMT", 1), ("Sat, 01 Jan 0000 00:00:00 GMT", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400), ("Thu, 01 Jan 1970 00:17:40 CET", nil),
    ])
    func `A busy server's own Retry-After is handed on`(text: String, seconds: Int?) throws {
        for status in [429, 503] {
            let failure = #expect(throws: BackendFailure.self) { try meaning(status: status, retryAfter: text, "") }
            #expect(failure?.retryAfter == seconds)
        }
    }

    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
        ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400), ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ("Sat, 01 Jan 0000 00:00:00 GMT", -62_167_219_200), ("Sun, 06 Nov 1994 24:00:00 GMT", nil),
        ("Sun, 32 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 nov 1994 08:49:37 GMT", nil),
        ("Sun, 06 Nov 994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 8:49:37 GMT", nil),
        ("Sun, +6 Nov 1994 08:49:37 GMT", nil), ("06 Nov 1994 08:49:37 GMT", nil), ("-----", nil),
        (String(repeating: "1 ", count: 1 << 20), nil),
    ])
    func `A date is read in each of the forms of HTTP`(text: String, seconds: Int64?) {
        #expect(HTTPDate(text)?.seconds == seconds)
    }

    @Test(arguments: [
        (200, "application/json", "allow"), (200, "application/json", #"["allow"]"#),
        (200, "application/json", #"{"result":"ALLOW"}"#), (200, "application/json", #"{"result":true}"#),
        (200, "application/json", #"{"result":null}"#),
        (200, "text/plain", #"{"result":"allow"}"#), (200, "", #"{"result":"allow"}"#),
        (200, "application/x-www-form-urlencoded", "result=yes"),
        (200, "application/json", #"{"result":"allow","expire_at":1700000000.5}"#),
        (200, "application/json", #"{"result":"allow","expire_at":1700000000000}"#),
        (200, "application/json", #"{"result":"allow","expire_at":"tomorrow"}"#),
        (200, "application/json", #"{"result":"allow","expire_at":[]}"#),
        (200, "application/json", #"{"result":"allow""#), (302, "", ""), (500, "", ""), (201, "application/json", "{}"),
    ])
    func `Nonsense lets nobody in and turns nobody away for good`(status: Int, type: String, body: String) throws {
        let failure = #expect(throws: BackendFailure.self) { try meaning(status: status, type: type, body) }
        #expect(failure?.kind == .nonsense)
    }

    @Test func `An expiry that has passed is a refusal, one ahead ends the session then`() throws {
        #expect(try meaning(#"{"result":"allow","expire_at":1001}"#) == .allow(expiry: 1001, securityProfile: nil))
        #expect(try meaning(#"{"result":"allow","expire_at":null}"#) == .allow(expiry: nil, securityProfile: nil))
        #expect(try meaning(#"{"result":"allow","expire_at":1000}"#) == .deny(reason: "expire_at has passed"))
        #expect(
            try meaning(type: "application/x-www-form-urlencoded", "result=allow&expire_at=2000")
                == .allow(expiry: 2000, securityProfile: nil))
    }

    @Test func `A security profile that is none is the strictest`() throws {
        #expect(try meaning(#"{"result":"allow","security_profile":2}"#) == .allow(expiry: nil, securityProfile: 2))
        #expect(try meaning(#"{"result":"allow","security_profile":"1"}"#) == .allow(expiry: nil, securityProfile: 1))
        for odd in ["0", "4", "\"two\"", "[]", "true"] {
            #expect(
                try meaning(#"{"result":"allow","security_profile":"# + odd + "}")
                    == .allow(expiry: nil, securityProfile: 3))
        }
    }
}
