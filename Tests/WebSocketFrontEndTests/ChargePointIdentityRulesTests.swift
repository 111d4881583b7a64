import OutsideNames
import Testing

@testable import WebSocketFrontEnd

@Suite("The charge point identity in a request target")
struct ChargePointIdentityRulesTests {
    @Test(
        arguments: [
            ("/ocpp/CP1", "CP1"),
            ("/ocpp/CP1?token=/a#b", "CP1"),
            ("/ocpp/RDAM%7C123", "RDAM|123"),
            ("/ocpp/%e2%82%ac%E2%82%AC", "€€"),
            ("/ocpp/a%20b", "a b"), ("/ocpp/a+b", "a+b"), ("/ocpp/a%2Bb", "a+b"),
            ("/ocpp//CP1", "CP1"), ("/ocpp///CP1/", "CP1"), ("/ocpp/CP1/?x", "CP1"),
            ("/ocpp/%CC%81CP1", "\u{301}CP1"), ("/ocpp/%E2%84%AA", "\u{212A}"),
            ("/ocpp/CP:1@x=2;$*'()!,&~._-", "CP:1@x=2;$*'()!,&~._-"),
            ("/ocpp/%EF%BF%BD", "\u{FFFD}"),
            ("http://host:80/ocpp/CP1", "CP1"),
            ("ws://[::1]:80/ocpp/CP1?x", "CP1"),
            ("/ocpp/" + String(repeating: "x", count: 255), String(repeating: "x", count: 255)),
            ("/ocpp/" + String(repeating: "%78", count: 255), String(repeating: "x", count: 255)),
        ]
    )
    func `Everything behind the prefix up to a query, percent-decoded as UTF-8, is the identity`(
        target: String, identity: String
    ) {
        #expect(
            ChargePointIdentityRules.identity(inTarget: target, path: "/ocpp")
                == .success(ChargePointIdentity(identity)))
    }

    static let otherPaths = [
        "/", "/OCPP/CP1", "/ocppx/CP1", "/%6Fcpp/CP1", "*", "host:80", "", "http://host", "://ocpp/CP1", "?/ocpp/CP1",
        "http://host/other/ocpp/CP1",
    ]

    @Test(arguments: otherPaths)
    func `Other paths are nobody's`(target: String) {
        #expect(Self.problem(target) == .otherPath)
    }

    @Test(
        arguments: ["/ocpp", "/ocpp/", "/ocpp?x", "/ocpp/?CP1", "/ocpp//", "/ocpp///?x"])
    func `An empty identity is refused`(target: String) {
        #expect(Self.problem(target) == .empty)
    }

    @Test
    func `An identity over 255 bytes is refused`() {
        #expect(Self.problem("/ocpp/" + String(repeating: "x", count: 256)) == .tooLong)
        #expect(Self.problem("/ocpp/" + String(repeating: "€", count: 86)) == .tooLong)
        #expect(Self.problem("/ocpp/" + String(repeating: "x", count: 100_000)) == .tooLong)
    }

    @Test(arguments: ["/ocpp/%", "/ocpp/CP%2", "/ocpp/%zz", "/ocpp/%2x"])
    func `A broken escape is refused`(target: String) {
        #expect(Self.problem(target) == .badEscape)
    }

    @Test(
        arguments: ["/ocpp/%FF", "/ocpp/%C3", "/ocpp/%ED%A0%80", "/ocpp/%C0%AF"]
    )
    func `What is not UTF-8 is refused`(target: String) {
        #expect(Self.problem(target) == .notUTF8)
    }

    static let forbiddenTargets: [(target: String, scalar: UInt32)] = [
        ("CP1//", 0x2F), ("a/b", 0x2F), ("%2FCP1", 0x2F), ("a%2Fb", 0x2F), ("a/%CC%81b", 0x2F), ("$SYS", 0x24),
        ("%24%CC%81", 0x24), ("a#b", 0x23),
        ("a%23", 0x23), ("%00", 0), ("a%0Ab", 0x0A), ("%0D%0A", 0x0D), ("%1F", 0x1F), ("%7F", 0x7F), ("%C2%80", 0x80),
        ("%C2%9F", 0x9F), ("%EF%B7%90", 0xFDD0), ("%EF%B7%AF", 0xFDEF), ("%EF%BF%BE", 0xFFFE),
        ("%F0%9F%BF%BF", 0x1FFFF), ("%F4%8F%BF%BE", 0x10FFFE),
    ]

    @Test(arguments: forbiddenTargets)
    func `What a topic level cannot hold is refused`(target: String, scalar: UInt32) throws {
        let scalar = try #require(Unicode.Scalar(scalar))
        #expect(Self.problem("/ocpp/" + target) == .forbiddenCharacter(scalar))
    }

    static func problem(_ target: String) -> ChargePointIdentityRules.Problem? {
        guard case .failure(let problem) = ChargePointIdentityRules.identity(inTarget: target, path: "/ocpp") else {
            return nil
        }
        return problem
    }

    @Test
    func `The configured path may be deeper, the root, or end with a slash`() {
        #expect(ChargePointIdentityRules.identity(inTarget: "/a/b/CP1", path: "/a/b") == .success("CP1"))
        #expect(ChargePointIdentityRules.identity(inTarget: "/ocpp/CP1", path: "/ocpp/") == .success("CP1"))
        #expect(ChargePointIdentityRules.identity(inTarget: "/CP1", path: "/") == .success("CP1"))
        #expect(ChargePointIdentityRules.identity(inTarget: "/", path: "/") == .failure(.empty))
    }

    @Test
    func `A reason never repeats a control character`() {
        #expect(ChargePointIdentityRules.Problem.forbiddenCharacter("\n").reason.hasSuffix("U+A"))
        #expect(ChargePointIdentityRules.Problem.forbiddenCharacter("#").reason.hasSuffix(": #"))
    }
}
