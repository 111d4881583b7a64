import BackendHTTPClient
import Foundation
import Testing

@testable import Gateway

@Suite("Configuration: secrets are shown nowhere")
struct SecretTests {
    static let urls = [
        "mqtt://u:hush@h:0", "mqtt://u:hu@sh@h:x", "mqtt://u:hush", "mqtt://u:ab,hush@h", "u:hush@h", "hush@",
        "mqtt://a,mqtt://u:hush@h/x", "mqtt://u:hush%zz@h", "hush@mqtt://h", "mqtt://u:hush/h", "u:hush",
        "mqtt://u:hush@h,mqtt://u:other@h",
    ]

    @Test(arguments: urls)
    func `A broker URL with a password that cannot be used is a problem without the password`(_ url: String) throws {
        let problem = try #require(problems(["BROKER_URL": url]).first)
        #expect(!problem.contains("hush") && !problem.contains("sh@"), "\(problem)")
    }

    @Test
    func `Passwords are in no problem, warning, printed or described configuration`() throws {
        let environment = [
            "BROKER_URL": "mqtt://gw:hush@h", "BROKER_TLS_KEY_PASSWORD": "hush", "MANAGEMENT_API_SECRET": "hush",
            "MANAGEMENT_API_KEY": "ops",
        ]
        let loaded = try load(environment)
        #expect(loaded.configuration.broker.password == "hush")
        var dumped = ""
        dump(loaded, to: &dumped)
        for text in [loaded.effectiveText, "\(loaded)", "\(loaded.configuration)", "\(loaded.warnings)", dumped] {
            #expect(!text.contains("hush"), "\(text)")
        }
        #expect(loaded.effectiveText.contains("# broker.tls.key_password: ******  # environment"))
        #expect(loaded.effectiveText.contains(#"broker.url: "mqtt://gw@h:1883"  # environment, password ******"#))

        var bad = environment
        bad["BROKER_PASSWORD"] = "hush2"
        #expect(
            problems(bad) == [
                "BROKER_PASSWORD (broker.password) is ****** (environment): "
                    + "expected no password here, because broker.url has one"
            ])
    }

    @Test(arguments: [
        ("http://h/x?key=hush&cid=${clientid}&a&b=", "http://h/x?key=******&cid=${clientid}&******&b="),
        ("https://u:hush@h/", "https://******@h/"), ("https://u:hu/sh@h/?x=hush@y", "https://******@h/?x=******"),
        ("hush@h", "******@h"), ("http://h/#hush", "http://h/#******"), ("http://h/?${nobody}", "http://h/?******"),
        ("http://h/${clientid}", "http://h/${clientid}"), ("http://h/?a=${clientid}hush", "http://h/?a=******"),
        ("http://h?hush", "http://h?******"), ("http://h/?a=1?hush", "http://h/?a=******"),
    ])
    func `A URL of the authentication is shown without what opens a door`(url: String, shown: String) {
        #expect(BackendURL.shown(url) == shown)
        #expect(BackendURL.shown(shown) == shown)
        let found = problems(["AUTHENTICATION_BACKEND": "http", "AUTHENTICATION_URL": url])
        #expect(!found.contains { $0.contains("hush") }, "\(found)")
    }

    @Test
    func `A file that is not YAML is a problem that quotes nothing of it`() throws {
        let problem = try #require(problems(yaml: "broker:\n  password: \"hush\n").first)
        #expect(problem.contains("expected YAML: it is not at line") && !problem.contains("hush"), "\(problem)")
    }
}
