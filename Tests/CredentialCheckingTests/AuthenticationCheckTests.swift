import Authentication
import OutsideNames
import Testing

@testable import CredentialChecking

/// authentication.md, "Failures and logs": `check-authentication` asks once and explains the verdict.
struct AuthenticationCheckTests {
    private struct Fixed: Authenticator {
        let backendName = "fixed"
        let verdict: AuthenticationVerdict
        func authenticate(_ credentials: Credentials) async -> AuthenticationVerdict { verdict }
    }

    private static let bare = Credentials(identity: "CP1", peerHost: "127.0.0.1", listener: "ocpp:ws:default")

    private func check(_ input: [UInt8], isHexadecimal: Bool = false) throws -> AuthenticationCheck {
        try AuthenticationCheck(Self.bare, input: input, isHexadecimal: isHexadecimal)
    }

    @Test func `User name and password are lines of the input`() throws {
        for ending in ["\n", "\r\n", ""] {
            let credentials = try check(Array("CP1\nse cret\(ending)".utf8)).credentials
            #expect(credentials.userName == "CP1")
            #expect(credentials.password == Array("se cret".utf8))
        }
        #expect(try check([]).credentials.password == nil)
        #expect(try check(Array("CP1\n00ff\n".utf8), isHexadecimal: true).credentials.password == [0, 0xFF])
        #expect(try check(Array("CP1\n\n".utf8)).credentials.password == [])
    }

    @Test(arguments: ["CP1", "CP1\n", "C\u{1}P\nsecret\n"])
    func `Input that is none is an error`(input: String) {
        #expect(throws: AuthenticationCheck.InputError.self) { try check(Array(input.utf8)) }
    }

    @Test func `Bytes that are no hexadecimal are an error without them`() {
        #expect {
            try check(Array("CP1\nsecret\n".utf8), isHexadecimal: true)
        } throws: { !"\($0)".contains("secret") }
    }

    @Test func `Each verdict is explained, and has its exit code`() async throws {
        let check = try check(Array("CP1\nsecret-0123456789\n".utf8))
        let cases: [(AuthenticationVerdict, Int32, String)] = [
            (.accepted(.init(userName: "CP1", securityProfile: 1)), 0, "101 in 0 ms: let in\nuser name: CP1\n"),
            (.accepted(.init(securityProfile: 2)), 77, "401 in 0 ms: security profile 2 needs TLS (wss)\n"),
            (.refused(.init(.wrongCredentials, reason: "wrong password")), 77, "401 in 0 ms: wrong password"),
            (.refused(.init(.unknownIdentity, reason: "unknown identity")), 77, "404 in 0 ms: unknown identity"),
            (.refused(.init(.unavailable(retryAfter: 1), reason: "no route")), 75, "503 in 0 ms: no route"),
        ]
        for (verdict, code, words) in cases {
            let (outcome, text) = await check.run(Fixed(verdict: verdict), forms: .ocpp)
            #expect(outcome.exitCode == code)
            #expect(text.replacing(/in \d+ ms/, with: "in 0 ms").contains(words))
            #expect(!text.contains("secret-0123456789"))
        }
    }

    @Test func `A name cannot write on the screen`() {
        #expect(TerminalText("a\u{1B}[2J\n\\ä").description == "a\\u{1b}[2J\\u{a}\\u{5c}ä")
    }
}
