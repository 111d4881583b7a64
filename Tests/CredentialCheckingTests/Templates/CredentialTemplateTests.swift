import Authentication
import OutsideNames
import Testing

@testable import CredentialChecking

/// authentication.md, "Fields and placeholders".
struct CredentialTemplateTests {
    private static let credentials = Credentials(
        identity: "CP 1", userName: "us'er", password: Array("pä:ss".utf8), peerHost: "2001:db8::1",
        listener: "ocpp:wss:default", subprotocol: "ocpp2.0.1", isEncrypted: true,
        certificate: ClientCertificate(commonName: "cn", subject: "CN=cn,O=o", der: [0xFB, 0xEF, 0xFF]))

    private func text(_ template: String, _ credentials: Credentials = credentials) throws -> String {
        try CredentialTemplate(template).text(for: credentials)
    }

    @Test(arguments: [
        ("${clientid}", "CP 1"), ("${cid}", "CP 1"), ("${username}", "us'er"), ("${password}", "pä:ss"),
        ("${password_hex}", "70C3A43A7373"), ("${peerhost}", "2001:db8::1"), ("${cert_common_name}", "cn"),
        ("${cert_subject}", "CN=cn,O=o"), ("${cert_pem}", "++//"), ("${listener}", "ocpp:wss:default"),
        ("${version}", "2.0.1"), ("${zone}", "default"), ("${$}", "$"), ("a$b{c}$", "a$b{c}$"),
        ("${$}{clientid}", "${clientid}"), ("x:${cid}${zone}:y", "x:CP 1default:y"), ("", ""),
    ])
    func `Each placeholder of the page has its value`(template: String, expected: String) throws {
        #expect(try text(template) == expected)
    }

    @Test func `What the charge point has not shown is empty`() throws {
        let bare = Credentials(identity: "CP1", peerHost: "192.0.2.7", listener: "ocpp:ws:default")
        #expect(
            try text(
                "[${username}${password}${password_hex}${cert_common_name}${cert_subject}${cert_pem}${version}]", bare)
                == "[]")
    }

    @Test(arguments: [
        ([0x61, 0x62], "ab"), ([], ""), ([0xFF, 0x61], "FF61"), ([0x61, 0x00], "6100"), ([0x61, 0x0A], "610A"),
        ([0x7F], "7F"), ([0xC2, 0x85], "C285"), ([0xC3, 0xA4], "ä"),
    ])
    func `A password that is no text, or holds control characters, is hexadecimal in capitals`(
        bytes: [UInt8], expected: String
    ) throws {
        var credentials = Self.credentials
        credentials.password = bytes
        #expect(try text("${password}", credentials) == expected)
        #expect(try text("${password_hex}", credentials) == Hexadecimal.capitals(bytes))
    }

    @Test(arguments: ["${user}", "${}", "${CLIENTID}", "${clientid }", "x${peername}y", "${cl\u{69}\u{301}entid}"])
    func `A placeholder that is none of the page's is an error`(template: String) {
        #expect(throws: CredentialTemplateError.self) { try CredentialTemplate(template) }
    }

    @Test func `A placeholder without its end is an error`() {
        #expect(throws: CredentialTemplateError.unclosedPlaceholder) { try CredentialTemplate("a${clientid") }
    }

    @Test func `What is put in is not read for placeholders`() throws {
        var credentials = Self.credentials
        credentials.userName = "${password}"
        #expect(try text("${username}", credentials) == "${password}")
    }

    @Test func `In a URL all but the unreserved characters is percent-encoded`() throws {
        var credentials = Self.credentials
        credentials.userName = "a/b?c=d&e#f%+ä-._~\r\n"
        let url = try CredentialTemplate("http://h/${username}/x y").percentEncoded(for: credentials)
        #expect(url == "http://h/a%2Fb%3Fc%3Dd%26e%23f%25%2B%C3%A4-._~%0D%0A/x y")
    }

    @Test func `A value with control characters never enters a header`() throws {
        let template = try CredentialTemplate("user ${username}")
        var credentials = Self.credentials
        #expect(template.headerValue(for: credentials) == "user us'er")
        for name in ["a\r\nX-Admin: 1", "a\0b", "a\u{7F}", "a\u{85}b"] {
            credentials.userName = UserName(name)
            #expect(template.headerValue(for: credentials) == nil)
        }
        credentials.password = Array("a\r\nX: 1".utf8)
        #expect(try CredentialTemplate("${password}").headerValue(for: credentials) == "610D0A583A2031")
    }

    @Test func `It knows whether it tells charge points apart`() throws {
        for name in ["clientid", "cid", "username", "cert_common_name", "cert_subject", "cert_pem"] {
            #expect(try CredentialTemplate("a${\(name)}").namesIdentity)
        }
        for text in ["", "x", "${peerhost}", "${password}${password_hex}", "${listener}${version}${zone}${$}"] {
            #expect(try !CredentialTemplate(text).namesIdentity)
        }
    }

    @Test func `It knows whether a charge point without a user name can be found`() throws {
        #expect(try CredentialTemplate("${username}${peerhost}").fields.needUserName)
        for text in ["", "${clientid}", "${username}${clientid}", "${username}${cert_subject}"] {
            #expect(try !CredentialTemplate(text).fields.needUserName)
        }
    }
}
